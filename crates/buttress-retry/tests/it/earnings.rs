//! A call earns its share once, however long it takes. What counts is of nine tenths of the window, at least.

use std::cell::Cell;
use std::convert::Infallible;
use std::pin::Pin;
use std::rc::Rc;

use buttress_core::clock::{Clock, ManualClock, Timer, secs};
use buttress_core::outcome::HttpClassify;
use buttress_retry::{Attempt, Backoff, Budget, Hedge, ReplayBody, RetryBuilder};
use buttress_testkit::poll::poll_once;
use http::Request;
use tower::{Layer, service_fn};

use crate::support::{Sends, call, client, get, outcome, send, status, up_to};

/// First attempts and others, of a minute in the middle of an outage in which each attempt hangs for 15 s.
fn minute_of_an_outage(
    answers: impl FnOnce(Rc<Cell<[u32; 2]>>, &ManualClock) -> Starts,
) -> [u32; 2] {
    let (clock, seen) = (ManualClock::new(), Rc::new(Cell::new([0; 2])));
    let mut start = answers(seen.clone(), &clock);
    let mut flights = Vec::new();
    for second in 0..120 {
        if second == 60 {
            seen.set([0; 2]);
        }
        flights.extend((0..10).map(|_| start()));
        flights.retain_mut(|flight| poll_once(flight).is_pending());
        clock.advance(secs(1));
    }
    seen.get()
}

type Starts = Box<dyn FnMut() -> Pin<Box<dyn Future<Output = ()>>>>;

fn note(seen: &Cell<[u32; 2]>, attempt: Attempt) {
    let [first, more] = seen.get();
    seen.set(if attempt.is_first() { [first + 1, more] } else { [first, more + 1] });
}

fn fifth(clock: &ManualClock) -> RetryBuilder<HttpClassify, ManualClock> {
    up_to(3, clock).backoff(Backoff::none()).budget(Budget::percent(20).floor(0))
}

#[test]
fn a_call_that_outlives_the_window_earns_no_second_share() {
    let seen = minute_of_an_outage(|seen, clock| {
        let (builder, clock) = (fifth(clock), clock.clone());
        let stock = service_fn(move |request: Request<ReplayBody<Sends>>| {
            note(&seen, Attempt::of(&request));
            let hangs = clock.sleep(secs(15));
            async move {
                hangs.await;
                Ok::<_, Infallible>(status(503))
            }
        });
        let mut client = builder.build().unwrap().layer(stock);
        Box::new(move || {
            let flight = call(&mut client, get());
            Box::pin(async move { drop(flight.await) })
        })
    });
    assert!(seen[0] == 600 && (108..=120).contains(&seen[1]), "{seen:?}");
}

#[test]
fn nor_does_a_run() {
    let seen = minute_of_an_outage(|seen, clock| {
        let (policy, clock) = (fifth(clock).build_policy().unwrap(), clock.clone());
        Box::new(move || {
            let (seen, clock) = (seen.clone(), clock.clone());
            let run = policy.run(move |attempt| {
                note(&seen, attempt);
                let hangs = clock.sleep(secs(15));
                async move {
                    hangs.await;
                    Err::<(), _>(503)
                }
            });
            Box::pin(async move {
                let _ = run.await;
            })
        })
    });
    assert!(seen[0] == 600 && (108..=120).contains(&seen[1]), "{seen:?}");
}

/// The cap on hedges is a share of the calls, too.
#[test]
fn nor_does_one_that_is_hedged_late() {
    let seen = minute_of_an_outage(|seen, clock| {
        let hedge = Hedge::after(secs(12)).at_most_percent(10);
        let builder = fifth(clock).budget(Budget::dangerous_unlimited()).hedge(hedge);
        let (policy, clock) = (builder.build_policy().unwrap(), clock.clone());
        Box::new(move || {
            let (seen, clock) = (seen.clone(), clock.clone());
            let run = policy.run(move |attempt| {
                note(&seen, attempt);
                let hangs = clock.sleep(secs(15));
                async move {
                    hangs.await;
                    Ok::<_, u16>(())
                }
            });
            Box::pin(async move {
                let _ = run.await;
            })
        })
    });
    assert!(seen[0] == 600 && (54..=60).contains(&seen[1]), "{seen:?}");
}

/// Nobody has looked at a clock for long when it comes: it is counted where time has gone on to.
#[test]
fn a_call_that_waits_after_a_long_silence_earns_its_share() {
    let clock = ManualClock::new();
    let budget = Budget::percent(100).floor(0);
    let (client, inner) = client(up_to(2, &clock).backoff(Backoff::none()).budget(budget));
    inner.hold();
    for (silence, code, attempts) in [(0, 200, 1), (60, 503, 2)] {
        clock.advance(secs(silence));
        let mut flight = send(&client, get());
        for _ in 0..attempts {
            assert!(poll_once(&mut flight).is_pending());
            clock.advance(secs(1));
            inner.take_call().expect("it is made").answer(status(code));
        }
        assert!(poll_once(&mut flight).is_ready());
    }
}

/// Nor is one of those that are ready at once, and look at no clock.
#[test]
fn calls_that_are_ready_at_once_earn_their_shares_after_a_long_silence() {
    let clock = ManualClock::new();
    let budget = Budget::percent(20).floor(0);
    let retry = up_to(2, &clock).backoff(Backoff::none()).budget(budget.clone());
    let (client, inner) = client(retry);
    let answers = |code: u16, times: u32| {
        inner.answer_with(move |_| Ok(status(code)));
        (0..times).for_each(|_| _ = outcome(&clock, &client, get()));
    };
    answers(503, 1);
    clock.advance(secs(60));
    answers(200, 50);
    assert!((budget.left(clock.now()) - 10.0).abs() <= 0.2, "{}", budget.left(clock.now()));
    let before = inner.counts().calls;
    answers(503, 12);
    assert_eq!(inner.counts().calls - before, 12 + 12, "ten of fifty, and two of twelve");
}
