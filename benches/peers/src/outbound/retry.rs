//! Retries whose first attempt succeeds.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use buttress_benches::cases::outbound::{
    ALLOCATED, EMPTY, FIXED, HEDGE, PLAIN, Slow, allocated, calls, empty, fixed, in_runtime, plain,
};
use buttress_benches::{Case, Hello, Run};
use seatbelt::retry::{Retry as Seatbelt, RetryLayer as SeatbeltLayer};
use seatbelt::typestates::Set;
use tower::Layer;
use tower::retry::budget::{Budget, TpsBudget};
use tower::retry::{Policy, RetryLayer as TowerLayer};
use tower_resilience_hedge::HedgeLayer;
use tower_resilience_retry::{RetryBudgetBuilder, RetryLayer};

use super::{Answer, Answered, Asked, RESILIENCE, context, is_failure, recovery};

pub(super) fn cases() -> Vec<Case> {
    let groups: [(_, fn() -> Asked); 4] =
        [(PLAIN, plain), (EMPTY, empty), (FIXED, fixed), (ALLOCATED, allocated)];
    let sides = |(group, request): (&'static str, fn() -> Asked)| {
        [
            Case::peer(group, "tower 0.5, with its budget", calls(tower(), request))
                .on_two_threads(),
            Case::peer(group, RESILIENCE, calls(resilience(), request)).on_two_threads(),
            Case::peer(group, "seatbelt 0.11, no budget", seatbelt(request)).on_two_threads(),
        ]
    };
    let hedging =
        HedgeLayer::builder().delay(Duration::from_millis(50)).max_hedged_attempts(2).build();
    let hedging = in_runtime(calls(hedging.layer(Slow), plain));
    let hedging = Case::peer(HEDGE, "tower-resilience 0.14, no retry", hedging);
    groups.into_iter().flat_map(sides).chain([hedging]).collect()
}

fn tower()
-> impl tower::Service<Asked, Response = Answer, Error = Infallible, Future: Send> + Clone + Send + Sync
{
    let budget = TpsBudget::new(Duration::from_secs(10), 10, 0.2);
    TowerLayer::new(Again { budget: Arc::new(budget), left: 2 }).layer(Hello)
}

/// A policy as people write it: by status, as often as the budget allows.
#[derive(Clone)]
struct Again {
    budget: Arc<TpsBudget>,
    left: u32,
}

impl Policy<Asked, Answer, Infallible> for Again {
    type Future = Ready<()>;

    fn retry(&mut self, _: &mut Asked, result: &mut Answered) -> Option<Ready<()>> {
        if !result.as_ref().is_ok_and(is_failure) {
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

fn resilience()
-> impl tower::Service<Asked, Response = Answer, Error = Infallible, Future: Send> + Clone + Send + Sync
{
    let budget = RetryBudgetBuilder::new().token_bucket().build().expect("the settings are right");
    RetryLayer::builder()
        .max_attempts(3)
        .exponential_backoff(Duration::from_millis(100))
        .retry_on_response(is_failure)
        .budget(budget)
        .build()
        .layer(Hello)
}

/// It has no budget.
pub(super) fn seatbelt_layer() -> SeatbeltLayer<Asked, Answered, Set, Set> {
    Seatbelt::layer("payments", &context())
        .clone_input()
        .recovery_with(|answered: &Answered, _| recovery(answered))
        .max_retry_attempts(2)
}

fn seatbelt(request: fn() -> Asked) -> Run {
    let run = OnceLock::new();
    in_runtime(Box::new(move |times| {
        run.get_or_init(|| calls(seatbelt_layer().layer(Hello), request))(times);
    }))
}
