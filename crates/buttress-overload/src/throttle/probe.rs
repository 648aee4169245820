use buttress_core::{Health, Probe, ProbeFuture};

use super::Throttle;
use crate::Priority;

/// Degraded while it holds calls of normal priority back.
///
/// ```
/// use buttress_core::clock::ManualClock;
/// use buttress_core::outcome::Outcome;
/// use buttress_core::{Dice, HealthStatus, Probe};
/// use buttress_overload::Priority;
/// use buttress_overload::throttle::Throttle;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let throttle = Throttle::builder().named("stock").clock(ManualClock::new()).dice(Dice::seeded(1)).build()?;
/// assert_eq!((throttle.name(), throttle.critical()), ("stock", false));
/// assert_eq!(throttle.check().await.status(), HealthStatus::Up);
///
/// for _ in 0..1_000 {
///     if let Ok(pass) = throttle.enter(Priority::Normal) {
///         pass.settle(Outcome::Throttled);
///     }
/// }
/// let health = throttle.check().await;
/// assert_eq!((health.status(), health.message()), (HealthStatus::Degraded, Some("holds calls back")));
/// assert!(health.details().eq([("refused", "95 %")]));
/// # Ok(())
/// # }
/// ```
impl Probe for Throttle {
    fn name(&self) -> &str {
        Self::name(self)
    }

    /// It lets through what is accepted.
    fn critical(&self) -> bool {
        false
    }

    fn check(&self) -> ProbeFuture<'_> {
        let odds = self.odds(Priority::Normal);
        let health = if odds > 0.0 {
            let refused = format!("{:.0} %", odds * 100.0);
            Health::degraded("holds calls back").with_detail("refused", refused)
        } else {
            Health::up()
        };
        Box::pin(std::future::ready(health))
    }
}
