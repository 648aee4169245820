use buttress_core::{Health, Probe, ProbeFuture};

use super::Outliers;

impl Probe for Outliers {
    fn name(&self) -> &str {
        Self::name(self)
    }

    /// Others can do the work of who is left out.
    fn critical(&self) -> bool {
        false
    }

    fn check(&self) -> ProbeFuture<'_> {
        let left_out = self.left_out();
        let health = if self.is_empty() {
            Health::down("there is no endpoint")
        } else if self.is_panic() {
            Health::down("so many endpoints are outliers that all are used")
        } else if left_out.is_empty() {
            Health::up()
        } else {
            Health::degraded("some endpoints are left out")
        };
        let counted = format!("{} of {}", left_out.len(), self.len());
        Box::pin(std::future::ready(health.with_detail("left_out", counted)))
    }
}
