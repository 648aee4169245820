//! What a throttle costs, and what it counts.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::time::Duration;

use buttress_core::clock::ManualClock;
use buttress_core::metrics::Metrics;
use buttress_ratelimit::{Quota, throttle};
use buttress_testkit::page::Page;
use buttress_testkit::{allocations, mock, poll};
use http::{Request, Response};
use tower::{Layer, Service, ServiceExt, service_fn};

use super::{SECOND, layer, on, to};

fn bare(_: Request<()>) -> Ready<Result<Response<()>, Infallible>> {
    ready(Ok(Response::new(())))
}

#[test]
fn what_need_not_wait_allocates_nothing() {
    let clock = ManualClock::new();
    let mut service = layer(&clock, Quota::per_second(2).queue(SECOND)).layer(service_fn(bare));
    let mut request = Some(to("a.internal"));
    // The first one makes the table.
    assert!(poll::assert_ready(service.call(to("b.internal"))).is_ok());
    let (answer, counted) = allocations::of(|| {
        let request = request.take().unwrap();
        poll::assert_ready(service.call(request))
    });
    assert_eq!((answer.unwrap().status().as_u16(), counted.allocations()), (200, 0));
}

/// What it holds, its place and its sleep; the first one makes the line. What a clock by hand allocates comes with the
/// polls.
#[test]
fn what_waits_allocates_three_times_and_the_first_for_the_line() {
    let clock = ManualClock::new();
    let quota = Quota::per_second(1).queue(Duration::from_secs(9));
    let mut service = layer(&clock, quota).layer(service_fn(bare));
    assert!(poll::assert_ready(service.call(to("a.internal"))).is_ok());
    let mut call = || {
        let mut request = Some(to("a.internal"));
        allocations::of(|| service.call(request.take().unwrap()))
    };
    let (mut first, for_the_first) = call();
    let (second, for_the_second) = call();
    assert_eq!((for_the_first.allocations(), for_the_second.allocations()), (7, 3));
    poll::assert_pending(&mut first);
    clock.advance(SECOND);
    let (answer, counted) = allocations::of(|| poll::assert_ready(&mut first));
    assert_eq!((answer.unwrap().status().as_u16(), counted.allocations()), (200, 0));
    drop(second);
}

#[test]
fn what_becomes_of_requests_is_counted() {
    let (clock, page) = (ManualClock::new(), Page::default());
    let quota = Quota::per_second(1).queue(Duration::from_secs(3));
    let builder = on(&clock, quota).named("stock").most_waiting(2);
    let layer = builder.metrics(&Metrics::new(page.clone())).build().unwrap();
    let client = layer.layer(mock::service().0);
    let mut all: Vec<_> =
        (0..4).map(|_| Box::pin(client.clone().oneshot(to("a.internal")))).collect();
    let ended = all.iter_mut().filter_map(|one| match poll::poll_once(one) {
        std::task::Poll::Ready(answer) => Some(answer.unwrap().status().as_u16()),
        std::task::Poll::Pending => None,
    });
    assert_eq!(ended.collect::<Vec<_>>(), [200, 503]);
    assert_eq!(
        page.lines(),
        [
            "buttress_ratelimit_throttle_waiting stock: 2",
            "buttress_ratelimit_throttled_total stock crowded: 1",
            "buttress_ratelimit_throttled_total stock passed: 1",
        ]
    );

    clock.advance(SECOND);
    assert!(poll::poll_once(&mut all[1]).is_ready());
    drop(all.remove(2));
    assert_eq!(
        page.lines(),
        [
            "buttress_ratelimit_throttle_seconds stock: 1",
            "buttress_ratelimit_throttled_total stock crowded: 1",
            "buttress_ratelimit_throttled_total stock passed: 1",
            "buttress_ratelimit_throttled_total stock waited: 1",
        ]
    );

    let hasty =
        on(&clock, Quota::per_second(1)).named("stock").metrics(&Metrics::new(page.clone()));
    let client = hasty.build().unwrap().layer(mock::service().0);
    for status in [200, 503] {
        let answer = poll::assert_ready(client.clone().oneshot(to("a.internal")));
        assert_eq!(answer.unwrap().status(), status);
    }
    assert_eq!(page.of("buttress_ratelimit_throttled_total stock refused"), Some(1.0));
    assert!(page.bound().iter().all(|metric| throttle::CATALOGUE.contains(metric)));
}
