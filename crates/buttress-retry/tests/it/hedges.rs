//! A second attempt beside the first: the first good answer wins, and the loser goes.

use std::time::Duration;

use buttress_core::clock::{Clock, ManualClock, ms, secs};
use buttress_core::outcome::HttpClassify;
use buttress_core::{Deadline, Dice};
use buttress_retry::{Attempt, Budget, Cost, Hedge, Repeatable, ReplayBody, RetryBuilder};
use buttress_testkit::body::Frames;
use buttress_testkit::mock;
use buttress_testkit::poll::{Wakes, assert_pending, assert_ready};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tower::{Layer, ServiceExt};

use crate::support::{Client, Flight, Hand, Sends, call, client, get, status, up_to};

/// One attempt, and one beside it after 50 ms.
fn hedged(clock: &ManualClock) -> RetryBuilder<HttpClassify, ManualClock> {
    up_to(1, clock).hedge(Hedge::after(ms(50)).at_most_percent(100))
}

/// Without a helper around that would drop what has ended.
fn send(client: &Client, request: Request<Sends>) -> Flight {
    Box::pin(call(&mut client.clone(), request))
}

/// A first attempt that hangs, and as much time as it takes until there is a second.
fn two(
    clock: &ManualClock,
    builder: RetryBuilder<HttpClassify, ManualClock>,
) -> (Client, Hand, Flight) {
    let (client, inner) = client(builder);
    inner.hold();
    let mut flight = send(&client, get());
    assert_pending(&mut flight);
    assert_eq!(inner.counts().in_flight, 1);
    clock.advance(ms(49));
    assert_pending(&mut flight);
    assert_eq!(inner.counts().in_flight, 1, "it is not time yet");
    clock.advance(ms(1));
    assert_pending(&mut flight);
    (client, inner, flight)
}

#[test]
fn the_second_may_answer_for_the_first() {
    let clock = ManualClock::new();
    let (_client, inner, mut flight) = two(&clock, hedged(&clock));
    let (first, second) = (inner.take_call().unwrap(), inner.take_call().unwrap());
    assert!(Attempt::of(first.request()).is_first());
    assert_eq!(Attempt::of(second.request()).number(), 2);
    assert_eq!(second.request().headers()["x-request-attempt"], "1");
    second.answer(status(201));
    assert_eq!(assert_ready(&mut flight).unwrap().status(), 201);
    drop(first);
}

#[test]
fn the_loser_is_dropped_with_the_answer() {
    let clock = ManualClock::new();
    for winner in [0, 1] {
        let (_client, inner, mut flight) = two(&clock, hedged(&clock));
        let mut calls = vec![inner.take_call().unwrap(), inner.take_call().unwrap()];
        calls.remove(winner).answer(status(200));
        let answer = assert_ready(&mut flight).unwrap();
        // Although both the future and the answer are still there.
        assert_eq!(inner.counts().in_flight, 0, "{winner}");
        assert_eq!(clock.sleepers(), 0);
        drop((answer, flight));
        assert_eq!(inner.counts().reservations, 0);
    }
}

/// Or a dependency that is slow and well would use up all there is, by its successes.
#[test]
fn a_quota_has_back_what_a_hedge_cost_once_the_call_succeeds() {
    let clock = ManualClock::new();
    for winner in [0, 1] {
        let budget = Budget::quota(7);
        let (_client, inner, mut flight) = two(&clock, hedged(&clock).budget(budget.clone()));
        assert!(budget.take(Cost::Hedge, None, clock.now()).is_none(), "five of seven are taken");
        let mut calls = vec![inner.take_call().unwrap(), inner.take_call().unwrap()];
        calls.remove(winner).answer(status(200));
        assert_eq!(assert_ready(&mut flight).unwrap().status(), 200);
        assert!(budget.take(Cost::Hedge, None, clock.now()).is_some(), "{winner}");
    }
}

#[test]
fn a_fast_503_does_not_win() {
    let clock = ManualClock::new();
    for fast in [0, 1] {
        let (_client, inner, mut flight) = two(&clock, hedged(&clock));
        let mut calls = vec![inner.take_call().unwrap(), inner.take_call().unwrap()];
        calls.remove(fast).answer(status(503));
        assert_pending(&mut flight);
        calls.remove(0).answer(status(404));
        assert_eq!(assert_ready(&mut flight).unwrap().status(), 404, "an answer all the same");
    }
}

