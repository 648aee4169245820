//! A deadline only ever comes closer: across scopes, clocks and hops.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context as Cx, Waker};
use std::time::Duration;

use buttress_core::clock::{Clock, ManualClock, Moment, SystemClock, Timestamp, ms, secs};
use buttress_core::deadline::Wire;
use buttress_core::stage::{Gate, RequestHead};
use buttress_core::{Context, Deadline};
use buttress_testkit::{allocations, poll};
use http::{HeaderName, HeaderValue, Request};
use proptest::prelude::*;

const PLAIN: &str = "x-request-timeout-ms";
const GRPC: &str = "grpc-timeout";

fn at(nanos: u64) -> Deadline {
    Deadline::at(Moment::from_nanos(nanos))
}

fn request(headers: &[(&'static str, &str)]) -> Request<()> {
    let mut request = Request::new(());
    for (name, value) in headers {
        let name = HeaderName::from_static(name);
        request.headers_mut().append(name, HeaderValue::from_str(value).unwrap());
    }
    request
}

fn values<'a>(request: &'a Request<()>, name: &str) -> Vec<&'a str> {
    request.headers().get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
}

#[test]
fn it_is_over_when_nothing_is_left() {
    let deadline = at(1_000);
    for now in [0, 999, 1_000, 1_001].map(Moment::from_nanos) {
        assert_eq!(deadline.is_over(now), deadline.remaining(now).is_zero());
    }
    assert!(deadline.is_over(Moment::from_nanos(1_000)) && !deadline.is_over(Moment::FIRST));
}

#[test]
fn the_sooner_of_two_scopes_counts_and_the_outer_one_comes_back() {
    assert_eq!(Deadline::current(), None);
    let outer = at(50).enter();
    {
        let _later = at(60).enter();
        assert_eq!(Deadline::current(), Some(at(50)), "not the innermost: the soonest");
        let _sooner = at(40).enter();
        assert_eq!(Deadline::current(), Some(at(40)));
    }
    assert_eq!(Deadline::current(), Some(at(50)));
    drop(outer);
    assert_eq!(Deadline::current(), None);
}

#[test]
fn the_end_of_time_is_no_deadline() {
    let _entered = Deadline::at(Moment::LAST).enter();
    assert_eq!(Deadline::current(), None);
}

#[test]
fn a_panic_ends_the_scope() {
    let _outer = at(50).enter();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _inner = at(40).enter();
        panic!("inside");
    }));
    assert!(panicked.is_err());
    assert_eq!(Deadline::current(), Some(at(50)));

    let mut future = pin!(at(30).scope(async { panic!("inside") }));
    let polled = catch_unwind(AssertUnwindSafe(|| {
        let cx = &mut Cx::from_waker(Waker::noop());
        future.as_mut().poll(cx)
    }));
    assert!(polled.is_err());
    assert_eq!(Deadline::current(), Some(at(50)));
}

/// Two calls on one thread are polled in turn, and each sees its own.
#[test]
fn futures_side_by_side_have_scopes_of_their_own() {
    async fn seen() -> [Option<Deadline>; 2] {
        let before = Deadline::current();
        tokio::task::yield_now().await;
        [before, Deadline::current()]
    }
    let mut first = Box::pin(at(1).scope(seen()));
    let mut second = Box::pin(at(2).scope(seen()));
    let mut unscoped = Box::pin(seen());
    poll::assert_pending(&mut first);
    poll::assert_pending(&mut second);
    poll::assert_pending(&mut unscoped);
    assert_eq!(Deadline::current(), None, "nothing is left behind between polls");
    assert_eq!(poll::assert_ready(&mut unscoped), [None, None]);
    assert_eq!(poll::assert_ready(&mut second), [Some(at(2)); 2]);
    assert_eq!(poll::assert_ready(&mut first), [Some(at(1)); 2]);
}

#[tokio::test]
async fn what_is_spawned_is_outside() {
    let spawned = at(1).scope(async { tokio::spawn(async { Deadline::current() }).await.unwrap() });
    assert_eq!(spawned.await, None);
    let _entered = at(1).enter();
    assert_eq!(std::thread::spawn(Deadline::current).join().unwrap(), None);
}

#[test]
fn a_scope_costs_no_allocation() {
    let scoped = at(1).scope(async { Deadline::current() });
    let mut scoped = pin!(scoped);
    let seen = allocations::assert_exactly(0, || {
        let _entered = at(2).enter();
        poll::poll_once(scoped.as_mut())
    });
    assert_eq!(seen, std::task::Poll::Ready(Some(at(1))));
}

