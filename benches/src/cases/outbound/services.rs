//! What is called: a service that waits once, and one that keeps a clone of the head.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Extensions, HeaderMap, Method, Request, Response, Uri, Version};
use http_body_util::Full;
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::Hello;

/// Greets as [`Hello`] does, with the second poll.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "it will never hold anything")]
pub struct Slow;

impl<B> Service<Request<B>> for Slow {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Waiting;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Waiting {
        Waiting { answer: Hello.call(request), has_waited: false }
    }
}

/// The answer of [`Slow`].
#[derive(Debug)]
pub struct Waiting {
    answer: Ready<Result<Response<Full<Bytes>>, Infallible>>,
    has_waited: bool,
}

impl Future for Waiting {
    type Output = Result<Response<Full<Bytes>>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if !std::mem::replace(&mut self.has_waited, true) {
            // Or whoever polls only what was woken would wait without end.
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Pin::new(&mut self.answer).poll(cx)
    }
}

/// Answers nothing to nothing: a service that knows no HTTP.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "it will never hold anything")]
pub struct Nothing;

impl<E> Service<Typed<E>> for Nothing {
    type Response = ();
    type Error = E;
    type Future = Ready<Result<(), E>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), E>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Typed<E>) -> Self::Future {
        ready(Ok(()))
    }
}

/// A request of [`Nothing`], which says what its errors are.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "it will never hold anything")]
pub struct Typed<E>(pub std::marker::PhantomData<fn() -> E>);

/// One of them.
#[must_use]
pub fn typed<E>() -> Typed<E> {
    Typed(std::marker::PhantomData)
}

/// Keeps a clone of the head until the answer is there, as whoever may repeat a call has to.
#[derive(Clone, Copy, Debug)]
pub(super) struct KeepsHead<S>(pub(super) S);

impl<S: Service<Request<B>>, B> Service<Request<B>> for KeepsHead<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = Keeping<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let head = Head {
            method: request.method().clone(),
            uri: request.uri().clone(),
            version: request.version(),
            headers: request.headers().clone(),
            extensions: request.extensions().clone(),
        };
        Keeping { future: self.0.call(request), head }
    }
}

#[expect(dead_code, reason = "it is kept to be dropped")]
struct Head {
    method: Method,
    uri: Uri,
    version: Version,
    headers: HeaderMap,
    extensions: Extensions,
}

pin_project! {
    pub(super) struct Keeping<F> {
        #[pin]
        future: F,
        head: Head,
    }
}

impl<F: Future> Future for Keeping<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.project().future.poll(cx)
    }
}
