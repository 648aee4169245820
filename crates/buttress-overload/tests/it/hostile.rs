//! What nobody should do, and somebody does: bodies that nobody reads, policies that panic, settings beyond all
//! measure.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use buttress_core::Problem;
use buttress_core::clock::{ManualClock, Moment, ms, secs};
use buttress_core::outcome::{BodyKind, Outcome, Ticket};
use buttress_overload::Priority;
use buttress_overload::adaptive::{Adaptive, Aimd, Gradient, LimitPolicy, Seen};
use buttress_overload::bulkhead::Bulkhead;
use buttress_overload::outlier::{EndpointSet, OutlierRules, Outliers};
use buttress_overload::shed::Shed;
use buttress_overload::throttle::Throttle;
use buttress_testkit::poll::assert_ready;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tower::{Layer, Service, ServiceExt};

/// Has a body, and says this of one call in so many.
#[derive(Clone)]
struct Busy {
    /// Of all clones.
    calls: Arc<AtomicU32>,
    one_in: u32,
    status: u16,
}

fn busy(status: u16, one_in: u32) -> Busy {
    Busy { calls: Arc::default(), one_in, status }
}

impl Service<Request<()>> for Busy {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(
        &mut self,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), Infallible>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        let nth = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        let status = if nth.is_multiple_of(self.one_in) { self.status } else { 200 };
        ready(Ok(Response::builder().status(status).body(Full::from("an answer")).unwrap()))
    }
}

/// Calls a hundred times a second, looks at the status, and reads no body.
fn reads_no_body<S, B>(mut client: S, clock: &ManualClock)
where
    S: Service<Request<()>, Response = Response<B>, Error = Infallible>,
{
    for _ in 0..5_000 {
        clock.advance(ms(10));
        assert_ready(client.ready()).map(|_| ()).unwrap();
        let answer = assert_ready(pin!(client.call(Request::new(())))).unwrap();
        assert!(answer.extensions().get::<Problem>().is_none(), "it is refused");
    }
}

/// If only what was turned away counted, that would be all there is.
#[test]
fn who_reads_no_body_is_not_held_back() {
    let clock = ManualClock::new();
    let throttle = Throttle::builder().clock(clock.clone()).build().unwrap();
    reads_no_body(throttle.layer().layer(busy(429, 100)), &clock);
    assert!(throttle.odds(Priority::Normal) < 1e-9);

    // It grows only as long as it is used, and by what succeeds.
    let policy = Aimd::new().between(1, 9).starting_at(2);
    let limit = Adaptive::by(policy).clock(clock.clone()).build().unwrap();
    reads_no_body(limit.layer().layer(busy(429, u32::MAX)), &clock);
    assert_eq!((limit.limit(), limit.under_way()), (3, 0));

    let shed = Shed::adapting(policy).clock(clock.clone()).timer(clock.clone()).build().unwrap();
    reads_no_body(shed.layer().layer(busy(429, u32::MAX)), &clock);
    assert_eq!((shed.limit(), shed.under_way()), (3, 0));
}

#[test]
fn who_reads_no_body_leaves_no_endpoint_out() {
    let clock = ManualClock::new();
    let endpoints = [busy(503, 3), busy(503, 3)];
    let set = EndpointSet::new(endpoints, |outliers| outliers.clock(clock.clone())).unwrap();
    let outliers = set.outliers().clone();
    reads_no_body(set, &clock);
    assert_eq!(outliers.left_out(), [0; 0], "they fail, and never five times in a row");
}

/// The status of gRPC is at the end of its body: without it, a good head is no success.
#[test]
fn who_reads_no_status_has_seen_no_success() {
    let is_left_out = |kind| {
        let outliers = Outliers::of(3).build().unwrap();
        (0..4).for_each(|_| outliers.enter(1).settle(Outcome::Failure));
        let mut unread = outliers.enter(1);
        unread.headed_by(kind);
        drop(unread);
        outliers.enter(1).settle(Outcome::Failure);
        outliers.left_out() == [1]
    };
    assert_eq!([BodyKind::Grpc, BodyKind::Other].map(is_left_out), [true, false]);
}

