use std::error::Error;
use std::task::{Context, Poll};

use buttress_retry::ReplayBody;
use bytes::Bytes;
use http::Request;
use http_body::Body as HttpBody;
use tower_service::Service;

use super::{Outbound, OutboundService};

impl Outbound {
    /// Puts a channel of tonic behind the wall, or whatever else wants tonic's own body. Clients that tonic generates
    /// take what comes of it; what the wall refuses is a status to them, with pushback.
    ///
    /// ```
    /// use buttress::circuit_breaker::Force;
    /// use buttress::prelude::*;
    /// use tonic::transport::Endpoint;
    /// use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let channel = Endpoint::from_static("http://127.0.0.1:50051").connect_lazy();
    /// let wall = Outbound::to("payments").deadline(secs(30)).build()?;
    /// let mut client = HealthClient::new(wall.layer_on_tonic(channel));
    ///
    /// wall.breaker().force(Force::Open);
    /// let refused = client.check(HealthCheckRequest::default()).await.unwrap_err();
    /// assert_eq!(refused.code(), tonic::Code::Unavailable);
    /// # Ok(())
    /// # }
    /// ```
    pub fn layer_on_tonic<S>(&self, channel: S) -> OutboundService<TonicBodies<S>> {
        self.layer_on(TonicBodies { channel })
    }
}

/// Gives a channel the body that it wants, at the price of a box for each attempt. Made by
/// [`Outbound::layer_on_tonic`].
#[derive(Clone, Debug)]
pub struct TonicBodies<S> {
    channel: S,
}

impl<S, B> Service<Request<ReplayBody<B>>> for TonicBodies<S>
where
    S: Service<Request<tonic::body::Body>>,
    B: HttpBody<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.channel.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReplayBody<B>>) -> S::Future {
        self.channel.call(request.map(tonic::body::Body::new))
    }
}
