use std::fmt;
use std::sync::Arc;

use buttress_core::clock::Timer;
use tracing::info;

use crate::builder::HealthChecksBuilder;
use crate::changes::Changes;
use crate::inner::Inner;
use crate::parts::atomic::Ordering;
use crate::report::Report;
use crate::runner::CheckTask;
use crate::service::HealthService;
use crate::stage::HealthStage;
use crate::vital::Vital;
use crate::{HealthSettings, Status};

/// All that is asked about the health of a service, and what is known of it. Clones are the same.
///
/// ```
/// use buttress_core::{Health, stage::Stage};
/// use buttress_health::{Check, HealthChecks, Status};
/// # use bytes::Bytes;
/// # use http::{Request, Response};
/// # use http_body_util::{BodyExt, Full};
/// # use std::convert::Infallible;
/// # use tower::{Layer, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let app = service_fn(|_: Request<()>| async {
/// #     Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
/// # });
/// let health = HealthChecks::builder()
///     .version("1.2.3")
///     .check(Check::of("database", || async { Health::up() }))
///     .build()?;
/// let app = health.stage().layer().layer(app);
///
/// // Nothing has run yet, so it is not ready; it lives all the same.
/// let ready = app.clone().oneshot(Request::get("/ready").body(())?).await?;
/// assert_eq!(ready.status(), 503);
/// let live = app.oneshot(Request::get("/health").body(())?).await?;
/// assert_eq!(live.status(), 200);
///
/// health.drain();
/// assert_eq!(health.status(), Status::Draining);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct HealthChecks(pub(crate) Arc<Inner>);

impl HealthChecks {
    /// Starts from the defaults.
    pub fn builder() -> HealthChecksBuilder {
        HealthChecksBuilder::from(HealthSettings::default())
    }

    /// Lives, and is starting until it [hands over](Self::hand_over_to): for the time before there is a configuration.
    ///
    /// ```
    /// use buttress_health::{HealthChecks, Status};
    ///
    /// let early = HealthChecks::starting();
    /// assert_eq!((early.is_live(), early.status()), (true, Status::Starting));
    ///
    /// // The server runs with `early`; the configuration is read …
    /// let health = HealthChecks::builder().version("1.2.3").build()?;
    /// early.hand_over_to(&health)?;
    /// assert_eq!(early.status(), Status::Ok);
    ///
    /// early.drain(); // as the server does, which knows no other
    /// assert_eq!(health.status(), Status::Draining);
    /// # Ok::<(), buttress_core::BuildError>(())
    /// ```
    #[must_use]
    pub fn starting() -> Self {
        HealthChecksBuilder::default_but(true)
    }

    /// The stage that answers probes in front of any service, and marks them in the context.
    pub fn stage(&self) -> HealthStage {
        HealthStage::new(self.clone())
    }

    /// A service of its own, for a port where nothing else is served. Other paths are not found.
    #[must_use]
    pub fn service(&self) -> HealthService {
        HealthService::new(self.clone())
    }

    /// The futures that run the checks: one for each, and one that looks after the whole.
    ///
    /// Spawn each of them on a runtime of yours; dropping one stops its check. There are many instead of one,
    /// so that a check that blocks its thread holds up none of the others. What is run already
    /// is not run twice: the second future for it is done at once. So to run them anew, wait until the first are gone.
    ///
    /// ```
    /// use std::pin::pin;
    /// use std::task::{Context, Waker};
    /// use buttress_core::{Health, clock::ManualClock};
    /// use buttress_health::{Check, HealthChecks, Status};
    ///
    /// let health = HealthChecks::builder()
    ///     .check(Check::of("database", || async { Health::up() }))
    ///     .build()?;
    /// // On tokio it is `TokioTimer`, and `health.spawn()` does it all.
    /// for task in health.tasks(&ManualClock::new()) {
    ///     let mut cx = Context::from_waker(Waker::noop());
    ///     assert!(pin!(task).poll(&mut cx).is_pending(), "it runs for ever");
    /// }
    /// assert_eq!(health.status(), Status::Ok);
    /// # Ok::<(), buttress_core::BuildError>(())
    /// ```
    pub fn tasks<T: Timer + Clone>(&self, timer: &T) -> impl Iterator<Item = CheckTask> + use<T> {
        let (health, timer) = (self.current().clone(), timer.clone());
        let overseer = CheckTask::overseer(health.clone(), timer.clone());
        let checks = 0..health.0.board.slots.len();
        std::iter::once(overseer)
            .chain(checks.map(move |at| CheckTask::check(health.clone(), at, timer.clone())))
    }