/// Panics when it is to learn.
#[derive(Debug)]
struct Fragile;

impl LimitPolicy for Fragile {
    fn limit(&self) -> u32 {
        2
    }

    fn learn(&mut self, _: &Seen, _: Moment) -> u32 {
        resume_unwind(Box::new("of a policy"))
    }
}

/// Those that give up after a long time are what it learns from.
fn gives_up<T>(clock: &ManualClock, mut enter: impl FnMut() -> T) {
    for _ in 0..50 {
        let call = enter();
        clock.advance(secs(11));
        let _panicked = catch_unwind(AssertUnwindSafe(|| drop(call)));
    }
}

#[test]
fn a_policy_that_panics_keeps_no_place() {
    let clock = ManualClock::new();
    let shed = Shed::adapting(Fragile).clock(clock.clone()).timer(clock.clone()).build().unwrap();
    gives_up(&clock, || assert_ready(pin!(shed.enter(Priority::Critical))).unwrap());
    assert_eq!(shed.under_way(), 0);

    let limit = Adaptive::by(Fragile).clock(clock.clone()).build().unwrap();
    gives_up(&clock, || limit.enter(Priority::Critical).unwrap());
    assert_eq!(limit.under_way(), 0);
}

/// From nothing to the longest there is.
const TIMES: [Duration; 4] = [Duration::ZERO, Duration::from_nanos(1), secs(86_400), Duration::MAX];
const COUNTS: [u32; 5] = [0, 1, 1 << 20, 1 << 30, u32::MAX];

/// Whatever is set, it is refused, or it works.
#[test]
fn settings_beyond_measure_break_nothing() {
    let clock = ManualClock::new();
    for (time, count) in TIMES.into_iter().flat_map(|time| COUNTS.map(|count| (time, count))) {
        if let Ok(bulkhead) = Bulkhead::of(count).queue(count, time, clock.clone()).build() {
            assert!(bulkhead.try_enter().is_ok(), "{count} {time:?}");
            let _refused = bulkhead.resize(count / 2);
        }
        let shed = Shed::of(count).queue(count, time, clock.clone()).slow(time);
        let shed = [shed.build(), Shed::of(1).timer(clock.clone()).target(time / 3, time).build()];
        for shed in shed.into_iter().flatten() {
            assert!(assert_ready(pin!(shed.enter(Priority::Critical))).is_ok());
            let _refused = shed.resize(count);
        }
        let policy = Gradient::new().between(count.min(7), count).starting_at(count);
        let limit = Adaptive::by(policy.measured_every(time)).slow(time).clock(clock.clone());
        if let Ok(limit) = limit.build() {
            (0..100).for_each(|_| {
                clock.advance(ms(50));
                limit.enter(Priority::Critical).unwrap().settle(Outcome::Success);
            });
        }
        if let Ok(throttle) = Throttle::builder().window(time).clock(clock.clone()).build() {
            (0..100).for_each(|_| throttle.enter(Priority::Low).unwrap().settle(Outcome::Success));
        }
    }
}

#[test]
fn a_set_beyond_measure_is_refused_or_works() {
    for endpoints in [0, 1, 1 << 16, (1 << 16) + 1, usize::MAX] {
        for (time, count) in TIMES.into_iter().flat_map(|time| COUNTS.map(|count| (time, count))) {
            let rules = OutlierRules::new().every(time).left_out_for(time).at_most(time);
            let rules = rules.in_a_row(Some(count)).least_calls(count).least_endpoints(endpoints);
            if let Ok(set) = Outliers::of(endpoints).rules(rules).build() {
                set.enter(endpoints - 1).settle(Outcome::Failure);
                set.enter(usize::MAX).settle(Outcome::Failure);
                assert!(set.in_turn().next().is_some());
            }
        }
        assert_eq!(Outliers::of(endpoints).build().is_ok(), (1..=1 << 16).contains(&endpoints));
    }
}
