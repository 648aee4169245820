use std::convert::Infallible;
use std::future::{Future, Ready, ready};
use std::hint::black_box;
use std::net::SocketAddr;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, Uri, header};
use http_body_util::Full;
use tower_service::Service;

use crate::Run;

/// The work of sending requests through `service`, each of which must be answered with `status`.
///
/// Every side pays the same for building its request, so what a layer costs is the distance from bare.
pub fn requests<S, B, R>(service: S, request: fn() -> Request<B>, status: StatusCode) -> Run
where
    S: Service<Request<B>, Response = Response<R>, Error = Infallible>,
    S: Clone + Send + Sync + 'static,
    B: 'static,
{
    Box::new(move |times| (0..times).for_each(|_| drive(&service, request(), status)))
}

/// [`requests`] as most cases send them: from an empty body to a welcome.
pub fn welcomes<S, R>(service: S) -> Run
where
    S: Service<Request<Full<Bytes>>, Response = Response<R>, Error = Infallible>,
    S: Clone + Send + Sync + 'static,
{
    requests(service, get, StatusCode::OK)
}

/// Does for one request what hyper-util does: clone the service, wait until it is ready, call it, poll
/// to the end, drop the response.
#[inline(never)]
fn drive<S, B, R>(service: &S, request: Request<B>, status: StatusCode)
where
    S: Service<Request<B>, Response = Response<R>, Error = Infallible> + Clone,
{
    let mut cx = Context::from_waker(Waker::noop());
    let mut service = black_box(service).clone();
    while service.poll_ready(&mut cx).is_pending() {}
    let mut response = pin!(service.call(request));
    let Ok(response) = loop {
        if let Poll::Ready(response) = response.as_mut().poll(&mut cx) {
            break response;
        }
    };
    assert_eq!(response.status(), status, "the service did other work than the case means");
    drop(black_box(response));
}

/// A request as a client sends it, with a token and the address of its peer.
#[must_use]
pub fn get<B: Default>() -> Request<B> {
    let mut request = get_without_token();
    let token = HeaderValue::from_static("Bearer token-00000000000000000007");
    request.headers_mut().insert(header::AUTHORIZATION, token);
    request
}

/// The same without the token.
#[must_use]
pub fn get_without_token<B: Default>() -> Request<B> {
    let mut request = Request::new(B::default());
    *request.uri_mut() = Uri::from_static("/");
    let headers = request.headers_mut();
    headers.reserve(8);
    headers.insert(header::HOST, HeaderValue::from_static("example.org"));
    headers.insert(header::USER_AGENT, HeaderValue::from_static("curl/8"));
    headers.insert(header::ACCEPT, HeaderValue::from_static("*/*"));
    request.extensions_mut().insert(SocketAddr::from(([203, 0, 113, 7], 4000)));
    request
}

/// The bare service: it greets, and never waits.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "it will never hold anything")]
pub struct Hello;

impl<B> Service<Request<B>> for Hello {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        drop(black_box(request));
        let mut response = Response::new(Full::new(Bytes::from_static(b"hello")));
        let plain = HeaderValue::from_static("text/plain; charset=utf-8");
        response.headers_mut().insert(header::CONTENT_TYPE, plain);
        ready(Ok(response))
    }
}
