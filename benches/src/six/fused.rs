//! The floor: all six by hand in one service, as nobody would write it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::duties::{Duties, Flight, Id, Refusal, Wrap};

/// Applies [`Fused`].
#[derive(Clone, Debug, Default)]
pub struct FusedLayer(Arc<Duties>);

impl<S> Layer<S> for FusedLayer {
    type Service = Fused<S>;

    fn layer(&self, inner: S) -> Fused<S> {
        Fused { inner, duties: Arc::clone(&self.0) }
    }
}

/// Does all six duties.
#[derive(Clone, Debug)]
pub struct Fused<S> {
    inner: S,
    duties: Arc<Duties>,
}

impl<S, B, ResB> Service<Request<B>> for Fused<S>
where
    S: Service<Request<B>, Response = Response<ResB>>,
    ResB: From<Bytes>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = FusedFuture<S::Future>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let duties = &*self.duties;
        let flight = Flight::start(&duties.gauges);
        let id = duties.ids.of(request.headers());
        request.extensions_mut().insert(id.clone());
        let wrap = duties.errors.wrap_for(request.method());
        let admitted = duties.limiter.check(request.extensions());
        let admitted = admitted.and_then(|()| duties.tokens.find(request.headers()));
        let phase = match admitted {
            Ok(principal) => {
                request.extensions_mut().insert(principal);
                Phase::Admitted { inner: self.inner.call(request) }
            }
            Err(refusal) => Phase::Refused { refusal },
        };
        let kept = Some((flight, id, wrap));
        FusedFuture { duties: Arc::clone(&self.duties), kept, phase }
    }
}

pin_project! {
    /// Response future of [`Fused`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct FusedFuture<F> {
        duties: Arc<Duties>,
        kept: Option<(Flight, Id, Wrap)>,
        #[pin]
        phase: Phase<F>,
    }
}

pin_project! {
    #[derive(Debug)]
    #[project = PhaseProj]
    enum Phase<F> {
        Admitted { #[pin] inner: F },
        Refused { refusal: Refusal },
    }
}

impl<F, B, E> Future for FusedFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: From<Bytes>,
{
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let mut response = match this.phase.project() {
            PhaseProj::Admitted { inner } => ready!(inner.poll(cx))?,
            PhaseProj::Refused { refusal } => refusal.response(),
        };
        if let Some((flight, id, wrap)) = this.kept.take() {
            let status = response.status();
            if let Some(body) = wrap.around(status, response.headers_mut()) {
                *response.body_mut() = body.into();
            }
            this.duties.headers.add(response.headers_mut());
            id.echo(response.headers_mut());
            flight.finish(response.status());
        }
        Poll::Ready(Ok(response))
    }
}
