//! The limiter on the way out.

mod contract;
mod cost;
#[cfg(feature = "redis")]
mod fleet;
mod turns;

use std::time::Duration;

use buttress_core::clock::ManualClock;
use buttress_core::key::{ByHost, host};
use buttress_core::outcome::LocalRefusal;
use buttress_core::{Code, Problem};
use buttress_ratelimit::store::{Memory, Queued};
use buttress_ratelimit::throttle::{ByKey, ThrottleBuilder, ThrottleLayer};
use buttress_ratelimit::{Algorithm, Quota};
use buttress_testkit::{mock, poll};
use http::{Request, StatusCode};
use tower::{BoxError, Layer, ServiceExt, service_fn};

const SECOND: Duration = Duration::from_secs(1);

type ByHostInMemory = ThrottleBuilder<ByKey<ByHost>, Queued<Memory, ManualClock>>;

/// By host, in memory, on this clock.
fn on(clock: &ManualClock, quota: Quota) -> ByHostInMemory {
    ThrottleBuilder::http(quota, host())
        .engine(Memory::new().clock(clock.clone()))
        .timer(clock.clone())
}

fn layer(
    clock: &ManualClock,
    quota: Quota,
) -> ThrottleLayer<ByKey<ByHost>, Queued<Memory, ManualClock>> {
    on(clock, quota).build().unwrap()
}

fn to(host: &str) -> Request<()> {
    Request::get(format!("http://{host}/")).body(()).unwrap()
}

#[test]
fn what_there_is_no_room_for_is_refused_with_a_response() {
    let (clock, (service, inner)) = (ManualClock::new(), mock::service());
    let client = layer(&clock, Quota::per_minute(2)).layer(service);
    let send = |host| poll::assert_ready(client.clone().oneshot(to(host))).unwrap();
    assert_eq!([send("a.internal").status(), send("a.internal").status()], [StatusCode::OK; 2]);
    clock.advance(Duration::from_millis(29_500));
    let refused = send("a.internal");
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.headers()["retry-after"], "1", "rounded up");
    assert_eq!(refused.extensions().get::<Problem>().unwrap().code(), Code::THROTTLED_LOCALLY);
    assert!(refused.extensions().get::<LocalRefusal>().is_some(), "nobody was asked");
    assert_eq!(send("b.internal").status(), 200, "another key");
    assert_eq!(inner.counts().calls, 3);

    clock.advance(Duration::from_millis(500));
    assert_eq!(send("a.internal").status(), 200, "exactly then");
    assert_eq!(send("a.internal").status(), 503);
}

#[test]
fn what_is_no_http_is_refused_with_an_error() {
    let clock = ManualClock::new();
    let layer = ThrottleBuilder::any(Quota::per_second(1), |job: &u8, key| {
        key.number(u64::from(*job));
    });
    let layer = layer.engine(Memory::new().clock(clock.clone())).build().unwrap();
    let service = layer.layer(service_fn(async |job: u8| Ok::<_, BoxError>(job)));
    let send = |job| poll::assert_ready(Box::pin(service.clone().oneshot(job)));
    assert_eq!((send(1).unwrap(), send(2).unwrap()), (1, 2));
    let error = send(1).unwrap_err();
    let problem = error.downcast_ref::<Problem>().unwrap();
    assert_eq!((problem.code(), problem.retry_after()), (Code::THROTTLED_LOCALLY, Some(SECOND)));
}

#[test]
fn all_services_of_a_layer_have_one_quota() {
    let clock = ManualClock::new();
    let layer = layer(&clock, Quota::per_second(2));
    let services = [layer.layer(mock::service().0), layer.clone().layer(mock::service().0)];
    let mut statuses = Vec::new();
    for service in services.iter().cycle().take(4) {
        let answer = poll::assert_ready(service.clone().oneshot(to("a.internal")));
        statuses.push(answer.unwrap().status().as_u16());
    }
    assert_eq!(statuses, [200, 200, 503, 503]);
}

#[test]
fn what_is_wrong_is_refused_at_once() {
    let faults = |builder: ThrottleBuilder<ByKey<ByHost>, Memory>| {
        let error = builder.build().unwrap_err();
        error.faults().iter().map(|fault| fault.path().to_owned()).collect::<Vec<_>>()
    };
    let http = |quota| ThrottleBuilder::http(quota, host());
    assert_eq!(faults(http(Quota::per_second(1).queue(SECOND))), ["quota.queue"]);
    assert_eq!(faults(http(Quota::at_once(3))), ["quota"]);
    let window = Quota::per_second(1).algorithm(Algorithm::FixedWindow).burst(2).queue(SECOND);
    let named = http(window).named("").most_waiting(0);
    assert_eq!(
        faults(named),
        ["quota.burst", "quota.queue", "quota.queue", "most_waiting", "name"]
    );
    // As the names of policies: it stands in metrics, and among the keys of a store.
    for name in ["a b", "a{b}", "a:b", "\n", &"a".repeat(65)] {
        assert_eq!(faults(http(Quota::per_second(1)).named(name.to_owned())), ["name"], "{name}");
    }
}

#[test]
fn nothing_of_it_is_told_in_debug() {
    let clock = ManualClock::new();
    let builder = on(&clock, Quota::per_second(1));
    assert!(format!("{builder:?}").contains("ThrottleBuilder"));
    let service = builder.build().unwrap().layer(());
    let debug = format!("{service:?}");
    assert!(debug.contains("Throttle") && debug.contains("waiting: 0"), "{debug}");
}
