use buttress_core::clock::Timer;
use buttress_core::{Health, Probe, ProbeFuture};

use super::Shed;
use crate::Priority;

/// Degraded while it sheds: a queue [stands](Shed::is_standing), or a call of normal priority that came now would be
/// refused.
///
/// ```
/// use buttress_core::{HealthStatus, Probe};
/// use buttress_overload::Priority;
/// use buttress_overload::shed::Shed;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let shed = Shed::of(1).named("stock").build()?;
/// assert_eq!((shed.name(), shed.critical()), ("stock", false));
/// assert_eq!(shed.check().await.status(), HealthStatus::Up);
///
/// let _place = shed.enter(Priority::Normal).await?;
/// let health = shed.check().await;
/// assert_eq!((health.status(), health.message()), (HealthStatus::Degraded, Some("full")));
/// assert!(health.details().eq([("under_way", "1 of 1"), ("waiting", "0")]));
/// # Ok(())
/// # }
/// ```
impl<T: Timer + Clone> Probe for Shed<T> {
    fn name(&self) -> &str {
        Self::name(self)
    }

    /// It does what can be done in time.
    fn critical(&self) -> bool {
        false
    }

    fn check(&self) -> ProbeFuture<'_> {
        let stands = Priority::ALL.iter().any(|priority| self.is_standing(*priority));
        let health = match (stands, self.inner.is_full(Priority::Normal)) {
            (true, _) => Health::degraded("the queue stands"),
            (_, true) => Health::degraded("full"),
            _ => Health::up(),
        };
        let under_way = format!("{} of {}", self.under_way(), self.limit());
        let health = health.with_detail("under_way", under_way);
        Box::pin(std::future::ready(health.with_detail("waiting", self.waiting().to_string())))
    }
}