#[test]
fn an_error_does_not_win_either() {
    let clock = ManualClock::new();
    let (_client, inner, mut flight) = two(&clock, hedged(&clock));
    let (first, second) = (inner.take_call().unwrap(), inner.take_call().unwrap());
    second.fail("no route");
    assert_pending(&mut flight);
    first.answer(status(200));
    assert_eq!(assert_ready(&mut flight).unwrap().status(), 200);
}

/// Both bad: the first attempt's is what came back, and one attempt was made.
#[test]
fn where_both_are_bad_the_first_counts() {
    let clock = ManualClock::new();
    for order in [[0, 0], [1, 0]] {
        let (_client, inner, mut flight) = two(&clock, hedged(&clock));
        let mut calls = vec![(inner.take_call().unwrap(), 503), (inner.take_call().unwrap(), 502)];
        for at in order {
            assert_pending(&mut flight);
            let (call, code) = calls.remove(at);
            call.answer(status(code));
        }
        assert_eq!(assert_ready(&mut flight).unwrap().status(), 503);
    }
}

#[test]
fn and_is_repeated_as_ever() {
    let clock = ManualClock::new();
    let builder = up_to(2, &clock).hedge(Hedge::after(ms(50)).at_most_percent(100));
    let (client, inner) = client(builder);
    // Calls that earn more hedges than one.
    for _ in 0..5 {
        assert_ready(send(&client, get())).unwrap();
    }
    inner.hold();
    let mut flight = send(&client, get());
    assert_pending(&mut flight);
    clock.advance(ms(50));
    assert_pending(&mut flight);
    for _ in 0..2 {
        inner.take_call().unwrap().answer(status(503));
    }
    assert_pending(&mut flight);
    clock.advance(ms(100));
    assert_pending(&mut flight);
    let third = inner.take_call().unwrap();
    assert_eq!(Attempt::of(third.request()).number(), 3);
    clock.advance(secs(9));
    assert_pending(&mut flight);
    assert!(inner.take_call().is_none(), "one hedge a call: this one is left alone");
    third.answer(status(200));
    assert_eq!(assert_ready(&mut flight).unwrap().status(), 200);
}

/// A failure before it is time is an ordinary one: it must not make us faster.
#[test]
fn a_failure_before_its_time_sends_no_hedge() {
    let clock = ManualClock::new();
    let (client, inner) = client(hedged(&clock));
    inner.hold();
    let mut flight = send(&client, get());
    assert_pending(&mut flight);
    inner.take_call().unwrap().answer(status(503));
    assert_eq!(assert_ready(&mut flight).unwrap().status(), 503);
    assert_eq!((inner.counts().in_flight, clock.sleepers()), (0, 0));
}

#[test]
fn a_ready_service_arms_no_timer() {
    let clock = ManualClock::new();
    let (client, _inner) = client(hedged(&clock));
    let mut flight = send(&client, get());
    assert_ready(&mut flight).unwrap();
    assert_eq!(clock.sleepers(), 0);
}

#[test]
fn a_post_is_never_hedged() {
    let clock = ManualClock::new();
    let (client, inner) = client(hedged(&clock));
    inner.hold();
    let post = || Request::post("/orders").body(Full::from("lamp")).unwrap();
    let mut flight = send(&client, post());
    assert_pending(&mut flight);
    assert_eq!(clock.sleepers(), 0);
    drop(flight);
    let mut marked = post();
    marked.extensions_mut().insert(Repeatable);
    let mut flight = send(&client, marked);
    assert_pending(&mut flight);
    assert_eq!(clock.sleepers(), 1, "it waits for the time of its hedge");
}

