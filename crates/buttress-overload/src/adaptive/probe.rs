use buttress_core::{Health, Probe, ProbeFuture};

use super::Adaptive;
use crate::Priority;

/// Degraded while it is full: a call of normal priority that came now would be refused. It is as it is at this moment:
/// a limit that is reached now and then is right.
///
/// ```
/// use buttress_core::{HealthStatus, Probe};
/// use buttress_overload::Priority;
/// use buttress_overload::adaptive::{Adaptive, Aimd};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let limit = Adaptive::by(Aimd::new().between(1, 9).starting_at(1)).named("stock").build()?;
/// assert_eq!((limit.name(), limit.critical()), ("stock", false));
/// assert_eq!(limit.check().await.status(), HealthStatus::Up);
///
/// let _slot = limit.enter(Priority::Normal)?;
/// let health = limit.check().await;
/// assert_eq!((health.status(), health.message()), (HealthStatus::Degraded, Some("full")));
/// assert!(health.details().eq([("under_way", "1 of 1")]));
/// # Ok(())
/// # }
/// ```
impl Probe for Adaptive {
    fn name(&self) -> &str {
        Self::name(self)
    }

    /// It does what the other side bears.
    fn critical(&self) -> bool {
        false
    }

    fn check(&self) -> ProbeFuture<'_> {
        let has_room = self.0.slots.has_room(Priority::Normal);
        let health = if has_room { Health::up() } else { Health::degraded("full") };
        let under_way = format!("{} of {}", self.under_way(), self.limit());
        Box::pin(std::future::ready(health.with_detail("under_way", under_way)))
    }
}