#[test]
fn the_soonest_of_request_context_and_scope_counts() {
    let clock = ManualClock::new();
    let within = |time: u64| Deadline::after(clock.now(), secs(time));
    let stage = Context::builder().clock(clock.clone()).build().unwrap();

    for (own, context, scope, soonest) in [
        (None, None, None, None),
        (Some(3), Some(2), Some(1), Some(1)),
        (Some(2), Some(1), Some(3), Some(1)),
        (Some(1), Some(3), Some(2), Some(1)),
        (None, Some(4), None, Some(4)),
    ] {
        let mut request = Request::new(());
        let _memo = Gate::enter(&stage, &mut request).unwrap();
        if let Some(time) = context {
            request.context().unwrap().shorten_deadline(within(time));
        }
        if let Some(time) = own {
            request.extensions_mut().insert(within(time));
        }
        let _around = scope.map(|time| within(time).enter());
        assert_eq!(Deadline::of(&request, &clock), soonest.map(within));
    }
}

#[test]
fn a_deadline_of_another_clock_keeps_what_is_left() {
    let (inbound, outbound) = (ManualClock::new(), ManualClock::new());
    for ahead in [&inbound, &outbound] {
        ahead.advance(secs(3_600));
        let stage = Context::builder().clock(inbound.clone()).build().unwrap();
        let mut request = request(&[(PLAIN, "5000")]);
        let _memo = Gate::enter(&stage, &mut request).unwrap();
        inbound.advance(secs(2));

        let left = Deadline::of(&request, &outbound).unwrap().remaining(outbound.now());
        assert_eq!(left, secs(3), "by how much one clock is ahead does not matter");
        inbound.advance(secs(60));
        assert!(Deadline::of(&request, &outbound).unwrap().is_over(outbound.now()));
    }
}

/// The thread may be held up between its looks at the two clocks.
#[test]
fn a_pause_on_the_way_to_another_clock_makes_it_shorter() {
    #[derive(Debug)]
    struct Slow(ManualClock);

    impl Clock for Slow {
        fn now(&self) -> Moment {
            self.0.advance(secs(1));
            self.0.now()
        }

        fn wall(&self) -> Timestamp {
            self.0.wall()
        }
    }

    let clock = Slow(ManualClock::new());
    let deadline = Deadline::after(clock.0.now(), secs(30));
    assert!(deadline.moved(&clock, &clock) < deadline);
}

#[test]
fn what_is_written_is_what_is_left_unless_less_is_there() {
    let now = Moment::from_nanos(77);
    let wire = Wire::default();
    for (given, left, written) in [
        (&[][..], ms(1_500), "1500"),
        (&[], Duration::from_micros(999_999), "999"),
        (&[], Duration::ZERO, "0"),
        (&["2000"], ms(1_500), "1500"),
        (&["100"], ms(1_500), "100"),
        (&["1500"], ms(1_500), "1500"),
        (&["soon"], ms(1_500), "1500"),
        (&["-1"], ms(1_500), "1500"),
        // Whichever of them the next hop reads: it has the shortest.
        (&["5000", "100"], ms(1_500), "100"),
        (&["100", "5000"], ms(1_500), "100"),
        (&["5000", "soon"], ms(1_500), "1500"),
        (&["soon", "5000"], secs(9), "5000"),
    ] {
        let given: Vec<_> = given.iter().map(|value| (PLAIN, *value)).collect();
        let mut request = request(&given);
        wire.write(Deadline::after(now, left), &mut request, now);
        assert_eq!(values(&request, PLAIN), [written], "{given:?}");
        assert_eq!(values(&request, GRPC), [""; 0]);
    }
}

#[test]
fn grpc_has_a_header_of_its_own() {
    let now = Moment::FIRST;
    let deadline = Deadline::after(now, secs(2));
    for wire in [Wire::default(), Wire::grpc_alone()] {
        let mut call = request(&[("content-type", "application/grpc+proto"), (PLAIN, "1")]);
        wire.write(deadline, &mut call, now);
        assert_eq!((values(&call, GRPC), values(&call, PLAIN)), (vec!["2000000u"], vec!["1"]));
        assert_eq!(wire.read(&call, now), Some(deadline));
    }
    let mut plain = Request::new(());
    Wire::grpc_alone().write(deadline, &mut plain, now);
    assert!(plain.headers().is_empty());

    Wire::new(HeaderName::from_static("x-left")).write(deadline, &mut plain, now);
    assert_eq!(plain.headers()["x-left"], "2000");
    assert_eq!(Wire::default().read(&plain, now), None);
}

