use std::fmt;
use std::sync::Arc;

use buttress_core::clock::{Clock, SystemClock};
use buttress_core::metrics::Metrics;
use buttress_core::{BuildError, Faults, Health, Redact, Secret};

use crate::access::Access;
use crate::answer::Texts;
use crate::bell::Bell;
use crate::board::Board;
use crate::checks::Inner;
use crate::hops::HopId;
use crate::metrics::Counts;
use crate::parts::OnceLock;
use crate::parts::atomic::{AtomicBool, AtomicU64, AtomicUsize};
use crate::paths::Paths;
use crate::slot::Slot;
use crate::traffic::Traffic;
use crate::vital::Vital;
use crate::{Check, HealthChecks, HealthSettings};
use crate::{details, plan};

/// Collects what [`HealthChecks`] are made of.
#[must_use = "nothing happens until `build` is called"]
pub struct HealthChecksBuilder {
    settings: HealthSettings,
    checks: Vec<Check>,
    vitals: Vec<Vital>,
    metrics: Metrics,
    redact: Redact,
    clock: Arc<dyn Clock>,
}

/// A longer version is not a version.
const LONGEST_VERSION: usize = 128;

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
    /// Liveness restarts the process, and an outage of a database must not restart a fleet. So it does not
    /// take a [`Probe`](buttress_core::Probe), nor anything else that has to be waited for:
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
    /// The address is the one that the context resolved; without a context, that of who is connected. Where that one
    /// says to ask for somebody else (`Forwarded`, `X-Forwarded-For`, `X-Real-IP`, `Via`) and is no proxy that the context
    /// trusts, nobody knows who asks, and nobody sees more. Behind a proxy that says nothing of it, everyone has its address.
    pub fn details_for_networks<I: IntoIterator<Item: Into<String>>>(
        mut self,
        networks: I,
    ) -> Self {
        self.settings.details.networks.extend(networks.into_iter().map(Into::into));
        self
    }

    /// Shows details to who sends this as `Authorization: Bearer …`. Several may hold at once, so that they
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
    pub fn metrics(mut self, metrics: Metrics) -> Self {
        self.metrics = metrics;
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

    fn inner(self, faults: &mut Faults, held: bool) -> Inner {
        let Self { settings, checks, vitals, metrics, redact, clock } = self;
        let paths = &settings.paths;
        let paths = Paths::read(faults, &paths.live, &paths.ready, &paths.startup);
        let version = version(faults, settings.version.as_deref());
        let own = own_name(faults, settings.service.as_deref());
        let details = settings.details;
        let access =
            Access::read(faults, details.insecure_everyone, &details.networks, details.tokens);
        let slots = plan::slots(faults, &settings.checks, checks, &metrics);
        own_hops(&slots, &own);
        distinct(faults, &vitals);
        let board = Board::new(slots, own, held);
        let started = clock.now();
        Inner {
            started,
            clock,
            paths,
            access,
            vitals: vitals.into(),
            written: details::places(&board),
            board,
            texts: Texts::new(version),
            traffic: settings.summary.then(|| Traffic::new(started)),
            resident: AtomicU64::new(0),
            redact,
            counts: Counts::new(&metrics),
            overseen: AtomicBool::new(false),
            stirred: Arc::new(Bell::default()),
            changed: Arc::new(Bell::default()),
            heir: OnceLock::new(),
            watchers: AtomicUsize::new(0),
            speaks_grpc: AtomicBool::new(false),
            most_watchers: settings.max_watchers,
        }
    }
}

fn version<'a>(faults: &mut Faults, version: Option<&'a str>) -> Option<&'a str> {
    if version.is_some_and(|version| version.len() > LONGEST_VERSION) {
        faults.add("version", format_args!("must be at most {LONGEST_VERSION} bytes long"));
    }
    version
}

/// The name that was given, or one that nobody else has.
fn own_name(faults: &mut Faults, given: Option<&str>) -> HopId {
    let Some(given) = given else { return HopId::random() };
    HopId::parse(given).unwrap_or_else(|| {
        let reason = "must be 1 to 64 letters, digits and `-_.`";
        faults.add("service", format_args!("`{given}` is no name: it {reason}"));
        HopId::random()
    })
}

/// Their names are the members of an object, for those who ask for that shape.
fn distinct(faults: &mut Faults, vitals: &[Vital]) {
    for (at, vital) in vitals.iter().enumerate() {
        if vitals.iter().take(at).any(|before| before.name == vital.name) {
            faults.add(format!("live.{}", vital.name), "stands twice");
        }
    }
}

fn own_hops(slots: &[Slot], own: &HopId) {
    slots.iter().filter_map(|slot| slot.hops.as_ref()).for_each(|hops| hops.belong_to(own));
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
