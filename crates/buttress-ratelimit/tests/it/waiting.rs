//! Over a store that has to be waited for, everything is as over one that answers at once.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use buttress_core::clock::ManualClock;
use buttress_core::engine::Step;
use buttress_core::metrics::Metrics;
use buttress_core::stage::{Decision, Stage};
use buttress_ratelimit::store::{LimitStore, Memory};
use buttress_ratelimit::throttle::ThrottleBuilder;
use buttress_ratelimit::{
    Bill, Charges, LimitStage, Limits, Quota, RateLimit, Retry, Source, Standing, Verdict, everyone,
};
use buttress_testkit::contract::Contract;
use buttress_testkit::page::Page;
use http::Request;

use crate::support::response;

/// Memory that lets itself be waited for.
#[derive(Clone, Debug)]
pub struct Slow {
    pub memory: Memory,
    pub gone: Option<Source>,
}

/// Is there at the second look.
#[derive(Debug)]
pub struct Soon(Option<Verdict>, bool);

impl Future for Soon {
    type Output = Verdict;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Verdict> {
        if !std::mem::replace(&mut self.1, true) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(self.0.take().unwrap())
    }
}

impl LimitStore for Slow {
    type Wait = Soon;

    fn take(&self, limits: &Limits, charges: &Charges) -> Step<Verdict, Soon> {
        let verdict = match self.gone {
            None => now(self.memory.take(limits, charges)),
            Some(source) => {
                let mut verdict = match source {
                    Source::Denied => Verdict::refused(0, Retry::After(Duration::from_secs(1))),
                    _ => Verdict::taken(),
                };
                for _ in charges.as_slice() {
                    verdict.push(Standing::new(0, Duration::ZERO, source));
                }
                verdict
            }
        };
        Step::Later(Soon(Some(verdict), false))
    }

    fn look(&self, limits: &Limits, charges: &Charges) -> Step<Verdict, Soon> {
        Step::Now(now(self.memory.look(limits, charges)))
    }

    fn count(&self, limits: &Limits, charges: &Charges) {
        self.memory.count(limits, charges);
    }

    fn give_back(&self, limits: &Limits, charges: &Charges) {
        self.memory.give_back(limits, charges);
    }

    fn forget(&self, limits: &Limits, charges: &Charges) -> Step<Verdict, Soon> {
        Step::Now(now(self.memory.forget(limits, charges)))
    }
}

fn now<W: std::fmt::Debug>(step: Step<Verdict, W>) -> Verdict {
    match step {
        Step::Now(verdict) => verdict,
        Step::Later(wait) => panic!("memory does not wait: {wait:?}"),
    }
}

fn slow(gone: Option<Source>, quota: Quota) -> RateLimit<Slow> {
    let memory = Memory::with_capacity(64).clock(ManualClock::new());
    let policy = quota.by(everyone()).only_failures().cost_reported(2);
    RateLimit::builder()
        .engine(Slow { memory, gone })
        .policy("a", policy)
        .headers_on_success()
        .build()
        .unwrap()
}

async fn through(
    stage: &LimitStage<Slow>,
    request: &mut Request<()>,
) -> Decision<<LimitStage<Slow> as Stage>::Memo, Soon> {
    let Decision::Wait(wait) = stage.enter(request) else { panic!("it waits") };
    stage.resume(wait.await, request)
}

