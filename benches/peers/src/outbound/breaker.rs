//! Circuit breakers that are closed, and some that are open.

use std::sync::OnceLock;
use std::time::Duration;

use breaker::tower::BreakerLayer;
use breaker::{CircuitBreaker, CircuitBreakerConfig};
use buttress_benches::cases::outbound::{
    AS_ERROR, CLOSED, FILLED, FULL, Nothing, SMALL, answers, calls, in_runtime, plain, refusals,
    typed,
};
use buttress_benches::{Case, Hello, Run};
use http::StatusCode;
use seatbelt::breaker::{Breaker, BreakerLayer as SeatbeltLayer};
use seatbelt::typestates::Set;
use tower::Layer;
use tower_resilience_circuitbreaker::{
    CircuitBreakerConfigBuilder, CircuitBreakerLayer, DefaultClassifier, SlidingWindowType,
};

use super::{Answered, Asked, SEATBELT, context, instead, is_failure, recovery};

const HOUR: Duration = Duration::from_secs(3_600);

pub(super) fn cases() -> Vec<Case> {
    let streak = || CircuitBreakerLayer::builder().consecutive_failures(5);
    vec![
        Case::peer(CLOSED, "tower-resilience 0.14, in a row", through(streak())).on_two_threads(),
        Case::peer(CLOSED, "tower-resilience 0.14, rate of calls", through(of_calls(1_000)))
            .on_two_threads(),
        Case::peer(CLOSED, SEATBELT, seatbelt()).on_two_threads(),
        Case::peer(CLOSED, "breaker 2.0, errors alone", by_breaker()).on_two_threads(),
        Case::peer(FILLED, "tower-resilience 0.14, of calls", after(10_000, || of_calls(10_000))),
        Case::peer(FILLED, "tower-resilience 0.14, in a time", after(10_000, in_an_hour)),
        Case::peer(
            FULL,
            "tower-resilience 0.14, of calls",
            after(1_000_000, || of_calls(1_000_000)),
        ),
        Case::peer(SMALL, "tower-resilience 0.14", small()),
        Case::peer(SMALL, "breaker 2.0", small_by_breaker()),
        Case::peer(AS_ERROR, "tower-resilience 0.14", refused()),
    ]
}

type Builder = CircuitBreakerConfigBuilder<DefaultClassifier>;

fn of_calls(size: usize) -> Builder {
    CircuitBreakerLayer::builder()
        .failure_rate_threshold(0.5)
        .minimum_number_of_calls(20)
        .sliding_window_size(size)
}

fn in_an_hour() -> Builder {
    of_calls(20).sliding_window_type(SlidingWindowType::TimeBased).sliding_window_duration(HOUR)
}

fn through(builder: Builder) -> Run {
    let judge = |answered: &Answered| answered.as_ref().is_ok_and(is_failure);
    let layer = builder.failure_classifier(judge).build().expect("the settings are right");
    calls(layer.layer(Hello), plain)
}

/// With so many calls before.
fn after(before: u64, builder: fn() -> Builder) -> Run {
    let run = OnceLock::new();
    Box::new(move |times| {
        let run = run.get_or_init(|| {
            let run = through(builder());
            run(before);
            run
        });
        run(times);
    })
}

/// One rule, which is a rate in a time.
pub(super) fn seatbelt_layer() -> SeatbeltLayer<Asked, Answered, Set, Set> {
    Breaker::layer("payments", &context())
        .recovery_with(|answered: &Answered, _| recovery(answered))
        .rejected_input(|_, _| instead(StatusCode::SERVICE_UNAVAILABLE))
        .failure_threshold(0.5)
        .min_throughput(20)
        .sampling_duration(HOUR)
}

fn seatbelt() -> Run {
    let run = OnceLock::new();
    in_runtime(Box::new(move |times| {
        run.get_or_init(|| calls(seatbelt_layer().layer(Hello), plain))(times);
    }))
}

/// As a layer it judges no answers: only an `Err` is a failure to it.
fn by_breaker() -> Run {
    calls(breaker_layer().layer(Hello), plain)
}

fn small_by_breaker() -> Run {
    answers(breaker_layer().layer(Nothing), typed::<std::io::Error>)
}

fn breaker_layer() -> BreakerLayer {
    let config = CircuitBreakerConfig::builder().consecutive_failures(5).build();
    BreakerLayer::new(CircuitBreaker::new(config))
}

fn small() -> Run {
    let layer = CircuitBreakerLayer::builder().consecutive_failures(5).build();
    let layer = layer.expect("the settings are right");
    answers(layer.layer(Nothing), typed::<std::io::Error>)
}

fn refused() -> Run {
    let (layer, handle) = CircuitBreakerLayer::builder()
        .wait_duration_in_open(HOUR)
        .build_with_handle()
        .expect("the settings are right");
    tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime")
        .block_on(handle.force_open());
    refusals(layer.layer(Nothing), typed::<std::io::Error>)
}
