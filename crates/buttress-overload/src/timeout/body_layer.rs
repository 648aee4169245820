use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use buttress_core::clock::Timer;
use http::Response;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::TimedBody;
use super::body::Bounds;

/// Bounds how long the bodies of responses may take: between frames, and as a whole.
///
/// ```
/// use buttress_core::clock::{TokioTimer, secs};
/// use buttress_overload::timeout::{BodyError, BodyTimeoutLayer};
/// use buttress_testkit::body::Frames;
/// use http::{Request, Response};
/// use http_body_util::BodyExt;
/// # use std::convert::Infallible;
/// # use tower::{Layer, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // A client whose answers stand still after their first frame.
/// let client = service_fn(|_: Request<()>| async {
///     Ok::<_, Infallible>(Response::new(Frames::new().data("first").hold()))
/// });
/// let client = BodyTimeoutLayer::new(TokioTimer).idle(secs(10)).layer(client);
///
/// let mut body = std::pin::pin!(client.oneshot(Request::new(())).await?.into_body());
/// assert_eq!(body.frame().await.unwrap()?.into_data().unwrap(), "first");
/// assert!(matches!(body.frame().await.unwrap(), Err(BodyError::TimedOut(_))));
/// assert!(body.frame().await.is_none());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "a layer does nothing until it is put around a service"]
pub struct BodyTimeoutLayer<T> {
    bounds: Bounds,
    timer: T,
}

impl<T: Timer + Clone> BodyTimeoutLayer<T> {
    /// Bounds nothing yet.
    pub fn new(timer: T) -> Self {
        Self { bounds: Bounds::default(), timer }
    }

    /// Sets how long the next frame may be waited for.
    pub fn idle(mut self, time: Duration) -> Self {
        self.bounds.idle = Some(time);
        self
    }

    /// Sets how long the end may be waited for, from the first time on that anything has to be.
    pub fn whole(mut self, time: Duration) -> Self {
        self.bounds.whole = Some(time);
        self
    }
}

impl<S, T: Clone> Layer<S> for BodyTimeoutLayer<T> {
    type Service = BodyTimeout<S, T>;

    fn layer(&self, inner: S) -> Self::Service {
        BodyTimeout { inner, bounds: self.bounds, timer: self.timer.clone() }
    }
}

/// A service whose bodies come in time, or break off. Made by a [`BodyTimeoutLayer`].
#[derive(Clone)]
pub struct BodyTimeout<S, T> {
    inner: S,
    bounds: Bounds,
    timer: T,
}

impl<S, T> BodyTimeout<S, T> {
    /// The service inside.
    pub fn inner(&self) -> &S {
        &self.inner
    }

    /// Takes the service out again.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<Req, S, T, B> Service<Req> for BodyTimeout<S, T>
where
    S: Service<Req, Response = Response<B>>,
    T: Timer + Clone,
{
    type Response = Response<TimedBody<B, T>>;
    type Error = S::Error;
    type Future = BodyTimeoutFuture<S::Future, T>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Req) -> Self::Future {
        let (bounds, timer) = (self.bounds, self.timer.clone());
        BodyTimeoutFuture { future: self.inner.call(request), bounds, timer }
    }
}

pin_project! {
    /// Response future of [`BodyTimeout`].
    #[must_use = "futures do nothing unless polled"]
    pub struct BodyTimeoutFuture<F, T> {
        #[pin]
        future: F,
        bounds: Bounds,
        timer: T,
    }
}

impl<F, T, B, E> Future for BodyTimeoutFuture<F, T>
where
    F: Future<Output = Result<Response<B>, E>>,
    T: Timer + Clone,
{
    type Output = Result<Response<TimedBody<B, T>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let wrap = |body| TimedBody::new(body, *this.bounds, this.timer.clone());
        this.future.poll(cx).map_ok(|response| response.map(wrap))
    }
}

impl<T> fmt::Debug for BodyTimeoutLayer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyTimeoutLayer").field("bounds", &self.bounds).finish_non_exhaustive()
    }
}

impl<S: fmt::Debug, T> fmt::Debug for BodyTimeout<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyTimeout")
            .field("inner", &self.inner)
            .field("bounds", &self.bounds)
            .finish_non_exhaustive()
    }
}

impl<F, T> fmt::Debug for BodyTimeoutFuture<F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyTimeoutFuture").finish_non_exhaustive()
    }
}