/// A body is sent twice at the same time only once it was read to its end.
#[test]
fn a_body_that_is_still_being_sent_is_not_sent_twice() {
    let clock = ManualClock::new();
    let (service, inner) = mock::service_of();
    inner.hold();
    let client = hedged(&clock).build().unwrap().layer(service);
    let call = |is_read: bool| {
        let body = Frames::new().data("of a lamp");
        let request = Request::put("/lamps").header("idempotency-key", "7").body(body).unwrap();
        let mut flight: Flight = Box::pin(client.clone().oneshot(request));
        assert_pending(&mut flight);
        let (request, _first) = inner.take_call().unwrap().split();
        let mut body: ReplayBody<Frames> = request.into_body();
        if is_read {
            while assert_ready(body.frame()).is_some() {}
        }
        clock.advance(ms(50));
        assert_pending(&mut flight);
        let (second, _call) = inner.take_call()?.split();
        Some(assert_ready(Box::pin(second.into_body().collect())).unwrap().to_bytes())
    };
    assert!(call(false).is_none());
    assert_eq!(call(true).unwrap(), "of a lamp");
}

/// It waits beside the first until an instance is ready, and the first may answer meanwhile.
#[test]
fn a_hedge_never_delays_the_first() {
    let clock = ManualClock::new();
    let budget = Budget::percent(100).floor(0);
    let (client, inner) = client(hedged(&clock).budget(budget.clone()));
    inner.hold();
    let mut flight = send(&client, get());
    assert_pending(&mut flight);
    inner.pending();
    clock.advance(ms(50));
    assert_pending(&mut flight);
    assert_eq!(inner.counts().in_flight, 1);
    assert!(budget.left(clock.now()) < 1.0, "it is taken");
    inner.take_call().unwrap().answer(status(200));
    assert_eq!(assert_ready(&mut flight).unwrap().status(), 200);
    assert!(budget.left(clock.now()) >= 1.0, "and given back, as it was not sent");
}

#[test]
fn an_instance_that_fails_to_be_ready_is_no_hedge() {
    let clock = ManualClock::new();
    let (client, inner) = client(hedged(&clock));
    inner.hold();
    let mut flight = send(&client, get());
    assert_pending(&mut flight);
    inner.fail_readiness("not ready");
    clock.advance(ms(50));
    assert_pending(&mut flight);
    inner.take_call().unwrap().answer(status(200));
    assert_eq!(assert_ready(&mut flight).unwrap().status(), 200);
}

#[test]
fn nobody_pays_for_more_than_the_cap() {
    let clock = ManualClock::new();
    let (client, inner) = client(up_to(1, &clock).hedge(Hedge::after(ms(50)).at_most_percent(5)));
    inner.hold();
    let mut hedges = 0;
    for _ in 0..100 {
        let mut flight = send(&client, get());
        assert_pending(&mut flight);
        clock.advance(ms(50));
        assert_pending(&mut flight);
        hedges += inner.counts().in_flight - 1;
        drop(flight);
        assert_eq!(inner.counts().in_flight, 0);
        while inner.take_call().is_some() {}
    }
    assert_eq!(hedges, 5);
}

/// By the default cap, a tenth: a client with few calls never has ten of them in ten seconds.
#[test]
fn a_client_with_few_calls_hedges_too_and_within_its_share() {
    let clock = ManualClock::new();
    let (client, inner) = client(up_to(1, &clock).hedge(Hedge::after(ms(50))));
    inner.hold();
    let mut hedged = Vec::new();
    for number in 0..40 {
        clock.advance(secs(3));
        let mut flight = send(&client, get());
        assert_pending(&mut flight);
        clock.advance(ms(50));
        assert_pending(&mut flight);
        hedged.extend((inner.counts().in_flight > 1).then_some(number));
        drop(flight);
        while inner.take_call().is_some() {}
    }
    assert_eq!(hedged, [0, 9, 19, 29, 39], "the first at once, and then each tenth");
}

#[test]
fn nor_for_more_than_the_budget() {
    let clock = ManualClock::new();
    let budget = Budget::percent(0).floor(1);
    let (_client, inner, _flight) = two(&clock, hedged(&clock).budget(budget.clone()));
    assert_eq!(inner.counts().in_flight, 2);
    while budget.take(buttress_retry::Cost::Hedge, None, clock.now()).is_some_and(|taken| {
        taken.spend();
        true
    }) {}
    let (client, inner) = client(hedged(&clock).budget(budget));
    inner.hold();
    let mut flight = send(&client, get());
    assert_pending(&mut flight);
    clock.advance(ms(50));
    assert_pending(&mut flight);
    assert_eq!(inner.counts().in_flight, 1);
}

