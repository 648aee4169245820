use buttress_core::{Health, Probe, ProbeFuture};

use super::Bulkhead;
use crate::Priority;

/// Degraded while it is full: a call of normal priority that came now would be refused. It is as it is at this moment:
/// what is full now and then only uses what it has.
///
/// ```
/// use buttress_core::{HealthStatus, Probe};
/// use buttress_overload::bulkhead::Bulkhead;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bulkhead = Bulkhead::of(1).named("stock").build()?;
/// assert_eq!((bulkhead.name(), bulkhead.critical()), ("stock", false));
/// assert_eq!(bulkhead.check().await.status(), HealthStatus::Up);
///
/// let _permit = bulkhead.try_enter()?;
/// let health = bulkhead.check().await;
/// assert_eq!((health.status(), health.message()), (HealthStatus::Degraded, Some("full")));
/// assert!(health.details().eq([("in_flight", "1 of 1"), ("waiting", "0")]));
/// # Ok(())
/// # }
/// ```
impl<T: Send + Sync + 'static> Probe for Bulkhead<T> {
    fn name(&self) -> &str {
        Self::name(self)
    }

    /// It works, as far as it goes.
    fn critical(&self) -> bool {
        false
    }

    fn check(&self) -> ProbeFuture<'_> {
        let is_full = self.room.gate.is_full(Priority::Normal);
        let health = if is_full { Health::degraded("full") } else { Health::up() };
        let in_flight = format!("{} of {}", self.in_flight(), self.limit());
        let health = health.with_detail("in_flight", in_flight);
        Box::pin(std::future::ready(health.with_detail("waiting", self.waiting().to_string())))
    }
}
