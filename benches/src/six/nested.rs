//! The classical way: six layers, each with its service and its named future.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::duties::{
    ErrorShape, Flight, Gauges, Id, Ids, Limiter, Refusal, SecurityHeaders, Tokens, Wrap,
};

/// All six, outermost first.
pub type SixLayers =
    (FlightsLayer, RequestIdLayer, SecurityLayer, EnvelopeLayer, LimitLayer, BearerLayer);

/// What six hand-written files would repeat: the layer, the service, and the forwarding.
macro_rules! classical {
    ($layer:ident, $service:ident, $duty:ty, $future:ident, |$this:ident, $request:pat_param| $call:expr) => {
        #[doc = concat!("Applies [`", stringify!($service), "`].")]
        #[derive(Clone, Debug, Default)]
        pub struct $layer(Arc<$duty>);

        impl<S> Layer<S> for $layer {
            type Service = $service<S>;

            fn layer(&self, inner: S) -> $service<S> {
                $service { inner, duty: Arc::clone(&self.0) }
            }
        }

        #[doc = concat!("One duty: [`", stringify!($duty), "`].")]
        #[derive(Clone, Debug)]
        pub struct $service<S> {
            inner: S,
            duty: Arc<$duty>,
        }

        impl<S, B, ResB> Service<Request<B>> for $service<S>
        where
            S: Service<Request<B>, Response = Response<ResB>>,
            ResB: From<Bytes>,
        {
            type Response = S::Response;
            type Error = S::Error;
            type Future = $future<S::Future>;

            #[inline]
            fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
                self.inner.poll_ready(cx)
            }

            #[inline]
            fn call(&mut self, $request: Request<B>) -> Self::Future {
                let $this = self;
                $call
            }
        }
    };
}

/// A future that touches the response with what was kept since the request.
macro_rules! touching {
    ($future:ident, |$kept:ident: $type:ty, $response:ident| $touch:expr) => {
        pin_project! {
            #[doc = "Response future that touches the response on its way out."]
            #[derive(Debug)]
            #[must_use = "futures do nothing unless polled"]
            pub struct $future<F> {
                #[pin]
                inner: F,
                kept: Option<$type>,
            }
        }

        impl<F, B, E> Future for $future<F>
        where
            F: Future<Output = Result<Response<B>, E>>,
            B: From<Bytes>,
        {
            type Output = F::Output;

            #[inline]
            fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
                let this = self.project();
                let mut response = ready!(this.inner.poll(cx))?;
                if let Some($kept) = this.kept.take() {
                    let $response = &mut response;
                    $touch;
                }
                Poll::Ready(Ok(response))
            }
        }
    };
}

classical!(RequestIdLayer, RequestId, Ids, RequestIdFuture, |this, mut request| {
    let id = this.duty.of(request.headers());
    request.extensions_mut().insert(id.clone());
    RequestIdFuture { inner: this.inner.call(request), kept: Some(id) }
});
touching!(RequestIdFuture, |id: Id, response| id.echo(response.headers_mut()));

classical!(SecurityLayer, Security, SecurityHeaders, SecurityFuture, |this, request| {
    SecurityFuture { inner: this.inner.call(request), kept: Some(Arc::clone(&this.duty)) }
});
touching!(SecurityFuture, |headers: Arc<SecurityHeaders>, response| {
    headers.add(response.headers_mut());
});

classical!(FlightsLayer, Flights, Gauges, FlightsFuture, |this, request| {
    let flight = Flight::start(&this.duty);
    FlightsFuture { inner: this.inner.call(request), kept: Some(flight) }
});
touching!(FlightsFuture, |flight: Flight, response| flight.finish(response.status()));

classical!(EnvelopeLayer, Envelope, ErrorShape, EnvelopeFuture, |this, request| {
    let wrap = this.duty.wrap_for(request.method());
    EnvelopeFuture { inner: this.inner.call(request), kept: Some(wrap) }
});
touching!(EnvelopeFuture, |wrap: Wrap, response| {
    let status = response.status();
    if let Some(body) = wrap.around(status, response.headers_mut()) {
        *response.body_mut() = body.into();
    }
});

classical!(LimitLayer, Limit, Limiter, GateFuture, |this, request| {
    match this.duty.check(request.extensions()) {
        Ok(()) => GateFuture::open(this.inner.call(request)),
        Err(refusal) => GateFuture::closed(refusal),
    }
});

classical!(BearerLayer, Bearer, Tokens, GateFuture, |this, mut request| {
    match this.duty.find(request.headers()) {
        Ok(principal) => {
            request.extensions_mut().insert(principal);
            GateFuture::open(this.inner.call(request))
        }
        Err(refusal) => GateFuture::closed(refusal),
    }
});

pin_project! {
    /// Response future of [`Limit`] and [`Bearer`], which pass or refuse.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct GateFuture<F> {
        #[pin]
        gate: Gate<F>,
    }
}

pin_project! {
    #[derive(Debug)]
    #[project = GateProj]
    enum Gate<F> {
        Open { #[pin] inner: F },
        Closed { refusal: Refusal },
    }
}

impl<F> GateFuture<F> {
    fn open(inner: F) -> Self {
        Self { gate: Gate::Open { inner } }
    }

    fn closed(refusal: Refusal) -> Self {
        Self { gate: Gate::Closed { refusal } }
    }
}

impl<F, B, E> Future for GateFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: From<Bytes>,
{
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        match self.project().gate.project() {
            GateProj::Open { inner } => inner.poll(cx),
            GateProj::Closed { refusal } => Poll::Ready(Ok(refusal.response())),
        }
    }
}
