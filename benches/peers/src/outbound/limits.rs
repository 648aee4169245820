//! Time-outs and bulkheads.

use std::sync::OnceLock;
use std::time::Duration;

use buttress_benches::cases::outbound::{BULKHEAD, PENDING, READY, Slow, calls, in_runtime, plain};
use buttress_benches::{Case, Hello, Run};
use http::StatusCode;
use seatbelt::timeout::{Timeout, TimeoutLayer as SeatbeltLayer};
use seatbelt::typestates::Set;
use tower::Layer;
use tower::limit::ConcurrencyLimitLayer;
use tower::timeout::TimeoutLayer;
use tower_resilience_bulkhead::BulkheadLayer;
use tower_resilience_timelimiter::TimeLimiterLayer;

use super::{Answered, Asked, RESILIENCE, SEATBELT, context, instead};

const TIME: Duration = Duration::from_secs(5);

pub(super) fn cases() -> Vec<Case> {
    let (tower, limiter) =
        (TimeoutLayer::new(TIME), TimeLimiterLayer::builder().timeout_duration(TIME).build());
    let bulkhead = BulkheadLayer::builder().max_concurrent_calls(64).reject_when_full().build();
    let bulkhead = bulkhead.expect("the settings are right").layer(Hello);
    // It waits without end for a permit, and takes it in `poll_ready`.
    let limited = ConcurrencyLimitLayer::new(64).layer(Hello);
    vec![
        Case::peer(READY, "tower 0.5", in_runtime(calls(tower.layer(Hello), plain))),
        Case::peer(READY, RESILIENCE, in_runtime(calls(limiter.layer(Hello), plain))),
        Case::peer(READY, SEATBELT, seatbelt(|| calls(seatbelt_layer(TIME).layer(Hello), plain))),
        Case::peer(PENDING, "tower 0.5", in_runtime(calls(tower.layer(Slow), plain))),
        Case::peer(PENDING, RESILIENCE, in_runtime(calls(limiter.layer(Slow), plain))),
        Case::peer(PENDING, SEATBELT, seatbelt(|| calls(seatbelt_layer(TIME).layer(Slow), plain))),
        Case::peer(BULKHEAD, "tower 0.5, ConcurrencyLimit", calls(limited, plain)).on_two_threads(),
        Case::peer(BULKHEAD, RESILIENCE, in_runtime(calls(bulkhead, plain))).on_two_threads(),
    ]
}

pub(super) fn seatbelt_layer(time: Duration) -> SeatbeltLayer<Asked, Answered, Set, Set> {
    Timeout::layer("payments", &context())
        .timeout_output(|_| instead(StatusCode::GATEWAY_TIMEOUT))
        .timeout(time)
}

/// Made when it is first needed, inside of a runtime.
fn seatbelt(make: fn() -> Run) -> Run {
    let run = OnceLock::new();
    in_runtime(Box::new(move |times| run.get_or_init(make)(times)))
}
