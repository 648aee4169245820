use std::fmt;

use buttress_core::clock::Moment;
use buttress_core::stage::{Answer, Decision, DecisionOf, Never, RequestHead, ResponseHead, Stage};

use crate::HealthChecks;
use crate::answer::mark;

/// Answers probes in front of any service, and marks them in the context. Made by
/// [`HealthChecks::stage`]; clones share what is known.
///
/// It stands inside the context, so that who may see details is decided by the real client's address, and
/// outside of whatever refuses: a limit or a login must not take a service out of its load balancer. On which side of
/// an error envelope it stands does not matter: that a service is not ready is marked as [no
/// failure](buttress_core::render::NoFailure).
///
/// ```
/// use buttress_core::{Context, RequestContext, stage::Stage};
/// use buttress_health::HealthChecks;
/// # use bytes::Bytes;
/// # use http::{Request, Response};
/// # use http_body_util::Full;
/// # use std::convert::Infallible;
/// # use tower::{Layer, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let app = service_fn(|_: Request<()>| async {
/// #     Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
/// # });
/// let wall = Context::default().then(HealthChecks::default().stage());
/// let response = wall.layer().layer(app).oneshot(Request::get("/health").body(())?).await?;
///
/// assert_eq!(response.status(), 200);
/// assert_eq!(response.headers()["cache-control"], "no-store");
/// # Ok(())
/// # }
/// ```
///
/// # Guarantees
///
/// - An answer is read from memory: no I/O, no lock, nothing that waits, whatever the checks are doing.
/// - Other requests pass untouched.
///
/// # Cancellation
///
/// It takes nothing that would have to be given back.
///
/// # Cost
///
/// What is no probe costs the comparison of its path, and no allocation; with the
/// [summary](crate::HealthChecksBuilder::summary) two looks at the clock and one atomic increment more. An
/// answer allocates four times: its body, its place, and the two tables of its headers; a 503 twice more, for its mark.
///
/// # Errors
///
/// Another method than `GET` and `HEAD` is refused with `METHOD_NOT_ALLOWED`, an unknown group below
/// `/health/ready` and `/ready` with `NOT_FOUND`. Below paths of your own, what is no group is not a probe.
#[derive(Clone)]
#[must_use = "a stage does nothing until it is part of a layer"]
pub struct HealthStage {
    health: HealthChecks,
    answers: bool,
}

impl HealthStage {
    pub(crate) fn new(health: HealthChecks) -> Self {
        Self { health, answers: true }
    }

    /// Only marks probes in the context, and counts for the summary: a router inside answers them.
    ///
    /// ```
    /// use buttress_core::{Context, RequestContext, stage::Stage};
    /// use buttress_health::HealthChecks;
    /// # use bytes::Bytes;
    /// # use http::{Request, Response};
    /// # use http_body_util::Full;
    /// # use std::convert::Infallible;
    /// # use tower::{Layer, ServiceExt, service_fn};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let health = HealthChecks::default();
    /// let inside = service_fn(async |request: Request<()>| {
    ///     let context = request.extensions().get::<RequestContext>();
    ///     assert!(context.is_some_and(RequestContext::is_probe));
    ///     Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("inside")))
    /// });
    /// let wall = Context::default().then(health.stage().mark_only());
    /// let response = wall.layer().layer(inside).oneshot(Request::get("/ready").body(())?).await?;
    /// assert!(response.headers().get("cache-control").is_none(), "somebody inside answers");
    /// # Ok(())
    /// # }
    /// ```
    pub fn mark_only(self) -> Self {
        Self { answers: false, ..self }
    }
}

impl Stage for HealthStage {
    /// When the request came, if requests are counted.
    type Memo = Option<Moment>;
    type Wait = Never;

    fn enter(&self, request: &mut dyn RequestHead) -> DecisionOf<Self> {
        let inner = self.health.inner();
        match inner.asked(request) {
            Some(asked) if self.answers => match inner.answer(request, asked) {
                Ok(response) => Decision::Answer(Answer::from(response), None),
                Err(problem) => Decision::Refuse(problem, None),
            },
            Some(asked) if inner.has(&asked) => {
                mark(request);
                Decision::Pass(None)
            }
            None if inner.is_grpc_probe(request) => {
                if let Some(context) = request.context() {
                    context.mark_probe();
                }
                Decision::Pass(None)
            }
            _ => Decision::Pass(inner.traffic.as_ref().map(|_| inner.clock.now())),
        }
    }

    fn resume(&self, never: Never, _: &mut dyn RequestHead) -> DecisionOf<Self> {
        match never {}
    }

    fn leave(&self, came: Self::Memo, _: &mut dyn ResponseHead) {
        self.count(came);
    }

    fn failed(&self, came: Self::Memo) {
        self.count(came);
    }
}

impl HealthStage {
    fn count(&self, came: Option<Moment>) {
        let inner = self.health.inner();
        if let (Some(traffic), Some(came)) = (&inner.traffic, came) {
            let now = inner.clock.now();
            traffic.record(now, now - came);
        }
    }
}

impl fmt::Debug for HealthStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HealthStage")
            .field("health", &self.health)
            .field("answers", &self.answers)
            .finish()
    }
}
