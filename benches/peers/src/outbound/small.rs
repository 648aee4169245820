//! Around a call that is no request of HTTP: its errors are failures, and there are none.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use buttress_benches::cases::outbound::{
    Nothing, SMALL_RETRY, SMALL_WALL, Typed, answers, in_runtime, typed,
};
use buttress_benches::{Case, Run};
use seatbelt::breaker::Breaker;
use seatbelt::retry::Retry;
use seatbelt::timeout::Timeout;
use seatbelt::{RecoveryInfo, ResilienceContext};
use tick::Clock;
use tower::retry::budget::{Budget, TpsBudget};
use tower::retry::{Policy, RetryLayer as TowerLayer};
use tower::{Layer, ServiceBuilder};
use tower_resilience_bulkhead::BulkheadLayer;
use tower_resilience_circuitbreaker::CircuitBreakerLayer;
use tower_resilience_retry::{RetryBudgetBuilder, RetryLayer};
use tower_resilience_timelimiter::TimeLimiterLayer;

use super::{RESILIENCE, SEATBELT};

type Asked = Typed<Infallible>;
type Answered = Result<(), Infallible>;

const CALL: Duration = Duration::from_secs(30);
const ATTEMPT: Duration = Duration::from_secs(5);

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::peer(SMALL_RETRY, "tower 0.5, with its budget", tower()),
        Case::peer(
            SMALL_RETRY,
            RESILIENCE,
            answers(retry::<Infallible>().layer(Nothing), typed::<Infallible>),
        ),
        Case::peer(SMALL_RETRY, SEATBELT, seatbelt_retry()),
        Case::peer(SMALL_WALL, RESILIENCE, resilience()).on_two_threads(),
        Case::peer(SMALL_WALL, "seatbelt 0.11, no budget, no bulkhead", seatbelt())
            .on_two_threads(),
    ]
}

fn retry<E>() -> RetryLayer<Asked, (), E> {
    let budget = RetryBudgetBuilder::new().token_bucket().build().expect("the settings are right");
    RetryLayer::builder()
        .max_attempts(3)
        .exponential_backoff(Duration::from_millis(100))
        .budget(budget)
        .build()
}

fn resilience() -> Run {
    let breaker = CircuitBreakerLayer::builder().consecutive_failures(5).build();
    let bulkhead = BulkheadLayer::builder().max_concurrent_calls(64).reject_when_full().build();
    let wall = ServiceBuilder::new()
        .layer(TimeLimiterLayer::builder().timeout_duration(CALL).build())
        .layer(retry())
        .layer(breaker.expect("the settings are right"))
        .layer(bulkhead.expect("the settings are right"))
        .layer(TimeLimiterLayer::builder().timeout_duration(ATTEMPT).build())
        .service(Nothing);
    in_runtime(answers(wall, typed::<Infallible>))
}

/// With a policy as people write it.
fn tower() -> Run {
    let budget = TpsBudget::new(Duration::from_secs(10), 10, 0.2);
    let again = TowerLayer::new(Again { budget: Arc::new(budget), left: 2 });
    answers(again.layer(Nothing), typed::<Infallible>)
}

#[derive(Clone)]
struct Again {
    budget: Arc<TpsBudget>,
    left: u32,
}

impl Policy<Asked, (), Infallible> for Again {
    type Future = Ready<()>;

    fn retry(&mut self, _: &mut Asked, result: &mut Answered) -> Option<Ready<()>> {
        if result.is_ok() {
            self.budget.deposit();
            return None;
        }
        self.left = self.left.checked_sub(1)?;
        self.budget.withdraw().then(|| ready(()))
    }

    fn clone_request(&mut self, request: &Asked) -> Option<Asked> {
        Some(request.clone())
    }
}

fn context() -> ResilienceContext<Asked, Answered> {
    ResilienceContext::new(Clock::new_tokio())
}

fn recovery(answered: &Answered) -> RecoveryInfo {
    if answered.is_ok() { RecoveryInfo::never() } else { RecoveryInfo::retry() }
}

/// It has no budget.
fn seatbelt_retry() -> Run {
    let run = OnceLock::new();
    in_runtime(Box::new(move |times| {
        let run = run.get_or_init(|| {
            let retry = Retry::layer("payments", &context())
                .clone_input()
                .recovery_with(|answered: &Answered, _| recovery(answered))
                .max_retry_attempts(2);
            answers(retry.layer(Nothing), typed::<Infallible>)
        });
        run(times);
    }))
}

fn seatbelt() -> Run {
    let run = OnceLock::new();
    in_runtime(Box::new(move |times| {
        let run = run.get_or_init(|| {
            let context = context();
            let timeout = |time| {
                Timeout::layer("payments", &context).timeout_output(|_| Ok(())).timeout(time)
            };
            let retry = Retry::layer("payments", &context)
                .clone_input()
                .recovery_with(|answered: &Answered, _| recovery(answered))
                .max_retry_attempts(2);
            let breaker = Breaker::layer("payments", &context)
                .recovery_with(|answered: &Answered, _| recovery(answered))
                .rejected_input(|_, _| Ok(()))
                .failure_threshold(0.5)
                .min_throughput(20)
                .sampling_duration(Duration::from_secs(3_600));
            let wall = ServiceBuilder::new()
                .layer(timeout(CALL))
                .layer(retry)
                .layer(breaker)
                .layer(timeout(ATTEMPT))
                .service(Nothing);
            answers(wall, typed::<Infallible>)
        });
        run(times);
    }))
}