#[test]
fn a_deadline_has_to_leave_as_much_time_again() {
    let clock = ManualClock::new();
    for (left, in_flight) in [(99, 1), (101, 2)] {
        let (client, inner) = client(hedged(&clock));
        inner.hold();
        let mut request = get();
        request.extensions_mut().insert(Deadline::after(clock.now(), ms(left)));
        let mut flight = send(&client, request);
        assert_pending(&mut flight);
        clock.advance(ms(50));
        assert_pending(&mut flight);
        assert_eq!(inner.counts().in_flight, in_flight, "{left}");
    }
}

#[test]
fn a_repeat_of_an_outer_call_is_not_hedged() {
    let clock = ManualClock::new();
    let (client, inner) = client(hedged(&clock));
    inner.hold();
    let mut request = get();
    request.headers_mut().insert("x-request-attempt", "1".parse().unwrap());
    let mut flight = send(&client, request);
    assert_pending(&mut flight);
    assert_eq!(clock.sleepers(), 0);
}

#[test]
fn a_call_that_is_dropped_drops_both() {
    let clock = ManualClock::new();
    let (_client, inner, flight) = two(&clock, hedged(&clock));
    assert_eq!(inner.counts().in_flight, 2);
    drop(flight);
    assert_eq!(
        (inner.counts().in_flight, inner.counts().reservations, clock.sleepers()),
        (0, 0, 0)
    );
}

/// Nobody is woken for nothing, and each wakes the call.
#[test]
fn both_wake_the_call() {
    let clock = ManualClock::new();
    let (_client, inner, mut flight) = two(&clock, hedged(&clock));
    let wakes = Wakes::new();
    assert!(wakes.poll(&mut flight).is_pending());
    let (first, second) = (inner.take_call().unwrap(), inner.take_call().unwrap());
    first.answer(status(503));
    assert_eq!(wakes.count(), 1);
    assert!(wakes.poll(&mut flight).is_pending());
    second.answer(status(200));
    assert_eq!(wakes.count(), 2);
    assert!(wakes.poll(&mut flight).is_ready());
}

/// Of a dependency with a long tail, hedges at the 95th percentile come for one call in twenty, and stay there: a hedge
/// that wins tells nothing of how long the first would have taken.
#[test]
fn hedging_does_not_lower_its_own_delay() {
    let clock = ManualClock::new();
    let hedge = Hedge::at_percentile(95).until_known(secs(3)).at_most_percent(100);
    let builder = up_to(1, &clock).hedge(hedge).budget(Budget::dangerous_unlimited());
    let (client, inner) = client(builder);
    inner.hold();
    let dice = Dice::seeded(7);
    // Half of them within 20 ms, one in twenty longer than 200.
    let took = |dice: &Dice| (10_000 / (dice.below(1_000) + 1)).min(2_000);
    let (mut hedges, calls) = (0, 4_000);
    for call in 0..calls {
        let mut flight = send(&client, get());
        let first_takes = ms(took(&dice));
        let mut sent: Vec<(_, Duration)> = Vec::new();
        let began = clock.now();
        let answer = loop {
            if let std::task::Poll::Ready(answer) = buttress_testkit::poll::poll_once(&mut flight) {
                break answer.unwrap();
            }
            while let Some(attempt) = inner.take_call() {
                let takes = if sent.is_empty() { first_takes } else { ms(took(&dice)) };
                sent.push((Some(attempt), clock.now() - began + takes));
            }
            clock.advance(ms(1));
            for (attempt, due) in &mut sent {
                if clock.now() - began >= *due
                    && let Some(attempt) = attempt.take()
                {
                    attempt.answer(Response::new(Full::default()));
                }
            }
        };
        drop(answer);
        hedges += if call >= calls / 2 { sent.len() - 1 } else { 0 };
    }
    // If hedges that won counted as fast, more and more calls would have one.
    let percent = hedges * 100 / (calls / 2);
    assert!((3..=7).contains(&percent), "{percent} percent of the calls were hedged");
}

