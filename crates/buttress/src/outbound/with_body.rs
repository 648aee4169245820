use std::fmt;
use std::task::{Context, Poll};

use buttress_retry::ReplayBody;
use http::Request;
use tower_service::Service;

use super::{Outbound, OutboundService};

impl Outbound {
    /// Puts a client behind the wall that wants a body of its own type, which this makes of the wall's.
    ///
    /// ```
    /// use std::convert::Infallible;
    ///
    /// use buttress::prelude::*;
    /// use bytes::Bytes;
    /// use http::{Request, Response};
    /// use http_body_util::{BodyExt, Full, combinators::BoxBody};
    /// use tower::{ServiceExt, service_fn};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let client = service_fn(|request: Request<BoxBody<Bytes, Infallible>>| async move {
    ///     Ok::<_, Infallible>(Response::new(request.into_body()))
    /// });
    /// let client = Outbound::to("echo").build()?.layer_on_with(client, BodyExt::boxed);
    ///
    /// let response = client.oneshot(Request::new(Full::<Bytes>::from("hello"))).await?;
    /// assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "hello");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// The wall itself boxes nothing: what it costs is what the function does, once for each attempt.
    pub fn layer_on_with<S, F, A, B>(&self, client: S, into: F) -> OutboundService<WithBody<S, F>>
    where
        S: Service<Request<B>>,
        F: Fn(ReplayBody<A>) -> B,
    {
        self.layer_on(WithBody { client, into })
    }
}

/// Gives a client the body that it wants. Made by [`Outbound::layer_on_with`].
#[derive(Clone)]
pub struct WithBody<S, F> {
    client: S,
    into: F,
}

impl<S, F, A, B> Service<Request<ReplayBody<A>>> for WithBody<S, F>
where
    S: Service<Request<B>>,
    F: Fn(ReplayBody<A>) -> B,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.client.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, request: Request<ReplayBody<A>>) -> S::Future {
        self.client.call(request.map(&self.into))
    }
}

impl<S: fmt::Debug, F> fmt::Debug for WithBody<S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WithBody").field("client", &self.client).finish_non_exhaustive()
    }
}
