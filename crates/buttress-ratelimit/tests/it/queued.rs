//! A store that says yes when it is somebody's turn.

use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use buttress_core::clock::ManualClock;
use buttress_core::engine::Step;
use buttress_core::key::Keyer;
use buttress_core::metrics::Metrics;
use buttress_core::sync::Lock;
use buttress_ratelimit::store::{LimitStore, Memory, Queued, Terms};
use buttress_ratelimit::{
    Charge, Charges, Limits, Quota, RateLimit, Retry, Source, Standing, Verdict, everyone,
};
use buttress_testkit::{allocations, mock, poll};
use http::{Request, Response};
use tokio::sync::oneshot;
use tower::{Layer, ServiceExt};

const SECOND: Duration = Duration::from_secs(1);

/// A store far away: it answers when the test does, and notes what is given back.
#[derive(Clone, Debug, Default)]
struct Far {
    asked: Arc<Lock<Vec<oneshot::Sender<Verdict>>>>,
    back: Arc<Lock<Vec<Charges>>>,
}

#[derive(Debug)]
struct Wait(oneshot::Receiver<Verdict>);

impl Future for Wait {
    type Output = Verdict;

    fn poll(mut self: std::pin::Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> Poll<Verdict> {
        std::pin::Pin::new(&mut self.0).poll(cx).map(Result::unwrap)
    }
}

impl Far {
    fn ask(&self) -> Step<Verdict, Wait> {
        let (answer, wait) = oneshot::channel();
        self.asked.lock().push(answer);
        Step::Later(Wait(wait))
    }

    fn answer(&self, verdict: Verdict) {
        let asked = self.asked.lock().pop().unwrap();
        asked.send(verdict).unwrap();
    }

    fn returned(&self) -> usize {
        self.back.lock().len()
    }
}

impl LimitStore for Far {
    type Wait = Wait;

    fn take(&self, _: &Limits, _: &Charges) -> Step<Verdict, Wait> {
        self.ask()
    }

    fn look(&self, _: &Limits, _: &Charges) -> Step<Verdict, Wait> {
        self.ask()
    }

    fn count(&self, _: &Limits, _: &Charges) {}

    fn give_back(&self, _: &Limits, charges: &Charges) {
        self.back.lock().push(*charges);
    }