    /// Makes readiness 503 and gRPC `NOT_SERVING`, for good, so that no more requests are sent here.
    /// Liveness stays as it is.
    pub fn drain(&self) {
        let is_new = self.0.board.drain();
        // Looked for after the mark: who hands over looks for the mark once the heir is there.
        if let Some(heir) = self.0.heir.get() {
            heir.drain();
        } else if is_new {
            self.0.counts.changed(Status::Draining);
            info!(target: "buttress", "health: draining");
            self.0.stirred.ring();
            self.0.changed.ring();
        }
    }

    /// How the service is, as its readiness says.
    #[must_use]
    pub fn status(&self) -> Status {
        let inner = self.inner();
        inner.board.status(&inner.board.verdict(inner.clock.now()), None)
    }

    /// How one group is; nothing if no check is in a group of this name.
    ///
    /// ```
    /// use buttress_core::Health;
    /// use buttress_health::{Check, HealthChecks, Status};
    ///
    /// let ledger = Check::of("ledger", || async { Health::up() }).group("orders");
    /// let health = HealthChecks::builder().check(ledger).build()?;
    /// assert_eq!(health.group_status("orders"), Some(Status::Starting));
    /// assert_eq!(health.group_status("reports"), None);
    /// # Ok::<(), buttress_core::BuildError>(())
    /// ```
    #[must_use]
    pub fn group_status(&self, name: &str) -> Option<Status> {
        let inner = self.inner();
        let group = inner.board.group(name)?;
        Some(inner.board.status(&inner.board.verdict(inner.clock.now()), Some(group)))
    }

    /// Whether the process works, as its liveness says: no check of a dependency is asked.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.inner().vitals.iter().all(Vital::is_alive)
    }

    /// Whether the start is over. It never begins again.
    ///
    /// ```
    /// use buttress_core::Health;
    /// use buttress_health::{Check, HealthChecks};
    ///
    /// assert!(HealthChecks::default().is_started(), "it waits for nothing");
    /// let cache = Check::of("cache", || async { Health::up() }).startup();
    /// let health = HealthChecks::builder().check(cache).build()?;
    /// assert!(!health.is_started(), "the cache has not been seen well yet");
    /// # Ok::<(), buttress_core::BuildError>(())
    /// ```
    #[must_use]
    pub fn is_started(&self) -> bool {
        self.inner().board.is_started()
    }

    /// All that is known, for a program to read.
    #[must_use]
    pub fn report(&self) -> Report {
        Report::of(self.inner())
    }

    /// Hears of each change from now on: of a check, of the whole, of draining.
    #[must_use]
    pub fn subscribe(&self) -> Changes {
        Changes::new(self.clone())
    }
}

impl Default for HealthChecks {
    /// Lives, is ready, and checks nothing.
    fn default() -> Self {
        HealthChecksBuilder::default_but(false)
    }
}

impl fmt::Debug for HealthChecks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = self.inner();
        f.debug_struct("HealthChecks")
            .field("checks", &inner.board.slots.len())
            .field("groups", &inner.board.groups.len())
            .field("paths", &inner.paths)
            .field("access", &inner.access)
            .field("traffic", &inner.traffic.is_some())
            .field("watchers", &self.0.watchers.load(Ordering::Relaxed))
            .finish_non_exhaustive()
    }
}
