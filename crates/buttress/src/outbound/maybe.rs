//! A part that may be missing, around what it would stand around.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tower_service::Service;

/// A service in the part, or the service itself.
#[derive(Clone, Debug)]
#[expect(unnameable_types, reason = "it is seen in the type of a future alone")]
pub enum Maybe<A, B> {
    /// In the part.
    In(A),
    /// Without it.
    Bare(B),
}

impl<Req, A, B> Service<Req> for Maybe<A, B>
where
    A: Service<Req>,
    B: Service<Req, Response = A::Response, Error = A::Error>,
{
    type Response = A::Response;
    type Error = A::Error;
    type Future = MaybeFuture<A::Future, B::Future>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), A::Error>> {
        match self {
            Self::In(service) => service.poll_ready(cx),
            Self::Bare(service) => service.poll_ready(cx),
        }
    }

    // A function of its own, from which each future is returned as it is made, and not put together with the other one first.
    #[inline(never)]
    fn call(&mut self, request: Req) -> Self::Future {
        match self {
            Self::In(service) => MaybeFuture::In { future: service.call(request) },
            Self::Bare(service) => MaybeFuture::Bare { future: service.call(request) },
        }
    }
}

pin_project! {
    /// The future of either.
    #[project = MaybeFutureProj]
    pub enum MaybeFuture<F, G> {
        In { #[pin] future: F },
        Bare { #[pin] future: G },
    }
}

impl<F: Future, G: Future<Output = F::Output>> Future for MaybeFuture<F, G> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        match self.project() {
            MaybeFutureProj::In { future } => future.poll(cx),
            MaybeFutureProj::Bare { future } => future.poll(cx),
        }
    }
}
