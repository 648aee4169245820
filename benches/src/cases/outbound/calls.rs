use std::fmt;
use std::hint::black_box;
use std::pin::pin;
use std::sync::OnceLock;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{Request, Response, StatusCode, Uri};
use http_body::Body;
use http_body_util::Full;
use tokio::runtime::{Builder, Runtime};
use tower_service::Service;

use crate::Run;
use crate::drive::get;

/// The work of making calls through `service`, each of which must be answered with a 200.
///
/// As a client makes them: clone the service, wait for readiness, call, poll to the end, read the body to its end. A
/// breaker judges a call there, so that all sides read it.
///
/// # Panics
///
/// The run does, if the answer is another one.
pub fn calls<S, B, R>(service: S, request: fn() -> Request<B>) -> Run
where
    S: Service<Request<B>, Response = Response<R>, Error: fmt::Debug>,
    S: Clone + Send + Sync + 'static,
    R: Body<Data = Bytes, Error: fmt::Debug>,
    B: 'static,
{
    let answer = |result: Result<Response<R>, S::Error>| {
        let response = result.expect("the service did other work than the case means");
        assert_eq!(response.status(), StatusCode::OK);
        read(response.into_body());
    };
    Box::new(move |times| (0..times).for_each(|_| answer(call(&service, request()))))
}

/// The work of asking a service for what it refuses.
///
/// # Panics
///
/// The run does, if it does not refuse.
pub fn refusals<S, Req>(service: S, request: fn() -> Req) -> Run
where
    S: Service<Req> + Clone + Send + Sync + 'static,
    Req: 'static,
{
    Box::new(move |times| {
        (0..times).for_each(|_| assert!(call(&service, request()).is_err(), "it was let through"));
    })
}

/// The work of asking a service of any kind for what it answers.
///
/// # Panics
///
/// The run does, if it does not answer.
pub fn answers<S, Req>(service: S, request: fn() -> Req) -> Run
where
    S: Service<Req> + Clone + Send + Sync + 'static,
    Req: 'static,
{
    Box::new(move |times| {
        (0..times).for_each(|_| assert!(call(&service, request()).is_ok(), "it was refused"));
    })
}

/// The work of asking a service for responses that refuse.
pub(super) fn responses<S, B, R>(service: S, request: fn() -> Request<B>) -> Run
where
    S: Service<Request<B>, Response = Response<R>, Error: fmt::Debug>,
    S: Clone + Send + Sync + 'static,
    B: 'static,
{
    let answer = |result: Result<Response<R>, S::Error>| {
        let response = result.expect("the service did other work than the case means");
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        drop(black_box(response));
    };
    Box::new(move |times| (0..times).for_each(|_| answer(call(&service, request()))))
}

#[inline(never)]
fn call<S, Req>(service: &S, request: Req) -> Result<S::Response, S::Error>
where
    S: Service<Req> + Clone,
{
    let mut cx = Context::from_waker(Waker::noop());
    let mut service = black_box(service).clone();
    loop {
        match service.poll_ready(&mut cx) {
            Poll::Pending => {}
            Poll::Ready(ready) => break ready?,
        }
    }
    let mut response = pin!(service.call(request));
    loop {
        if let Poll::Ready(response) = response.as_mut().poll(&mut cx) {
            return response;
        }
    }
}

/// As hyper reads it: what says that it has ended is not asked again.
fn read(body: impl Body<Data = Bytes, Error: fmt::Debug>) {
    let mut cx = Context::from_waker(Waker::noop());
    let mut body = pin!(body);
    while !body.is_end_stream() {
        match body.as_mut().poll_frame(&mut cx) {
            Poll::Ready(Some(frame)) => drop(black_box(frame.expect("the body broke off"))),
            Poll::Ready(None) => return,
            Poll::Pending => {}
        }
    }
}

/// The same work where there is a runtime, for what has timers of tokio.
///
/// # Panics
///
/// The run does, if the system gives none.
#[must_use]
pub fn in_runtime(run: Run) -> Run {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    let runtime = || Builder::new_current_thread().enable_time().build().expect("a runtime");
    Box::new(move |times| {
        let _inside = RUNTIME.get_or_init(runtime).enter();
        run(times);
    })
}

/// What is sent.
pub(super) type Ask = fn() -> Request<Full<Bytes>>;

/// A request with headers and an extension, and no body.
#[must_use]
pub fn empty() -> Request<Full<Bytes>> {
    get()
}

/// The same with a body that is there as long as the program runs.
#[must_use]
pub fn fixed() -> Request<Full<Bytes>> {
    get().map(|_: Full<Bytes>| Full::new(Bytes::from_static(&[b'x'; 64])))
}

/// The same with a body that was allocated for it, which all sides pay.
#[must_use]
pub fn allocated() -> Request<Full<Bytes>> {
    get().map(|_: Full<Bytes>| Full::new(Bytes::from(vec![b'x'; 64])))
}

/// A request of which a clone costs nothing: what is left is what a layer itself takes.
#[must_use]
pub fn plain() -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::default());
    *request.uri_mut() = Uri::from_static("/");
    request
}
