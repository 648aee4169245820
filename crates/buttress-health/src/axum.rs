use ::axum::Router;

use crate::paths::Endpoint;
use crate::{HealthChecks, HealthService};

impl HealthChecks {
    /// The endpoints as routes, to be merged into an application's own or served on a port of their own.
    ///
    /// ```
    /// use axum::{Router, body::Body, routing::get};
    /// use buttress_health::HealthChecks;
    /// use http::Request;
    /// # use tower::ServiceExt;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let health = HealthChecks::default();
    /// let app: Router = Router::new().route("/", get(|| async { "hello" })).merge(health.router());
    ///
    /// let response = app.oneshot(Request::get("/health/ready").body(Body::empty())?).await?;
    /// assert_eq!(response.status(), 200);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// They mark the request in its context by themselves, for what reads the mark after the response. For
    /// layers that read it before, put [`HealthStage::mark_only`](crate::HealthStage::mark_only) outside.
    ///
    /// The paths are those of now: what was [starting](HealthChecks::starting) keeps them when it hands over.
    pub fn router<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        let of = |endpoint, of_group| HealthService::of(self.clone(), endpoint, of_group);
        self.inner().paths.all().fold(Router::new(), |router, (path, endpoint)| {
            let router = router.route_service(path, of(endpoint, false));
            if endpoint == Endpoint::Ready {
                router.route_service(&format!("{path}/{{group}}"), of(endpoint, true))
            } else {
                router
            }
        })
    }
}