#[test]
fn before_it_is_sent_again_only_what_is_there_is_brought_up_to_date() {
    let now = Moment::FIRST;
    let deadline = Deadline::after(now, secs(2));
    let wire = Wire::default();

    let mut silent = Request::new(());
    wire.refresh(deadline, &mut silent, now);
    assert!(silent.headers().is_empty());

    let mut both = request(&[(PLAIN, "3000"), (GRPC, "3S")]);
    wire.refresh(deadline, &mut both, now + ms(500));
    assert_eq!((values(&both, PLAIN), values(&both, GRPC)), (vec!["1500"], vec!["1500000u"]));

    let mut shorter = request(&[(PLAIN, "300"), (GRPC, "300m")]);
    wire.refresh(deadline, &mut shorter, now + ms(500));
    assert_eq!((values(&shorter, PLAIN), values(&shorter, GRPC)), (vec!["300"], vec!["300m"]));
}

#[test]
fn writing_allocates_for_the_number_alone() {
    let now = Moment::FIRST;
    let wire = Wire::default();
    let deadline = Deadline::after(now, secs(2));
    // The map has grown, and forgets nothing but the name.
    let cleared = |kind| {
        let mut request = request(&[("content-type", kind), (PLAIN, "1"), (GRPC, "1u")]);
        request.headers_mut().remove(PLAIN);
        request.headers_mut().remove(GRPC);
        request
    };
    for (kind, spent, most) in
        [("text/plain", ms(1_001), 0), ("text/plain", ms(0), 1), ("application/grpc", ms(1_001), 1)]
    {
        let mut request = cleared(kind);
        allocations::assert_exactly(most, || wire.write(deadline, &mut request, now + spent));
        assert_eq!(request.headers().len(), 2);
    }
    let given = request(&[(PLAIN, "5000")]);
    allocations::assert_exactly(0, || wire.read(&given, now));
}

proptest! {
    /// However many hops there are, whatever was written before, and however slow each is.
    #[test]
    fn a_deadline_only_shrinks(
        first in 0_u64..100_000_000_000,
        hops in prop::collection::vec((0_u64..20_000_000_000, 0_u64..100_000_000_000, any::<bool>()), 1..6),
        noise in "[0-9umSHn.-]{0,12}",
    ) {
        let wire = Wire::default();
        let mut left = Duration::from_nanos(first);
        for (spent, longer, is_grpc) in hops {
            // Each machine has a clock of its own.
            let clock = ManualClock::new();
            clock.advance(Duration::from_nanos(longer));
            let deadline = Deadline::after(clock.now(), left).or_sooner(Deadline::after(clock.now(), left + ms(longer)));
            let _call = deadline.enter();
            clock.advance(Duration::from_nanos(spent));
            left = left.saturating_sub(Duration::from_nanos(spent));

            let kind = if is_grpc { "application/grpc" } else { "application/json" };
            let name = if is_grpc { GRPC } else { PLAIN };
            let mut outgoing = request(&[("content-type", kind), (name, noise.as_str())]);
            let current = Deadline::of(&outgoing, &SystemClock).unwrap();
            wire.write(current, &mut outgoing, clock.now());
            let arrived = wire.read(&outgoing, clock.now()).unwrap().remaining(clock.now());
            prop_assert!(arrived <= left, "{arrived:?} {left:?}");
            left = arrived;
        }
    }

    /// As much is left as was, or less; never more, wherever the clocks stand.
    #[test]
    fn a_move_to_another_clock_lengthens_nothing(a in 0_u64..u64::MAX / 2, b in 0_u64..u64::MAX / 2, left: u64) {
        let (from, to) = (ManualClock::new(), ManualClock::new());
        from.advance(Duration::from_nanos(a));
        to.advance(Duration::from_nanos(b));
        let deadline = Deadline::after(from.now(), Duration::from_nanos(left));
        let moved = deadline.moved(&from, &to).remaining(to.now());
        prop_assert!(moved <= deadline.remaining(from.now()));
        if left < u64::MAX / 4 {
            prop_assert_eq!(moved, Duration::from_nanos(left));
        }
    }
}
