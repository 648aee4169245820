use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use buttress_core::stage::RequestHead;
use http::{Request, Response};
use http_body::Body;
use tonic::server::NamedService;
use tonic_health::pb::health_server::HealthServer;
use tower_service::Service;

use super::answers::Answers;
use crate::HealthChecks;
use crate::answer::is_grpc_probe;

impl HealthChecks {
    /// `grpc.health.v1.Health`, for tonic's router.
    ///
    /// ```
    /// use buttress_core::Health;
    /// use buttress_health::{Check, HealthChecks};
    /// use tonic::service::Routes;
    /// use tonic_health::pb::health_check_response::ServingStatus;
    /// use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let health = HealthChecks::builder()
    ///     .check(Check::of("database", || async { Health::up() }).group("shop.v1.Orders"))
    ///     .build()?;
    /// let routes = Routes::new(health.grpc());
    /// # drop(routes);
    ///
    /// let mut client = HealthClient::new(health.grpc());
    /// let orders = HealthCheckRequest { service: "shop.v1.Orders".to_owned() };
    /// let answer = client.check(orders).await?.into_inner();
    /// assert_eq!(answer.status(), ServingStatus::NotServing, "the check has not run yet");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// The service without a name is the whole; any other is the [group](crate::Check::group) of that name.
    #[must_use]
    pub fn grpc(&self) -> GrpcHealth {
        // An exchange: who hands over looks for it once the heir is there.
        self.0.speaks_grpc.swap(true, Ordering::AcqRel);
        self.inner().speaks_grpc.store(true, Ordering::Relaxed);
        GrpcHealth { server: HealthServer::new(Answers { health: self.clone() }) }
    }
}

/// `grpc.health.v1.Health` over the same checks. Made by [`HealthChecks::grpc`].
///
/// # Guarantees
///
/// - `Check` of an unknown service is `NOT_FOUND`; `Watch` of one says `SERVICE_UNKNOWN` and stays. Of what is
///   [starting](HealthChecks::starting) nobody knows yet which there are: both say `NOT_SERVING` of any.
/// - `Watch` says the status at once, then each other one. When the service drains it says `NOT_SERVING` and
///   ends, so that no stream holds the shutdown up.
/// - No more than [`max_watchers`](crate::HealthChecksBuilder::max_watchers) watch at once; the next one is
///   refused with `RESOURCE_EXHAUSTED`.
///
/// # Cancellation
///
/// A stream that is dropped gives its place back.
///
/// # Cost
///
/// What tonic costs, boxes included; a watcher holds its place and one waker.
///
/// # Errors
///
/// Those above, as statuses.
#[derive(Clone)]
pub struct GrpcHealth {
    server: HealthServer<Answers>,
}

impl NamedService for GrpcHealth {
    const NAME: &'static str = <HealthServer<Answers> as NamedService>::NAME;
}

impl<B> Service<Request<B>> for GrpcHealth
where
    B: Body + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>> + Send + 'static,
{
    type Response = Response<tonic::body::Body>;
    type Error = Infallible;
    type Future = GrpcFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Service::<Request<B>>::poll_ready(&mut self.server, cx)
    }

    fn call(&mut self, request: Request<B>) -> GrpcFuture {
        if is_grpc_probe(&request)
            && let Some(context) = RequestHead::context(&request)
        {
            context.mark_probe();
        }
        GrpcFuture { answer: self.server.call(request) }
    }
}

impl fmt::Debug for GrpcHealth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrpcHealth").finish_non_exhaustive()
    }
}

type Answered = Result<Response<tonic::body::Body>, Infallible>;

/// Response future of [`GrpcHealth`].
#[must_use = "futures do nothing unless polled"]
pub struct GrpcFuture {
    answer: Pin<Box<dyn Future<Output = Answered> + Send>>,
}

impl Future for GrpcFuture {
    type Output = Answered;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Answered> {
        self.answer.as_mut().poll(cx)
    }
}

impl fmt::Debug for GrpcFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrpcFuture").finish_non_exhaustive()
    }
}
