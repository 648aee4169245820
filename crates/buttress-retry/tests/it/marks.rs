//! What attempts say of themselves, and what hops behind and before make of it.

use std::future::{pending, ready};
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;

use buttress_core::clock::{Clock, ManualClock, ms};
use buttress_core::stage::Stage;
use buttress_core::{Context, Repeats, RequestContext};
use buttress_retry::{Attempt, Backoff, Budget, Hedge, ReplayBody};
use buttress_testkit::{mock, poll};
use http::{HeaderName, Request};
use http_body_util::Full;
use tower::{Layer, ServiceExt};

use crate::support::{Hand, Sends, client, get, outcome, script, send, status, up_to};

type Marks = Vec<(u32, Option<String>)>;

/// The number of each attempt, and what its header says.
fn marks(
    clock: &ManualClock,
    inner: &Hand,
    header: &'static str,
    mut flight: crate::support::Flight,
) -> Marks {
    inner.hold();
    let mut marks = Vec::new();
    while poll::poll_once(&mut flight).is_pending() {
        let Some(call) = inner.take_call() else {
            clock.advance(ms(50));
            continue;
        };
        let said =
            call.request().headers().get(header).map(|value| value.to_str().unwrap().to_owned());
        marks.push((Attempt::of(call.request()).number(), said));
        call.answer(status(503));
    }
    marks
}

#[test]
fn repeats_have_a_number_and_first_attempts_nothing() {
    let clock = ManualClock::new();
    let (client, inner) = client(up_to(3, &clock));
    let seen = marks(&clock, &inner, "x-request-attempt", send(&client, get()));
    assert_eq!(seen, [(1, None), (2, Some("1".into())), (3, Some("2".into()))]);
    let grpc = || {
        let call = Request::post("/").header("content-type", "application/grpc");
        let call = call.extension(buttress_retry::Repeatable);
        call.body(Full::default()).unwrap()
    };
    let seen = marks(&clock, &inner, "grpc-previous-rpc-attempts", send(&client, grpc()));
    assert_eq!(seen[1..], [(2, Some("1".into())), (3, Some("2".into()))]);
}

#[test]
fn the_marker_may_have_another_name_or_none() {
    let clock = ManualClock::new();
    let own = Repeats::new(HeaderName::from_static("x-try"));
    let (of_own, inner) = client(up_to(2, &clock).marker(Some(own)));
    assert_eq!(marks(&clock, &inner, "x-try", send(&of_own, get()))[1].1, Some("1".into()));
    let (of_none, inner) = client(up_to(2, &clock).marker(None));
    assert_eq!(
        marks(&clock, &inner, "x-request-attempt", send(&of_none, get())),
        [(1, None), (2, None)]
    );
}

#[test]
fn the_repeat_of_an_outer_call_is_not_repeated_and_earns_nothing() {
    let clock = ManualClock::new();
    let marked =
        || Request::get("/").header("x-request-attempt", "1").body(Full::default()).unwrap();
    let (client, inner) = client(up_to(3, &clock));
    let seen = script(&clock, &inner, &[503]);
    assert_eq!(outcome(&clock, &client, marked()), Some(503));
    assert_eq!(seen.lock().len(), 1);

    // The same, known from the context of the request that it is made for.
    let mut inbound = Request::get("/").header("x-request-attempt", "1").body(()).unwrap();
    let _memo = Context::default().enter(&mut inbound);
    let context: &RequestContext = inbound.extensions().get().unwrap();
    let mut onward = get();
    onward.extensions_mut().insert(context.clone());
    assert_eq!(outcome(&clock, &client, onward), Some(503));
    assert_eq!(seen.lock().len(), 2);

    let budget = Budget::percent(100).floor(0);
    let (client, inner) = crate::support::client(up_to(3, &clock).budget(budget.clone()));
    let _ = script(&clock, &inner, &[200]);
    assert_eq!(outcome(&clock, &client, marked()), Some(200));
    assert!(budget.left(clock.now()) < 1e-6);
}

