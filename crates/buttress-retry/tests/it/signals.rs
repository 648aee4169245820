//! What metrics and spans hear.

use std::convert::Infallible;
use std::error::Error;
use std::future::{poll_fn, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;
use std::task::Poll;

use buttress_core::Deadline;
use buttress_core::clock::{Clock, ManualClock, ms};
use buttress_core::metrics::Metrics;
use buttress_core::outcome::{HttpClassify, Judgement, Outcome, Reached, ReadError};
use buttress_core::sync::Lock;
use buttress_retry::{
    Attempt, Backoff, Budget, CATALOGUE, Cost, Hedge, ReplayBody, RetryBuilder, Taken,
};
use buttress_testkit::log::Log;
use buttress_testkit::mock::{self, MockError};
use buttress_testkit::page::Page;
use buttress_testkit::poll;
use http::Request;
use http_body_util::Full;
use tower::{Layer, ServiceExt, service_fn};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::support::{Sends, call, client, get, outcome, script, send, status, up_to};

/// Nobody took it, and the dependency lives.
struct Untaken;

impl ReadError for Untaken {
    fn read(&self, error: &(dyn Error + 'static)) -> Option<Judgement> {
        error
            .is::<MockError>()
            .then_some(Judgement::new(Outcome::Ignored).with_reached(Reached::No))
    }
}

#[test]
fn what_becomes_of_calls_is_counted() {
    let (clock, page) = (ManualClock::new(), Page::default());
    let budget = Budget::percent(100).floor(0);
    let builder = up_to(3, &clock)
        .backoff(Backoff::none())
        .budget(budget)
        .named("stock")
        .hedge(Hedge::after(ms(50)))
        .classify(HttpClassify::new().also(Arc::new(Untaken)))
        .metrics(&Metrics::new(page.clone()));
    let (client, inner) = client(builder);
    let send = |answers: &[u16], request| {
        let _ = script(&clock, &inner, answers);
        let _ = outcome(&clock, &client, request);
    };
    let post = || Request::post("/").body(Full::default()).unwrap();
    send(&[200], get());
    send(&[404], get());
    send(&[503, 200], get());
    send(&[429, 503, 200], get());
    send(&[0, 200], post());
    send(&[500], get());
    send(&[503], post());
    send(&[503], get());
    assert_eq!(
        page.lines(),
        [
            "buttress_retry_attempts_total stock 1: 8",
            "buttress_retry_attempts_total stock 2: 4",
            "buttress_retry_attempts_total stock 3: 2",
            "buttress_retry_budget_left stock: 2",
            "buttress_retry_not_repeated_total stock method: 1",
            "buttress_retry_not_repeated_total stock outcome: 1",
            "buttress_retry_not_repeated_total stock tries: 1",
            "buttress_retry_repeats_total stock failure: 4",
            "buttress_retry_repeats_total stock throttled: 1",
            "buttress_retry_repeats_total stock unprocessed: 1",
        ]
    );
    assert!(page.bound().iter().all(|metric| CATALOGUE.contains(metric)));
    assert!(CATALOGUE.iter().all(|metric| page.bound().contains(metric)));
}

/// What a hedge came to is counted once it is known, whichever of the two was sooner.
#[test]
fn each_hedge_is_counted_by_how_both_ended() {
    // Which of the two ends first, and what both of them come to.
    for (first_to_end, codes, result) in [
        (0, [503, 502], "both_bad"),
        (1, [503, 502], "both_bad"),
        (0, [503, 200], "won"),
        (1, [503, 200], "won"),
        (0, [200, 503], "lost"),
        (1, [200, 503], "lost"),
    ] {
        for is_run in [false, true] {
            let (clock, page) = (ManualClock::new(), Page::default());
            let builder = hedged(&clock, false).named("stock").metrics(&Metrics::new(page.clone()));
            race(&clock, builder, is_run, first_to_end, codes);
            let mut seen = page.lines();
            seen.retain(|line| line.contains("_hedges_total"));
            let expected = [format!("buttress_retry_hedges_total stock {result}: 1")];
            assert_eq!(seen, expected, "{first_to_end} of {codes:?}, {is_run}");
        }
    }
}

/// Whether the cap of the hedges or the budget of the repeats said no: they are changed in different places.
#[test]
fn a_hedge_that_is_not_sent_says_whose_word_that_was() {
    let spent = Budget::percent(0).floor(1);
    let used_up = ManualClock::new();
    while spent.take(Cost::Hedge, None, used_up.now()).map(Taken::spend).is_some() {}
    for (cap, budget, result, other) in [
        (1, Budget::dangerous_unlimited(), "capped", "no_budget"),
        (100, spent, "no_budget", "capped"),
    ] {
        let (clock, page) = (used_up.clone(), Page::default());
        let builder = up_to(1, &clock).hedge(Hedge::after(ms(50)).at_most_percent(cap));
        let builder = builder.budget(budget).named("stock").metrics(&Metrics::new(page.clone()));
        let (service, inner) = mock::service::<ReplayBody<Sends>>();
        inner.hold();
        let client = builder.build().unwrap().layer(service);
        // Of the cap the first is ahead.
        for _ in 0..3 {
            let mut flight = Box::pin(client.clone().oneshot(get()));
            poll::assert_pending(&mut flight);
            clock.advance(ms(50));
            poll::assert_pending(&mut flight);
        }
        let seen = page.lines().concat();
        assert!(seen.contains(&format!("buttress_retry_hedges_total stock {result}: ")), "{seen}");
        assert!(!seen.contains(&format!("stock {other}: ")), "{seen}");
    }
}

/// A first attempt and a hedge, that come to this.
fn race(
    clock: &ManualClock,
    builder: RetryBuilder<HttpClassify, ManualClock>,
    is_run: bool,
    first_to_end: usize,
    codes: [u16; 2],
) {
    let (service, inner) = mock::service::<ReplayBody<Sends>>();
    inner.hold();
    let is_good = |result: Result<&u16, &MockError>| match result {
        Ok(&200) => Outcome::Success,
        _ => Outcome::Failure,
    };
    let mut flight: Pin<Box<dyn Future<Output = u16>>> = if is_run {
        let policy = builder.build_policy().unwrap();
        Box::pin(async move {
            let send = |_| {
                let service = service.clone();
                let request = get().map(ReplayBody::passing);
                async move { service.oneshot(request).await.map(|answer| answer.status().as_u16()) }
            };
            policy.run_if(is_good, send).await.unwrap()
        })
    } else {
        let client = builder.build().unwrap().layer(service);
        Box::pin(async move { client.oneshot(get()).await.unwrap().status().as_u16() })
    };
    poll::assert_pending(&mut flight);
    clock.advance(ms(50));
    poll::assert_pending(&mut flight);
    let mut calls: Vec<_> =
        codes.into_iter().map(|code| (inner.take_call().unwrap(), code)).collect();
    let (call, code) = calls.remove(first_to_end);
    call.answer(status(code));
    if poll::poll_once(&mut flight).is_pending() {
        let (call, code) = calls.remove(0);
        call.answer(status(code));
        let _ = poll::assert_ready(&mut flight);
    }
}

#[test]
fn what_is_not_repeated_says_why() {
    let (clock, page) = (ManualClock::new(), Page::default());
    let builder = up_to(2, &clock).budget(Budget::percent(1).floor(0)).named("stock");
    let (client, inner) = client(builder.metrics(&Metrics::new(page.clone())));
    let _ = script(&clock, &inner, &[503]);
    let _ = outcome(&clock, &client, get());
    {
        let _around = Deadline::after(clock.now(), ms(50)).enter();
        let _ = outcome(&clock, &client, get());
    }
    let marked = Request::get("/").header("x-request-attempt", "1").body(Full::default()).unwrap();
    let _ = outcome(&clock, &client, marked);
    for why in ["budget", "deadline", "inner"] {
        let series = format!("buttress_retry_not_repeated_total stock {why}");
        assert_eq!(page.of(&series), Some(1.0), "{why}");
    }
}

/// Calls that only succeed bring it back, and so it is told without one that fails.
#[test]
fn what_the_budget_has_left_is_told_after_an_outage_too() {
    let budgets = [Budget::percent(100).floor(0), Budget::tokens(10, 0.5)];
    for (budget, expected) in budgets.into_iter().zip([[1.0, 4.0], [8.0, 9.5]]) {
        let (clock, page) = (ManualClock::new(), Page::default());
        let builder = up_to(2, &clock).backoff(Backoff::none()).budget(budget.clone());
        let builder = builder.named("stock").metrics(&Metrics::new(page.clone()));
        let (client, inner) = client(builder);
        let left = || page.of("buttress_retry_budget_left stock");
        inner.hold();
        let call = |answers: &[u16]| {
            let mut flight = send(&client, get());
            for answer in answers {
                poll::assert_pending(&mut flight);
                inner.take_call().unwrap().answer(status(*answer));
            }
            let _ = poll::assert_ready(&mut flight);
        };
        call(&[200]);
        call(&[503, 503]);
        assert_eq!(left(), Some(expected[0]));
        // The outage is older than the window by then.
        for _ in 0..11 {
            clock.advance(ms(1_000));
            for _ in 0..4 {
                call(&[200]);
            }
        }
        clock.advance(ms(6_000));
        call(&[200]);
        let seen = left().unwrap();
        assert!((seen - budget.left(clock.now())).abs() < 1e-9, "{seen}");
        assert!(seen > expected[1], "{seen}");
    }
}

#[test]
fn each_attempt_has_a_span_if_it_is_wanted() {
    let clock = ManualClock::new();
    let log = Log::of("buttress_retry::plan");
    let _listening = log.listen();
    let lines = |spans| {
        let builder = up_to(2, &clock).backoff(Backoff::none()).named("stock").spans(spans);
        let (client, inner) = client(builder);
        let _ = script(&clock, &inner, &[503, 200]);
        let _ = outcome(&clock, &client, get());
        log.take()
    };
    assert_eq!(lines(false), [""; 0]);
    assert_eq!(
        lines(true),
        ["SPAN outbound=\"stock\" attempt=1", "SPAN outbound=\"stock\" attempt=2"]
    );
}

/// Knows how many spans were opened, and in how many it is now.
#[derive(Clone, Default)]
struct Spans {
    opened: Arc<AtomicU32>,
    entered: Arc<AtomicU32>,
    closed: Arc<AtomicU32>,
}

impl Subscriber for Spans {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        self.opened.fetch_add(1, Relaxed);
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {}

    fn enter(&self, _: &Id) {
        self.entered.fetch_add(1, Relaxed);
    }

    fn exit(&self, _: &Id) {
        self.entered.fetch_sub(1, Relaxed);
    }

    fn try_close(&self, _: Id) -> bool {
        self.closed.fetch_add(1, Relaxed);
        true
    }
}

impl Spans {
    /// An attempt that notes in how many spans it is made, and polled. The first one hangs.
    fn attempt(
        &self,
        attempt: Attempt,
        seen: &Arc<Lock<Vec<u32>>>,
    ) -> impl Future<Output = ()> + use<> {
        let (entered, seen) = (self.entered.clone(), seen.clone());
        let look = move || seen.lock().push(entered.load(Relaxed));
        look();
        poll_fn(move |_| {
            look();
            if attempt.is_first() { Poll::Pending } else { Poll::Ready(()) }
        })
    }
}

fn hedged(clock: &ManualClock, spans: bool) -> RetryBuilder<HttpClassify, ManualClock> {
    let hedge = Hedge::after(ms(50)).at_most_percent(100);
    up_to(1, clock).hedge(hedge).spans(spans)
}

#[test]
fn a_hedge_is_in_a_span_of_its_own() {
    for (wanted, expected) in [(true, [2, 1]), (false, [0, 0])] {
        let (clock, spans, inside) = (ManualClock::new(), Spans::default(), Arc::default());
        let _listening = tracing::subscriber::set_default(spans.clone());
        let (of, noted) = (spans.clone(), Arc::clone(&inside));
        let stock = service_fn(move |request: Request<ReplayBody<Sends>>| {
            let attempt = of.attempt(Attempt::of(&request), &noted);
            async move {
                attempt.await;
                Ok::<_, Infallible>(status(200))
            }
        });
        let mut client = hedged(&clock, wanted).build().unwrap().layer(stock);
        let mut flight = Box::pin(call(&mut client, get()));
        poll::assert_pending(&mut flight);
        clock.advance(ms(50));
        assert_eq!(poll::assert_ready(&mut flight).unwrap().status(), 200);
        assert_eq!(spans.opened.load(Relaxed), expected[0]);
        assert!(inside.lock().len() >= 4 && inside.lock().iter().all(|at| *at == expected[1]));
    }
}

/// Where there is no tower, too.
#[test]
fn each_attempt_of_a_run_is_in_a_span_of_its_own() {
    for (wanted, expected) in [(true, [2, 1]), (false, [0, 0])] {
        let (clock, spans, inside) = (ManualClock::new(), Spans::default(), Arc::default());
        let _listening = tracing::subscriber::set_default(spans.clone());
        let policy = hedged(&clock, wanted).build_policy().unwrap();
        let mut run = Box::pin(policy.run(|attempt| {
            let attempt = spans.attempt(attempt, &inside);
            async move {
                attempt.await;
                Ok::<_, Infallible>(())
            }
        }));
        poll::assert_pending(&mut run);
        clock.advance(ms(50));
        assert_eq!(poll::assert_ready(&mut run), Ok(()));
        assert_eq!(spans.opened.load(Relaxed), expected[0]);
        assert!(inside.lock().len() >= 4 && inside.lock().iter().all(|at| *at == expected[1]));
    }
}

#[test]
fn a_pause_is_in_no_span() {
    let (clock, spans) = (ManualClock::new(), Spans::default());
    let _listening = tracing::subscriber::set_default(spans.clone());
    let counts = || [spans.opened.load(Relaxed), spans.closed.load(Relaxed)];
    let (client, inner) = client(up_to(2, &clock).spans(true));
    let _ = script(&clock, &inner, &[503]);
    let mut flight = send(&client, get());
    poll::assert_pending(&mut flight);
    assert_eq!(counts(), [1, 1]);

    let policy = up_to(2, &clock).spans(true).build_policy().unwrap();
    let mut run = Box::pin(policy.run(|_| ready(Err::<(), _>("busy"))));
    poll::assert_pending(&mut run);
    assert_eq!(counts(), [2, 2]);
}