#[tokio::test]
async fn it_decides_once_it_is_told() {
    let limits = slow(None, Quota::per_hour(2));
    let stage = limits.stage();
    let mut request = Request::new(());
    let Decision::Pass(memo) = through(&stage, &mut request).await else { panic!() };
    assert!(request.extensions().get::<Bill>().is_some());
    let mut refused = Request::new(());
    assert!(matches!(through(&stage, &mut refused).await, Decision::Refuse(..)));
    let mut answer = response(200);
    stage.leave(memo, &mut answer);
    assert_eq!(answer.headers()["ratelimit"], r#""a";r=2;t=0"#);
    assert!(
        matches!(through(&stage, &mut Request::new(())).await, Decision::Pass(_)),
        "it came back"
    );
}

#[tokio::test]
async fn what_the_policy_says_while_the_store_is_gone() {
    let denying = slow(Some(Source::Denied), Quota::per_hour(9));
    let Decision::Refuse(problem, _) = through(&denying.stage(), &mut Request::new(())).await
    else {
        panic!()
    };
    assert_eq!(problem.status().as_u16(), 503);
    let allowing = slow(Some(Source::Allowed), Quota::per_hour(9));
    for _ in 0..20 {
        let decision = through(&allowing.stage(), &mut Request::new(())).await;
        let Decision::Pass(memo) = decision else { panic!() };
        allowing.stage().leave(memo, &mut response(200));
    }
    let key = allowing.writer("a").unwrap().key();
    let left = now(allowing.peek("a", key).unwrap()).standings()[0].remaining();
    assert_eq!(left, 9, "what was not taken does not come back");
}

#[tokio::test(start_paused = true)]
async fn of_tower() {
    Contract::new(|| slow(None, Quota::per_second(1_000_000)).layer()).check().await;
    let post = || Request::post("/").body(()).unwrap();
    let refusing = || {
        let costly = Quota::per_hour(1).by(everyone()).cost_by(|_| 2);
        let costly = costly.when(buttress_ratelimit::method(buttress_ratelimit::POST));
        let memory = Memory::with_capacity(64);
        RateLimit::builder()
            .engine(Slow { memory, gone: None })
            .policy("a", costly)
            .build()
            .unwrap()
    };
    Contract::new(|| refusing().layer()).refuses(post).check().await;
}

/// A queue is a store that has to be waited for: who waits passes at its turn, and metrics hear how long that was.
#[tokio::test]
async fn a_turn_is_waited_for_and_counted() {
    let clock = ManualClock::new();
    let page = Page::default();
    let limits = RateLimit::builder()
        .engine(Memory::with_capacity(64).clock(clock.clone()))
        .timer(clock.clone())
        .metrics(Metrics::new(page.clone()))
        .policy("a", Quota::per_second(1).burst(1).queue(Duration::from_secs(1)).by(everyone()))
        .policy("beside", Quota::per_hour(99).by(everyone()))
        .build()
        .unwrap();
    let stage = limits.stage();
    let [mut first, mut second, mut third] = [(); 3].map(Request::new);
    assert!(matches!(stage.enter(&mut first), Decision::Pass(_)));
    let Decision::Wait(wait) = stage.enter(&mut second) else { panic!("it has to wait") };
    let Decision::Refuse(problem, _) = stage.enter(&mut third) else { panic!("the queue is full") };
    assert_eq!(problem.retry_after(), Some(Duration::from_secs(1)));
    let mut wait = std::pin::pin!(wait);
    assert!(is_pending(wait.as_mut()));
    clock.advance(Duration::from_secs(1));
    assert!(matches!(stage.resume(wait.await, &mut second), Decision::Pass(_)));
    assert_eq!(page.of("buttress_ratelimit_queue_seconds a"), Some(1.0));
    let waits = page.lines().into_iter().filter(|line| line.contains("queue_seconds"));
    assert_eq!(waits.count(), 1, "the other policy lets nobody wait");
}

/// Whichever is said first, the timer is around the store, and what was said of it stays.
#[test]
fn a_timer_stays_with_the_engine_that_is_said_after_it() {
    let clock = ManualClock::new();
    let leaky = || Quota::per_second(1).burst(1).queue(Duration::from_secs(9));
    let memory = || Memory::with_capacity(64).clock(clock.clone());
    let limits = RateLimit::builder()
        .policy("a", leaky().by(everyone()))
        .timer(clock.clone())
        .most_waiting(1)
        .engine(Memory::new())
        .engine(memory())
        .build()
        .unwrap();
    let stage = limits.stage();
    let mut requests = [(); 3].map(Request::new);
    let decisions = requests.each_mut().map(|request| stage.enter(request));
    assert!(matches!(decisions, [Decision::Pass(_), Decision::Wait(_), Decision::Refuse(..)]));

    let throttle = ThrottleBuilder::http(leaky(), everyone()).timer(clock.clone());
    assert!(throttle.engine(memory()).build().is_ok());
}

/// The queue bounds how long each waits; how many wait, of all keys, is bounded, too.
#[tokio::test]
async fn no_more_requests_wait_than_may() {
    let clock = ManualClock::new();
    let limits = RateLimit::builder()
        .engine(Memory::with_capacity(64).clock(clock.clone()))
        .timer(clock.clone())
        .most_waiting(2)
        .policy("beside", Quota::per_hour(99).by(everyone()))
        .policy("a", Quota::per_second(1).burst(1).queue(Duration::from_secs(9)).by(everyone()))
        .build()
        .unwrap();
    let stage = limits.stage();
    let mut requests: Vec<_> = (0..4).map(|_| Request::new(())).collect();
    assert!(matches!(stage.enter(&mut requests[0]), Decision::Pass(_)));
    let Decision::Wait(one) = stage.enter(&mut requests[1]) else { panic!("it has to wait") };
    let Decision::Wait(two) = stage.enter(&mut requests[2]) else { panic!("it has to wait") };
    let left = || {
        let [beside, a] = ["beside", "a"].map(|policy| {
            let key = limits.writer(policy).unwrap().key();
            let Step::Now(verdict) = limits.peek(policy, key).unwrap() else { panic!() };
            (verdict.standings()[0].remaining(), verdict.delay())
        });
        (beside.0, a.1)
    };
    let before = left();
    let Decision::Refuse(problem, _) = stage.enter(&mut requests[3]) else { panic!("too many") };
    assert_eq!(
        problem.retry_after(),
        Some(Duration::from_secs(3)),
        "when its turn would have been"
    );
    assert_eq!(left(), before, "it has taken nothing");
    // Who leaves makes room.
    drop(two);
    assert!(matches!(stage.enter(&mut requests[3]), Decision::Wait(_)));
    drop(one);

    let none = RateLimit::builder().policy("a", Quota::per_second(1).by(everyone()));
    let error = none.timer(clock).most_waiting(0).build().unwrap_err();
    assert_eq!(error.to_string(), "wrong setting most_waiting: must be at least 1");
}

fn is_pending<F: Future>(future: Pin<&mut F>) -> bool {
    future.poll(&mut Context::from_waker(Waker::noop())).is_pending()
}
