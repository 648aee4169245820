use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use buttress_core::outcome::{Judgement, Outcome, Reached, ReadError};
use buttress_retry::ReplayBody;
#[cfg(doc)]
use buttress_retry::errors::HyperErrors;
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body as HttpBody;
use pin_project_lite::pin_project;
use reqwest::{Body, Client, Error};
use tower_service::Service;

/// A client of `reqwest` as a service over HTTP, for a wall to be put around:
/// `wall.layer_on(Reqwest::new(client))`.
///
/// ```
/// use buttress::outbound::Reqwest;
/// use buttress::prelude::*;
/// use bytes::Bytes;
/// use http::Request;
/// use http_body_util::{BodyExt, Empty};
/// # use tokio::io::{AsyncReadExt, AsyncWriteExt};
/// # use tower::ServiceExt;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
/// # let address = listener.local_addr()?;
/// # tokio::spawn(async move {
/// #     let (mut stream, _) = listener.accept().await.unwrap();
/// #     let mut head = [0; 1_024];
/// #     let _ = stream.read(&mut head).await.unwrap();
/// #     stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello").await.unwrap();
/// # });
/// let client = reqwest::Client::builder().retry(reqwest::retry::never()).build()?;
/// let client = Outbound::to("greetings").deadline(secs(30)).build()?.layer_on(Reqwest::new(client));
///
/// let request = Request::get(format!("http://{address}/")).body(Empty::<Bytes>::new())?;
/// let response = client.oneshot(request).await?;
/// assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "hello");
/// # Ok(())
/// # }
/// ```
///
/// Its URIs have to be whole, as reqwest looks up there where to connect.
///
/// By itself reqwest sends a request again that the other side says it has not begun, beneath the wall, where no budget
/// and no breaker sees it. It does so with bodies alone that it can clone, and gets none from here; to be sure, and for
/// whatever else the client is used for, say `.retry(reqwest::retry::never())` when you build it.
#[derive(Clone, Debug)]
pub struct Reqwest {
    client: Client,
}

impl Reqwest {
    /// This client.
    #[must_use]
    pub const fn new(client: Client) -> Self {
        Self { client }
    }
}

impl From<Client> for Reqwest {
    fn from(client: Client) -> Self {
        Self::new(client)
    }
}

/// Knows of the errors of reqwest those that say nothing of whom a request was for: it could not be made, as its URI is
/// not whole or not of HTTP. Such a call is ignored, and is not repeated. What is behind other errors is known
/// [elsewhere](HyperErrors).
///
/// A wall has it by itself. For single layers, beside [`HyperErrors`]:
///
/// ```
/// use std::sync::Arc;
///
/// use buttress::outbound::ReqwestErrors;
/// use buttress::outcome::HttpClassify;
/// use buttress::retry::errors::HyperErrors;
///
/// let classify = HttpClassify::new().also(Arc::new(HyperErrors)).also(Arc::new(ReqwestErrors));
/// # drop(classify);
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "a value that is written as its name")]
pub struct ReqwestErrors;

impl ReadError for ReqwestErrors {
    fn read(&self, error: &(dyn StdError + 'static)) -> Option<Judgement> {
        let error: &Error = error.downcast_ref()?;
        // Nobody was asked, and yet nothing is to be sent again: it would fail in the same way.
        let no_news = Judgement::new(Outcome::Ignored).with_reached(Reached::Perhaps);
        error.is_builder().then_some(no_news)
    }
}

impl<B> Service<Request<ReplayBody<B>>> for Reqwest
where
    B: HttpBody<Data = Bytes, Error: Into<Box<dyn StdError + Send + Sync>>> + Send + Sync + 'static,
{
    type Response = Response<Body>;
    type Error = Error;
    type Future = ReqwestFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Service::<reqwest::Request>::poll_ready(&mut self.client, cx)
    }

    fn call(&mut self, request: Request<ReplayBody<B>>) -> ReqwestFuture {
        let state = match reqwest::Request::try_from(request.map(Body::wrap)) {
            Ok(request) => State::Sending { future: self.client.call(request) },
            Err(error) => State::Failed { error: Some(error) },
        };
        ReqwestFuture { state }
    }
}

pin_project! {
    /// Response future of [`Reqwest`].
    #[must_use = "futures do nothing unless polled"]
    pub struct ReqwestFuture {
        #[pin]
        state: State<<Client as Service<reqwest::Request>>::Future>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F> {
        Sending { #[pin] future: F },
        Failed { error: Option<Error> },
    }
}

impl Future for ReqwestFuture {
    type Output = Result<Response<Body>, Error>;

    #[expect(clippy::expect_used, reason = "the contract of `Future`: the caller's bug, as in std")]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProj::Sending { future } => {
                Poll::Ready(ready!(future.poll(cx)).map(Response::from))
            }
            StateProj::Failed { error } => Poll::Ready(Err(error
                .take()
                .expect("the future was polled after it had completed"))),
        }
    }
}

impl fmt::Debug for ReqwestFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReqwestFuture").finish_non_exhaustive()
    }
}