/// The same for any call at all.
mod of_any_call {
    use std::cell::Cell;
    use std::pin::Pin;
    use std::rc::Rc;

    use buttress_retry::{Retry, RetryPolicy};
    use tokio::sync::oneshot;

    use super::*;

    fn policy(clock: &ManualClock, tries: u32) -> RetryPolicy<ManualClock> {
        let hedge = Hedge::after(ms(50)).at_most_percent(100);
        let retry = Retry::up_to(tries).hedge(hedge).clock(clock.clone()).timer(clock.clone());
        retry.build_policy().unwrap()
    }

    /// Attempts that end when the test says so, and how many are under way.
    type Ends = Vec<oneshot::Sender<Result<u32, &'static str>>>;

    #[derive(Clone, Default)]
    struct Calls {
        ends: Rc<Cell<Ends>>,
        under_way: Rc<Cell<usize>>,
    }

    struct UnderWay(Rc<Cell<usize>>);

    impl Drop for UnderWay {
        fn drop(&mut self) {
            self.0.set(self.0.get() - 1);
        }
    }

    impl Calls {
        fn begin(&self) -> Pin<Box<dyn Future<Output = Result<u32, &'static str>>>> {
            let (end, ended) = oneshot::channel();
            let mut ends = self.ends.take();
            ends.push(end);
            self.ends.set(ends);
            self.under_way.set(self.under_way.get() + 1);
            let guard = UnderWay(self.under_way.clone());
            Box::pin(async move {
                let _guard = guard;
                ended.await.unwrap_or(Err("nobody said"))
            })
        }

        fn end(&self, at: usize, with: Result<u32, &'static str>) {
            let mut ends = self.ends.take();
            let _ = ends.remove(at).send(with);
            self.ends.set(ends);
        }
    }

    #[test]
    fn the_first_good_one_wins_and_the_other_goes() {
        for fast in [0, 1] {
            let (clock, calls) = (ManualClock::new(), Calls::default());
            let policy = policy(&clock, 1);
            let mut run = Box::pin(policy.run(|_| calls.begin()));
            assert_pending(run.as_mut());
            clock.advance(ms(50));
            assert_pending(run.as_mut());
            assert_eq!(calls.under_way.get(), 2);
            calls.end(fast, Ok(7));
            assert_eq!(assert_ready(run.as_mut()), Ok(7));
            assert_eq!((calls.under_way.get(), clock.sleepers()), (0, 0));
        }
    }

    #[test]
    fn a_fast_failure_does_not_win_and_both_are_one_attempt() {
        let (clock, calls) = (ManualClock::new(), Calls::default());
        let policy = policy(&clock, 1);
        let mut run = Box::pin(policy.run(|_| calls.begin()));
        assert_pending(run.as_mut());
        clock.advance(ms(50));
        assert_pending(run.as_mut());
        calls.end(1, Err("second"));
        assert_pending(run.as_mut());
        calls.end(0, Err("first"));
        assert_eq!(assert_ready(run.as_mut()), Err("first"));
    }

    #[test]
    fn attempts_have_numbers_of_their_own() {
        let (clock, calls) = (ManualClock::new(), Calls::default());
        let policy = policy(&clock, 2);
        let numbers = Rc::new(std::cell::RefCell::new(Vec::new()));
        let noted = numbers.clone();
        let mut run = Box::pin(policy.run(|attempt| {
            noted.borrow_mut().push(attempt.number());
            calls.begin()
        }));
        assert_pending(run.as_mut());
        clock.advance(ms(50));
        assert_pending(run.as_mut());
        calls.end(0, Err("first"));
        calls.end(0, Err("second"));
        assert_pending(run.as_mut());
        clock.advance(secs(2));
        assert_pending(run.as_mut());
        clock.advance(secs(2));
        assert_pending(run.as_mut());
        calls.end(0, Ok(7));
        assert_eq!(assert_ready(run.as_mut()), Ok(7));
        assert_eq!(*numbers.borrow(), [1, 2, 3]);
    }
}
