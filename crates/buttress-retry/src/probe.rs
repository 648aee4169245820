use buttress_core::{Health, Probe, ProbeFuture};

use crate::inner::Inner;
use crate::{RetryLayer, RetryPolicy};

/// Degraded while its budget is [used up](crate::Budget::is_used_up): what fails is not repeated any more, as too much
/// does.
///
/// ```
/// use buttress_core::clock::{Clock, ManualClock};
/// use buttress_core::{HealthStatus, Probe};
/// use buttress_retry::{Budget, Cost, Retry};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), buttress_core::BuildError> {
/// let clock = ManualClock::new();
/// let budget = Budget::percent(10).floor(1);
/// let retry = Retry::up_to(3).named("stock").budget(budget).clock(clock.clone()).timer(clock.clone()).build()?;
/// assert_eq!((retry.name(), retry.critical()), ("stock", false));
/// assert_eq!(retry.check().await.status(), HealthStatus::Up);
///
/// // One a second, in a window of ten.
/// for _ in 0..10 {
///     retry.budget().take(Cost::Failure, None, clock.now()).unwrap().spend();
/// }
/// let health = retry.check().await;
/// assert_eq!((health.status(), health.message()), (HealthStatus::Degraded, Some("the budget is used up")));
/// # Ok(())
/// # }
/// ```
impl<C: Send + Sync + 'static, T: Send + Sync + 'static> Probe for RetryLayer<C, T> {
    fn name(&self) -> &str {
        Self::name(self)
    }

    /// First attempts are made as ever.
    fn critical(&self) -> bool {
        false
    }

    fn check(&self) -> ProbeFuture<'_> {
        Box::pin(std::future::ready(self.shared.inner.health()))
    }
}

/// As that of a [`RetryLayer`].
impl<T: Send + Sync + 'static> Probe for RetryPolicy<T> {
    fn name(&self) -> &str {
        Self::name(self)
    }

    /// First attempts are made as ever.
    fn critical(&self) -> bool {
        false
    }

    fn check(&self) -> ProbeFuture<'_> {
        Box::pin(std::future::ready(self.inner.health()))
    }
}

impl<T> Inner<T> {
    fn health(&self) -> Health {
        let now = self.clock.now();
        if !self.may_repeat() || self.budget.is_unlimited() {
            return Health::up();
        }
        let is_used_up = self.budget.is_used_up(now);
        let health =
            if is_used_up { Health::degraded("the budget is used up") } else { Health::up() };
        health.with_detail("left", format!("{:.1}", self.budget.left(now)))
    }
}
