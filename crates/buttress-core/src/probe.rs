use std::borrow::Cow;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

/// What [`Probe::check`] returns: a box, because health is never asked on the path of a request.
pub type ProbeFuture<'a> = Pin<Box<dyn Future<Output = Health> + Send + 'a>>;

/// Something whose health can be asked: a database, a breaker, the connection to Redis.
///
/// The holder of the `Arc<dyn Probe>`s decides how often to ask, and how long to wait: a check bounds nothing itself,
/// and may be dropped at any point.
///
/// ```
/// use buttress_core::{Health, HealthStatus, Probe, ProbeFuture};
/// use std::sync::Arc;
///
/// struct Disk { free: u64 }
///
/// impl Probe for Disk {
///     fn name(&self) -> &str {
///         "disk"
///     }
///
///     fn check(&self) -> ProbeFuture<'_> {
///         Box::pin(async {
///             match self.free {
///                 0 => Health::down("full"),
///                 _ => Health::up(),
///             }
///         })
///     }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let probes: Vec<Arc<dyn Probe>> = vec![Arc::new(Disk { free: 0 })];
/// assert!(probes[0].critical());
/// assert_eq!(probes[0].check().await.status(), HealthStatus::Down);
/// # });
/// ```
pub trait Probe: Send + Sync + 'static {
    /// What a report calls it: short, and the same at every start.
    fn name(&self) -> &str;

    /// Whether the service cannot do its work while this is down; `true` unless said otherwise.
    fn critical(&self) -> bool {
        true
    }

    /// Asks.
    fn check(&self) -> ProbeFuture<'_>;
}

impl<P: Probe + ?Sized> Probe for Arc<P> {
    fn name(&self) -> &str {
        (**self).name()
    }

    fn critical(&self) -> bool {
        (**self).critical()
    }

    fn check(&self) -> ProbeFuture<'_> {
        (**self).check()
    }
}

/// How well something is, as a [`Probe`] found it.
///
/// Message and details are shown to all who may read the health report: say nothing there that a stranger must not
/// know.
///
/// ```
/// use buttress_core::{Health, HealthStatus};
///
/// let health = Health::degraded("answers slowly").with_detail("latency", "730 ms");
/// assert_eq!(health.status(), HealthStatus::Degraded);
/// assert_eq!(health.message(), Some("answers slowly"));
/// assert_eq!(health.details().collect::<Vec<_>>(), [("latency", "730 ms")]);
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use = "a finding that nobody reads is lost"]
pub struct Health {
    status: HealthStatus,
    message: Option<Cow<'static, str>>,
    details: Vec<(Cow<'static, str>, Cow<'static, str>)>,
}

impl Health {
    /// It does its work.
    pub const fn up() -> Self {
        Self { status: HealthStatus::Up, message: None, details: Vec::new() }
    }

    /// It does its work, but not as it should.
    pub fn degraded(message: impl Into<Cow<'static, str>>) -> Self {
        Self { status: HealthStatus::Degraded, message: Some(message.into()), ..Self::up() }
    }

    /// It does not do its work.
    pub fn down(message: impl Into<Cow<'static, str>>) -> Self {
        Self { status: HealthStatus::Down, message: Some(message.into()), ..Self::up() }
    }

    /// Adds a named value that helps to understand; a few are enough.
    pub fn with_detail(
        mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<Cow<'static, str>>,
    ) -> Self {
        self.details.push((name.into(), value.into()));
        self
    }

    /// How well it is.
    #[must_use]
    pub const fn status(&self) -> HealthStatus {
        self.status
    }

    /// Why it is not well; none when it is.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// The named values, in the order in which they were added.
    pub fn details(&self) -> impl Iterator<Item = (&str, &str)> {
        self.details.iter().map(|(name, value)| (&**name, &**value))
    }
}

/// The three states of a [`Health`], from well to ill, so that the greatest of several is the worst.
///
/// ```
/// use buttress_core::HealthStatus;
///
/// let worst = [HealthStatus::Up, HealthStatus::Down, HealthStatus::Degraded].into_iter().max();
/// assert_eq!(worst, Some(HealthStatus::Down));
/// assert_eq!(HealthStatus::Degraded.as_str(), "degraded");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum HealthStatus {
    /// It does its work.
    Up,
    /// It does its work, but not as it should.
    Degraded,
    /// It does not do its work.
    Down,
}

impl HealthStatus {
    /// The word of reports and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Degraded => "degraded",
            Self::Down => "down",
        }
    }
}

impl fmt::Display for HealthStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Makes a [`Probe`] of an async closure; see [`ProbeFn`].
pub fn probe_fn<F, Fut>(name: impl Into<Cow<'static, str>>, check: F) -> ProbeFn<F>
where
    F: Fn() -> Fut,
    Fut: Future<Output = Health>,
{
    ProbeFn { name: name.into(), critical: true, check }
}

/// A [`Probe`] made of a closure by [`probe_fn`].
///
/// ```
/// use buttress_core::{Health, Probe, probe_fn};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let probe = probe_fn("search", || async { Health::up() }).optional();
/// assert_eq!((probe.name(), probe.critical()), ("search", false));
/// assert_eq!(probe.check().await, Health::up());
/// # });
/// ```
#[derive(Clone)]
#[must_use = "a probe that nobody asks finds nothing"]
pub struct ProbeFn<F> {
    name: Cow<'static, str>,
    critical: bool,
    check: F,
}

impl<F> ProbeFn<F> {
    /// Says that the service goes on without it: see [`Probe::critical`].
    pub fn optional(self) -> Self {
        Self { critical: false, ..self }
    }
}

impl<F, Fut> Probe for ProbeFn<F>
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Health> + Send + 'static,
{
    fn name(&self) -> &str {
        &self.name
    }

    fn critical(&self) -> bool {
        self.critical
    }

    fn check(&self) -> ProbeFuture<'_> {
        Box::pin((self.check)())
    }
}

impl<F> fmt::Debug for ProbeFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProbeFn")
            .field("name", &self.name)
            .field("critical", &self.critical)
            .finish_non_exhaustive()
    }
}
