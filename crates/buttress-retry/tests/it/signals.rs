//! What metrics and spans hear.

use std::error::Error;
use std::sync::Arc;

use buttress_core::Deadline;
use buttress_core::clock::{Clock, ManualClock, ms};
use buttress_core::metrics::Metrics;
use buttress_core::outcome::{HttpClassify, Judgement, Outcome, Reached, ReadError};
use buttress_retry::{Backoff, Budget, CATALOGUE, Hedge};
use buttress_testkit::log::Log;
use buttress_testkit::mock::MockError;
use buttress_testkit::page::Page;
use http::Request;
use http_body_util::Full;

use crate::support::{client, get, outcome, script, up_to};

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
