use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use buttress_core::clock::{Clock, SystemClock};
use buttress_core::metrics::Metrics;
use buttress_core::{BuildError, Faults, Health, Redact, Secret};

use crate::vital::Vital;
use crate::{Check, HealthChecks, HealthSettings};

/// Collects what [`HealthChecks`] are made of.
#[must_use = "nothing happens until `build` is called"]
pub struct HealthChecksBuilder {
    pub(crate) settings: HealthSettings,
    pub(crate) checks: Vec<Check>,
    pub(crate) vitals: Vec<Vital>,
    pub(crate) metrics: Metrics,
    pub(crate) redact: Redact,
    pub(crate) clock: Arc<dyn Clock>,
}

impl HealthChecksBuilder {
    /// Sets the version that liveness shows, as in `env!("CARGO_PKG_VERSION")`.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.settings.version = Some(version.into());
        self
    }

    /// Sets the name among services that ask each other for their health: the same in all instances, and no other
    /// service's. What answers with this name counts as this service, and so for nothing: were it another one, its
    /// outage would go unnoticed.
    pub fn service(mut self, name: impl Into<String>) -> Self {
        self.settings.service = Some(name.into());
        self
    }

    /// Adds a check.
    pub fn check(mut self, check: Check) -> Self {
        self.checks.push(check);
        self
    }

    /// Adds several checks.
    pub fn checks(mut self, checks: impl IntoIterator<Item = Check>) -> Self {
        self.checks.extend(checks);
        self
    }

    /// Makes something inside the process a part of liveness. It is asked on each probe of liveness, so it
    /// must only look at what is in memory.
    ///
    /// Liveness restarts the process, and an outage of a database must not restart a fleet. So it takes no
    /// [`Probe`](buttress_core::Probe) and no async check. What a closure does is up to you: one that blocks, on a
    /// connection or a lock, holds up the probe and its thread.
    ///
    /// ```
    /// use buttress_core::Health;
    /// use buttress_health::HealthChecks;
    /// use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
    ///
    /// static POISONED: AtomicBool = AtomicBool::new(false);
    /// let health = HealthChecks::builder()
    ///     .live("worker", || match POISONED.load(Relaxed) {
    ///         true => Health::down("the worker has gone"),
    ///         false => Health::up(),
    ///     })
    ///     .build()?;
    /// assert!(health.is_live());
    /// POISONED.store(true, Relaxed);
    /// assert!(!health.is_live());
    /// # Ok::<(), buttress_core::BuildError>(())
    /// ```
    ///
    /// ```compile_fail,E0277
    /// # use buttress_core::{Health, probe_fn};
    /// # use buttress_health::HealthChecks;
    /// let database = probe_fn("database", || async { Health::up() });
    /// let _ = HealthChecks::builder().live("database", database);
    /// ```
    ///
    /// ```compile_fail,E0308
    /// # use buttress_core::Health;
    /// # use buttress_health::HealthChecks;
    /// let _ = HealthChecks::builder().live("database", || async { Health::up() });
    /// ```
    ///
    /// One that panics counts as down. No two have the same name.
    pub fn live(
        mut self,
        name: impl Into<String>,
        look: impl Fn() -> Health + Send + Sync + 'static,
    ) -> Self {
        self.vitals.push(Vital::new(name.into(), look));
        self
    }

    /// Sets the paths of liveness; none switches it off. The default is `/health` and `/health/live`.
    pub fn live_paths<I: IntoIterator<Item: Into<String>>>(mut self, paths: I) -> Self {
        self.settings.paths.live = paths.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the paths of readiness; none switches it off. The default is `/health/ready` and `/ready`.
    pub fn ready_paths<I: IntoIterator<Item: Into<String>>>(mut self, paths: I) -> Self {
        self.settings.paths.ready = paths.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the paths of startup; none switches it off. The default is `/health/startup`.
    pub fn startup_paths<I: IntoIterator<Item: Into<String>>>(mut self, paths: I) -> Self {
        self.settings.paths.startup = paths.into_iter().map(Into::into).collect();
        self
    }

    /// Shows details to clients with these addresses or networks.
    ///
    /// The address is the one that the context resolved; without a context, that of the peer. Where that one
    /// says to ask for somebody else (`Forwarded`, `X-Forwarded-For`, `X-Real-IP`, `Via`) and is no proxy that the
    /// context trusts, nobody knows who asks, and nobody sees more. Behind a proxy that says nothing of it, everyone
    /// has its address.
    pub fn details_for_networks<I: IntoIterator<Item: Into<String>>>(
        mut self,
        networks: I,
    ) -> Self {
        self.settings.details.networks.extend(networks.into_iter().map(Into::into));
        self
    }

    /// Shows details to anyone who sends this as `Authorization: Bearer …`. Several may hold at once, so that they
    /// can be changed one after the other.
    pub fn details_for_token(mut self, token: impl Into<Secret<String>>) -> Self {
        self.settings.details.tokens.push(token.into());
        self
    }

    /// Shows details to everyone. Names, messages and latencies of dependencies help an attacker.
    pub fn insecure_details_for_everyone(mut self) -> Self {
        self.settings.details.insecure_everyone = true;
        self
    }

    /// Counts the requests that pass the stage, and shows their rate and their p50, p95 and p99, and the
    /// memory of the process, among the details.
    pub fn summary(mut self, count: bool) -> Self {
        self.settings.summary = count;
        self
    }

    /// Sets how many gRPC clients may watch at once. The default is 1,000.
    pub fn max_watchers(mut self, most: usize) -> Self {
        self.settings.max_watchers = most;
        self
    }

    /// Sets where metrics go. The default is nowhere.
    pub fn metrics(mut self, metrics: impl Borrow<Metrics>) -> Self {
        self.metrics = metrics.borrow().clone();
        self
    }

    /// Sets what must not be seen in messages of checks. The default is [`Redact`]'s own.
    pub fn redact(mut self, redact: Redact) -> Self {
        self.redact = redact;
        self
    }

    /// Sets the clock. The default is the system's.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Checks the settings, once, so that no request has to.
    ///
    /// # Errors
    ///
    /// Fails with every setting that is wrong.
    pub fn build(self) -> Result<HealthChecks, BuildError> {
        let mut faults = Faults::new();
        let inner = self.inner(&mut faults, false);
        faults.finish(HealthChecks(Arc::new(inner)))
    }

    /// The defaults, in which nothing can be wrong.
    pub(crate) fn default_but(starting: bool) -> HealthChecks {
        let builder = Self::from(HealthSettings::default());
        HealthChecks(Arc::new(builder.inner(&mut Faults::new(), starting)))
    }
}

impl From<HealthSettings> for HealthChecksBuilder {
    fn from(settings: HealthSettings) -> Self {
        Self {
            settings,
            checks: Vec::new(),
            vitals: Vec::new(),
            metrics: Metrics::none(),
            redact: Redact::default(),
            clock: Arc::new(SystemClock),
        }
    }
}

impl fmt::Debug for HealthChecksBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HealthChecksBuilder")
            .field("settings", &self.settings)
            .field("checks", &self.checks)
            .field("vitals", &self.vitals)
            .finish_non_exhaustive()
    }
}
