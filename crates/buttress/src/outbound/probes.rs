//! How the parts of a wall are, for a report of health.

use std::sync::Arc;

use buttress_core::{Probe, ProbeFuture};

use super::Outbound;

/// One of several parts with the name of the wall.
struct Part<P> {
    name: String,
    probe: P,
}

impl<P: Probe> Probe for Part<P> {
    fn name(&self) -> &str {
        &self.name
    }

    fn critical(&self) -> bool {
        self.probe.critical()
    }

    fn check(&self) -> ProbeFuture<'_> {
        self.probe.check()
    }
}

impl Outbound {
    /// How the dependency is, as far as calls tell, for a health report: its breaker.
    #[must_use]
    pub fn probe(&self) -> Arc<dyn Probe> {
        Arc::new(self.breaker().clone())
    }

    /// How all parts are that were asked for: first the breaker, which is [`probe`](Self::probe); then throttle,
    /// adaptive limit, shed, retry and bulkhead. Their names begin with that of the wall, and none of them is critical:
    /// they are degraded while they refuse, or while the budget is used up.
    ///
    /// ```
    /// use buttress::prelude::*;
    ///
    /// let wall = Outbound::to("payments").retry(Retry::up_to(3)).bulkhead(64).build()?;
    /// let probes = wall.probes();
    /// let names: Vec<_> = probes.iter().map(|probe| probe.name()).collect();
    /// assert_eq!(names, ["payments", "payments.retry", "payments.bulkhead"]);
    /// # Ok::<_, buttress::BuildError>(())
    /// ```
    #[must_use]
    pub fn probes(&self) -> Vec<Arc<dyn Probe>> {
        let (throttle, (adaptive, shed)) = self.parts.guards.guard();
        let retry = self.parts.retry.repeats().then_some(&self.parts.retry);
        let parts = [
            self.part("throttle", throttle.as_ref()),
            self.part("adaptive", adaptive.as_ref()),
            self.part("shed", shed.as_ref()),
            self.part("retry", retry),
            self.part("bulkhead", self.bulkhead()),
        ];
        std::iter::once(self.probe()).chain(parts.into_iter().flatten()).collect()
    }

    fn part<P: Probe + Clone>(&self, what: &str, probe: Option<&P>) -> Option<Arc<dyn Probe>> {
        let name = format!("{}.{what}", self.name);
        Some(Arc::new(Part { name, probe: probe?.clone() }))
    }
}
