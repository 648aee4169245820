use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use buttress_core::{Health, Probe, ProbeFuture, probe_fn};

use crate::Importance;
use crate::hops::Hops;

/// A probe, and how it is asked: how often, for how long, and what its trouble means.
///
/// What is not said is taken from the settings; whether it is critical, from the probe itself.
///
/// ```
/// use std::time::Duration;
/// use buttress_core::Health;
/// use buttress_health::{Check, HealthChecks};
///
/// let search = Check::of("search", || async { Health::up() })
///     .degrading()
///     .deadline(Duration::from_millis(500))
///     .every(Duration::from_secs(30))
///     .fall(3)
///     .rise(2)
///     .group("catalogue")
///     .tag("team-search");
///
/// let health = HealthChecks::builder().check(search).build()?;
/// assert_eq!(health.report().checks()[0].name(), "search");
/// # Ok::<(), buttress_core::BuildError>(())
/// ```
///
/// The clients of databases are for closures. So it is with a pool of sqlx, for which one of ours stands here:
///
/// ```
/// use buttress_core::Health;
/// use buttress_health::Check;
/// # mod sqlx {
/// #     #[derive(Clone)] pub struct PgPool;
/// #     impl PgPool { pub fn num_idle(&self) -> usize { 3 } }
/// #     pub struct Query;
/// #     pub fn query(_: &str) -> Query { Query }
/// #     impl Query {
/// #         pub async fn execute(self, _: &PgPool) -> Result<u64, std::io::Error> { Ok(1) }
/// #     }
/// # }
/// # let pool = sqlx::PgPool;
/// let database = Check::of("database", move || {
///     let pool = pool.clone();
///     async move {
///         match sqlx::query("SELECT 1").execute(&pool).await {
///             Ok(_) => Health::up().with_detail("idle", pool.num_idle().to_string()),
///             Err(error) => Health::down(error.to_string()),
///         }
///     }
/// });
/// # assert!(format!("{database:?}").contains("database"));
/// ```
#[must_use = "a check that is not added to any `HealthChecks` never runs"]
pub struct Check {
    pub(crate) probe: Arc<dyn Probe>,
    pub(crate) importance: Option<Importance>,
    pub(crate) startup: bool,
    pub(crate) groups: Vec<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) timing: Timing,
    pub(crate) initial_delay: Duration,
    pub(crate) hops: Option<Arc<Hops>>,
    /// What is wrong with it already: told when all is built.
    pub(crate) fault: Option<String>,
}

/// What a check says about its timing; the rest is taken from the settings.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Timing {
    pub(crate) deadline: Option<Duration>,
    pub(crate) interval: Option<Duration>,
    pub(crate) stale_after: Option<Duration>,
    pub(crate) fall: Option<u32>,
    pub(crate) rise: Option<u32>,
}

impl Check {
    /// Asks this probe.
    pub fn new(probe: impl Probe) -> Self {
        Self {
            probe: Arc::new(probe),
            importance: None,
            startup: false,
            groups: Vec::new(),
            tags: Vec::new(),
            timing: Timing::default(),
            initial_delay: Duration::ZERO,
            hops: None,
            fault: None,
        }
    }

    /// Asks this async closure.
    pub fn of<F, Fut>(name: impl Into<String>, check: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Health> + Send + 'static,
    {
        Self::new(probe_fn(name.into(), check))
    }

    /// Says that the service cannot work without it.
    pub fn critical(self) -> Self {
        Self { importance: Some(Importance::Critical), ..self }
    }

    /// Says that the service works less well without it: it is never a reason for a 503.
    pub fn degrading(self) -> Self {
        Self { importance: Some(Importance::Degrading), ..self }
    }

    /// Says that it is for people to look at alone.
    pub fn informational(self) -> Self {
        Self { importance: Some(Importance::Informational), ..self }
    }

    /// Sets how long a run may take. The default is two seconds. What comes later does not count.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.timing.deadline = Some(deadline);
        self
    }

    /// Sets how much time is between the starts of two runs, at the least. The default is ten seconds.
    pub fn every(mut self, interval: Duration) -> Self {
        self.timing.interval = Some(interval);
        self
    }

    /// Sets after how long without a result nobody knows any more how it is; the next run decides, as the first one
    /// does. The default is three times what a run may take with its interval.
    pub fn stale_after(mut self, age: Duration) -> Self {
        self.timing.stale_after = Some(age);
        self
    }

    /// Sets how many runs in a row must fail before it is shown as failed. The default is 1.
    pub fn fall(mut self, runs: u32) -> Self {
        self.timing.fall = Some(runs);
        self
    }

    /// Sets how many runs in a row must succeed before it is shown as well again. The default is 1.
    pub fn rise(mut self, runs: u32) -> Self {
        self.timing.rise = Some(runs);
        self
    }

    /// Puts it into a group, which has a readiness of its own: `/health/ready/{group}`, and the service
    /// of that name in gRPC. It still counts for the whole.
    pub fn group(mut self, name: impl Into<String>) -> Self {
        self.groups.push(name.into());
        self
    }

    /// Adds a word that is shown with it.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// Waits before the first run. It is pending meanwhile: a critical one keeps the service from being
    /// ready. Tasks that go on with a check that has run do not wait again.
    pub fn initial_delay(self, delay: Duration) -> Self {
        Self { initial_delay: delay, ..self }
    }

    /// Says that the start is over only once it has succeeded. Where no check says so, the start waits for
    /// the critical ones.
    pub fn startup(self) -> Self {
        Self { startup: true, ..self }
    }

    #[cfg_attr(
        not(feature = "tokio"),
        expect(dead_code, reason = "ready-made checks come with features")
    )]
    pub(crate) fn wrong(name: String, fault: String) -> Self {
        Self { fault: Some(fault), ..Self::new(Named(name)) }
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Check")
            .field("name", &self.probe.name())
            .field("importance", &self.importance)
            .field("groups", &self.groups)
            .field("timing", &self.timing)
            .finish_non_exhaustive()
    }
}

/// Stands where a probe could not be made.
struct Named(String);

impl Probe for Named {
    fn name(&self) -> &str {
        &self.0
    }

    fn check(&self) -> ProbeFuture<'_> {
        Box::pin(async { Health::down("its settings are wrong") })
    }
}