/// Where there is no tower, and no request to look at: what counts is the scope around.
#[test]
fn a_run_for_the_repeat_of_an_outer_call_is_not_repeated_hedged_or_counted() {
    let clock = ManualClock::new();
    let budget = Budget::percent(100).floor(0);
    let hedge = Hedge::after(ms(50)).at_most_percent(100);
    let policy = up_to(3, &clock).budget(budget.clone()).hedge(hedge).build_policy().unwrap();
    let asked = AtomicU32::new(0);
    let ask = |_| {
        asked.fetch_add(1, Relaxed);
        ready(Err::<(), _>("busy"))
    };
    let context = repeated();
    assert_eq!(poll::assert_ready(Box::pin(context.scope(policy.run(ask)))), Err("busy"));
    assert_eq!(asked.load(Relaxed), 1);
    assert!(budget.left(clock.now()) < 1e-6);

    let mut hangs = Box::pin(context.scope(policy.run(|_| {
        asked.fetch_add(1, Relaxed);
        pending::<Result<(), &str>>()
    })));
    poll::assert_pending(&mut hangs);
    assert_eq!((clock.sleepers(), asked.load(Relaxed)), (0, 2), "there is nothing to wait for");
}

/// A request that says nothing of its context is sent for that of the scope around.
#[test]
fn the_scope_of_a_repeat_is_heeded_by_a_layer_too() {
    let clock = ManualClock::new();
    let budget = Budget::percent(100).floor(0);
    let (client, inner) = client(up_to(3, &clock).budget(budget.clone()));
    let seen = script(&clock, &inner, &[503]);
    let answer = poll::assert_ready(Box::pin(repeated().scope(send(&client, get())))).unwrap();
    assert_eq!((answer.status().as_u16(), seen.lock().len()), (503, 1));
    assert!(budget.left(clock.now()) < 1e-6);
}

/// One around the other: each counts its own.
#[test]
fn the_first_attempt_of_a_retry_within_one_is_its_first() {
    let clock = ManualClock::new();
    let retry = || up_to(2, &clock).marker(None).backoff(Backoff::none()).build().unwrap();
    let (service, inner) = mock::service::<ReplayBody<ReplayBody<Sends>>>();
    inner.hold();
    let mut flight = Box::pin(retry().layer(retry().layer(service)).oneshot(get()));
    let mut numbers = Vec::new();
    while poll::poll_once(&mut flight).is_pending() {
        let call = inner.take_call().unwrap();
        numbers.push(Attempt::of(call.request()).number());
        call.answer(status(503));
    }
    assert_eq!(numbers, [1, 2, 1, 2]);
}

/// The context of a request that an outer hop has sent again.
fn repeated() -> RequestContext {
    let mut inbound = Request::get("/").header("x-request-attempt", "1").body(()).unwrap();
    let _memo = Context::default().enter(&mut inbound);
    inbound.extensions().get().cloned().unwrap()
}

/// Whoever called us would else repeat what was repeated here.
#[test]
fn who_has_tried_in_vain_says_so() {
    let clock = ManualClock::new();
    let marked = |builder, answers: &[u16]| {
        let (client, inner) = client(builder);
        let _ = script(&clock, &inner, answers);
        let mut inbound = Request::new(());
        let memo = Context::default().enter(&mut inbound);
        let context: RequestContext = inbound.extensions().get().cloned().unwrap();
        let mut onward = get();
        onward.extensions_mut().insert(context.clone());
        let _ = outcome(&clock, &client, onward);
        drop(memo);
        context.was_retried()
    };
    let plain = || up_to(2, &clock).backoff(Backoff::none());
    assert!(marked(plain(), &[503]), "its own repeat failed");
    assert!(!marked(plain(), &[503, 200]), "its own repeat succeeded");
    assert!(!marked(plain(), &[500]), "nobody has repeated it");
    let empty = || Budget::percent(1).floor(0);
    assert!(marked(plain().budget(empty()), &[503]), "there have been too many");
}

/// Where the request says nothing of its context, that of the scope around is told.
#[tokio::test]
async fn the_scope_of_a_request_hears_it_too() {
    let clock = ManualClock::new();
    let (client, inner) = client(up_to(2, &clock).backoff(Backoff::none()));
    let _ = script(&clock, &inner, &[503]);
    let mut inbound = Request::new(());
    let _memo = Context::default().enter(&mut inbound);
    let context: RequestContext = inbound.extensions().get().cloned().unwrap();
    let answer = context.scope(send(&client, get())).await.unwrap();
    assert_eq!(answer.status(), 503);
    assert!(context.was_retried());
}