    fn forget(&self, _: &Limits, _: &Charges) -> Step<Verdict, Wait> {
        self.ask()
    }
}

fn limits(queue: Duration) -> Limits {
    let quota = Quota::per_second(1).burst(1).queue(queue);
    Limits::from_iter([quota.check().unwrap()])
}

fn charges() -> Charges {
    let mut charges = Charges::new();
    assert!(charges.push(Charge::new(0, Keyer::random().key_of(["ada"]), 1)));
    charges
}

/// Taken, with a turn in so long.
fn taken(delay: Duration) -> Verdict {
    let mut verdict = Verdict::taken().after(delay).at(7);
    verdict.push(Standing::new(0, SECOND, Source::Store));
    verdict
}

fn later<T, W>(step: Step<T, W>) -> W {
    match step {
        Step::Later(wait) => wait,
        Step::Now(_) => panic!("it is there"),
    }
}

#[test]
fn an_answer_from_far_is_followed_by_the_turn() {
    let (far, clock) = (Far::default(), ManualClock::new());
    let store = Queued::new(far.clone(), clock.clone());
    let mut turn = pin!(later(store.take(&limits(5 * SECOND), &charges())));
    assert!(poll::poll_once(turn.as_mut()).is_pending());
    far.answer(taken(2 * SECOND));
    assert!(poll::poll_once(turn.as_mut()).is_pending());
    clock.advance(Duration::from_nanos(1_999_999_999));
    assert!(poll::poll_once(turn.as_mut()).is_pending());
    clock.advance(Duration::from_nanos(1));
    let verdict = poll::assert_ready(turn.as_mut());
    assert!(verdict.is_taken());
    assert_eq!((verdict.delay(), far.returned()), (2 * SECOND, 0));
}

#[test]
fn what_need_not_wait_is_there_with_the_answer() {
    let (far, clock) = (Far::default(), ManualClock::new());
    let store = Queued::new(far.clone(), clock.clone());
    for (queue, verdict) in [
        (5 * SECOND, taken(Duration::ZERO)),
        (5 * SECOND, Verdict::refused(0, Retry::After(SECOND))),
        (Duration::ZERO, taken(Duration::ZERO)),
    ] {
        let mut turn = pin!(later(store.take(&limits(queue), &charges())));
        assert!(poll::poll_once(turn.as_mut()).is_pending());
        far.answer(verdict);
        assert_eq!(poll::assert_ready(turn.as_mut()).is_taken(), verdict.is_taken());
    }
    // A look takes nothing, so it waits for nothing, whatever would have to be waited for.
    let mut look = pin!(later(store.look(&limits(5 * SECOND), &charges())));
    assert!(poll::poll_once(look.as_mut()).is_pending());
    far.answer(taken(2 * SECOND));
    assert_eq!(poll::assert_ready(look.as_mut()).delay(), 2 * SECOND);
    assert_eq!((far.returned(), clock.sleepers()), (0, 0));
}

#[test]
fn who_leaves_before_the_turn_gives_back_what_was_taken_and_no_more() {
    let (far, clock) = (Far::default(), ManualClock::new());
    let store = Queued::new(far.clone(), clock.clone());
    let (limits, charges) = (limits(5 * SECOND), charges());

    drop(later(store.take(&limits, &charges)));
    assert_eq!(far.returned(), 0, "nobody knows yet whether it was taken");
    far.asked.lock().clear();

    let mut turn = Box::pin(later(store.take(&limits, &charges)));
    assert!(poll::poll_once(turn.as_mut()).is_pending());
    far.answer(taken(2 * SECOND));
    assert!(poll::poll_once(turn.as_mut()).is_pending());
    drop(turn);
    let back = far.back.lock().pop().unwrap();
    assert_eq!(back.as_slice()[0].until(), Some(1_000_000_007), "stamped");
    assert_eq!((far.returned(), clock.sleepers()), (0, 0));

    let mut turn = Box::pin(later(store.take(&limits, &charges)));
    assert!(poll::poll_once(turn.as_mut()).is_pending());
    far.answer(taken(2 * SECOND));
    assert!(poll::poll_once(turn.as_mut()).is_pending());
    clock.advance(2 * SECOND);
    assert!(poll::poll_once(turn.as_mut()).is_ready());
    drop(turn);
    assert_eq!(far.returned(), 0, "its turn was there");
}

#[test]
fn what_need_not_wait_allocates_nothing() {
    let clock = ManualClock::new();
    let limit = Quota::per_second(1).queue(SECOND).check().unwrap();
    let store = Queued::new(Memory::new().clock(clock.clone()), clock)
        .bind(&[Terms::new("a", limit)], None, &Metrics::none())
        .unwrap();
    assert!(store.gives_turns() && !Memory::new().gives_turns());
    let (limits, charges) = (Limits::from_iter([limit]), charges());
    let (step, counted) = allocations::of(|| store.take(&limits, &charges));
    assert!(matches!(step, Step::Now(verdict) if verdict.is_taken()));
    assert_eq!(counted.allocations(), 0);
    // From when it was asked for, and not from the first poll.
    let turn = later(store.take(&limits, &charges));
    let size = size_of_val(&turn);
    assert!(size <= 16, "{size}");
}

/// Inbound: a leaky queue before a service.
#[test]
fn a_layer_lets_requests_wait_and_takes_back_who_leaves() {
    let clock = ManualClock::new();
    let quota = Quota::per_second(1).burst(1).queue(2 * SECOND);
    let limits = RateLimit::builder()
        .policy("calls", quota.by(everyone()))
        .engine(Memory::new().clock(clock.clone()))
        .timer(clock.clone())
        .build()
        .unwrap();
    let (service, inner) = mock::service::<()>();
    let service = limits.layer().layer(service);
    let call = || Box::pin(service.clone().oneshot(Request::new(())));
    let status = |answer: Result<Response<_>, _>| answer.unwrap().status().as_u16();

    assert_eq!(status(poll::assert_ready(call())), 200);
    let mut all = [call(), call()];
    all.iter_mut().for_each(poll::assert_pending);
    assert_eq!(status(poll::assert_ready(call())), 429, "the queue is full");
    let [second, third] = all;
    drop(third);
    let (mut second, mut next) = (second, call());
    poll::assert_pending(&mut next);
    assert_eq!(status(poll::assert_ready(call())), 429, "there was one place");

    clock.advance(SECOND);
    assert_eq!(status(poll::assert_ready(&mut second)), 200);
    poll::assert_pending(&mut next);
    clock.advance(SECOND);
    assert_eq!(status(poll::assert_ready(&mut next)), 200);
    assert_eq!((inner.counts().calls, inner.counts().breaches), (3, 0));
}
