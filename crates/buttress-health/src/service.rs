use std::convert::Infallible;
use std::fmt;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use buttress_core::Code;
use buttress_core::stage::RequestHead;
use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{HeaderValue, Method, Request, Response};
use http_body_util::Full;
use tower_service::Service;

use crate::HealthChecks;
use crate::answer::refusal;
use crate::paths::{Asked, Endpoint};

/// The endpoints as a service of their own. Made by [`HealthChecks::service`].
///
/// ```
/// use buttress_health::HealthChecks;
/// use http::Request;
/// use tower::ServiceExt;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let admin = HealthChecks::default().service();
/// let ready = admin.clone().oneshot(Request::get("/ready").body(())?).await?;
/// assert_eq!(ready.status(), 200);
/// assert_eq!(admin.oneshot(Request::get("/").body(())?).await?.status(), 404);
/// # Ok(())
/// # }
/// ```
///
/// Its cost is that of the [stage](crate::HealthStage); its future is ready at once.
#[derive(Clone)]
pub struct HealthService {
    health: HealthChecks,
    /// What is asked, whatever the path says: a router has decided. A group is the end of the path.
    routed: Option<(Endpoint, bool)>,
}

impl HealthService {
    pub(crate) fn new(health: HealthChecks) -> Self {
        Self { health, routed: None }
    }

    #[cfg(feature = "axum")]
    pub(crate) fn of(health: HealthChecks, endpoint: Endpoint, of_group: bool) -> Self {
        Self { health, routed: Some((endpoint, of_group)) }
    }

    fn answer(&self, request: &dyn RequestHead) -> Response<Full<Bytes>> {
        let inner = self.health.inner();
        let asked = match self.routed {
            Some((endpoint, of_group)) => {
                let end = request.uri().path().rsplit('/').next();
                Some(Asked { endpoint, group: end.filter(|_| of_group), is_ours: true })
            }
            None => inner.asked(request),
        };
        let answered = match asked {
            Some(asked) => inner.answer(request, asked),
            None => Err(refusal(Code::NOT_FOUND)),
        };
        let response = answered.unwrap_or_else(|problem| problem.render(request.context()));
        sendable(response, request.method() == Method::HEAD)
    }
}

/// The answer to `HEAD` says how long the body would be, and leaves it out.
fn sendable(mut response: Response<Bytes>, bodiless: bool) -> Response<Full<Bytes>> {
    if bodiless && !response.body().is_empty() {
        let length = HeaderValue::from(response.body().len());
        response.headers_mut().insert(CONTENT_LENGTH, length);
        *response.body_mut() = Bytes::new();
    }
    response.map(Full::new)
}

impl<B> Service<Request<B>> for HealthService {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        ready(Ok(self.answer(&request)))
    }
}

impl fmt::Debug for HealthService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HealthService").field("health", &self.health).finish_non_exhaustive()
    }
}
