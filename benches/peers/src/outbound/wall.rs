//! The same parts, one around another.

use std::sync::OnceLock;
use std::time::Duration;

use buttress_benches::cases::outbound::{
    PLAIN_WALL, WALL, WALL_BODY, calls, empty, fixed, in_runtime, plain,
};
use buttress_benches::{Case, Hello, Run};
use tower::ServiceBuilder;
use tower_resilience_bulkhead::BulkheadLayer;
use tower_resilience_circuitbreaker::CircuitBreakerLayer;
use tower_resilience_retry::{RetryBudgetBuilder, RetryLayer};
use tower_resilience_timelimiter::TimeLimiterLayer;

use super::{Answer, Asked, RESILIENCE, breaker, is_failure, limits, retry};

const CALL: Duration = Duration::from_secs(30);
const ATTEMPT: Duration = Duration::from_secs(5);

pub(super) fn cases() -> Vec<Case> {
    let groups: [(_, fn() -> Asked); 3] = [(PLAIN_WALL, plain), (WALL, empty), (WALL_BODY, fixed)];
    let sides = |(group, request): (&'static str, fn() -> Asked)| {
        [
            Case::peer(group, RESILIENCE, in_runtime(resilience(request))).on_two_threads(),
            Case::peer(group, "seatbelt 0.11, no budget, no bulkhead", seatbelt(request))
                .on_two_threads(),
        ]
    };
    groups.into_iter().flat_map(sides).collect()
}

/// Its breaker counts five failures in a row, as it has no rule for five in a time.
fn resilience(request: fn() -> Asked) -> Run {
    let budget = RetryBudgetBuilder::new().token_bucket().build().expect("the settings are right");
    let retry = RetryLayer::builder()
        .max_attempts(3)
        .exponential_backoff(Duration::from_millis(100))
        .retry_on_response(is_failure)
        .budget(budget)
        .build();
    let breaker = CircuitBreakerLayer::builder()
        .consecutive_failures(5)
        .failure_classifier(is_any_failure)
        .build()
        .expect("the settings are right");
    let bulkhead = BulkheadLayer::builder().max_concurrent_calls(64).reject_when_full().build();
    let wall = ServiceBuilder::new()
        .layer(TimeLimiterLayer::builder().timeout_duration(CALL).build())
        .layer(retry)
        .layer(breaker)
        .layer(bulkhead.expect("the settings are right"))
        .layer(TimeLimiterLayer::builder().timeout_duration(ATTEMPT).build())
        .service(Hello);
    calls(wall, request)
}

fn is_any_failure<E>(result: &Result<Answer, E>) -> bool {
    result.as_ref().map_or(true, is_failure)
}

/// It has neither a budget nor a bulkhead; and its retry calls what was not polled ready, so that tower's limit panics
/// inside.
fn seatbelt(request: fn() -> Asked) -> Run {
    let run = OnceLock::new();
    in_runtime(Box::new(move |times| {
        let run = run.get_or_init(|| {
            let wall = ServiceBuilder::new()
                .layer(limits::seatbelt_layer(CALL))
                .layer(retry::seatbelt_layer())
                .layer(breaker::seatbelt_layer())
                .layer(limits::seatbelt_layer(ATTEMPT))
                .service(Hello);
            calls(wall, request)
        });
        run(times);
    }))
}
