use std::fmt;
use std::marker::PhantomData;
use std::task::{Context, Poll};

use buttress_core::clock::Timer;
use buttress_core::outcome::AsError;
use buttress_core::stage::{Keep, Rewrap};
use tower_layer::Layer;
use tower_service::Service;

use super::{Bulkhead, Mode, ResponseFuture, ToTheEnd};
use crate::door::Admission;
use crate::{NoTimer, Priority};

/// Puts services behind a bulkhead. Made by [`Bulkhead::layer`].
///
/// Clones of a layer, and all services that it makes, have their permits together.
#[must_use = "a layer does nothing until it is put around a service"]
pub struct BulkheadLayer<M = Rewrap, T: 'static = NoTimer> {
    bulkhead: Bulkhead<T>,
    mode: PhantomData<fn() -> M>,
}

impl<T> BulkheadLayer<Rewrap, T> {
    pub(super) fn new(bulkhead: Bulkhead<T>) -> Self {
        Self { bulkhead, mode: PhantomData }
    }

    /// Gives a permit back with the end of the body, and not with its head: for answers that are streamed, where the
    /// work is done while the body is read.
    ///
    /// ```
    /// use buttress_overload::bulkhead::Bulkhead;
    /// use http::{Request, Response};
    /// use http_body_util::BodyExt;
    /// # use bytes::Bytes;
    /// # use http_body_util::Full;
    /// # use std::convert::Infallible;
    /// # use tower::{Layer, ServiceExt, service_fn};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let bulkhead = Bulkhead::of(1).build()?;
    /// # let files = service_fn(|_: Request<()>| async {
    /// #     Ok::<_, Infallible>(Response::new(Full::new(Bytes::from("of a file"))))
    /// # });
    /// let files = bulkhead.layer().until_body_ends().layer(files);
    ///
    /// let file = files.clone().oneshot(Request::new(())).await?;
    /// assert_eq!(files.clone().oneshot(Request::new(())).await?.status(), 503);
    ///
    /// assert_eq!(file.into_body().collect().await.unwrap().to_bytes(), "of a file");
    /// assert_eq!(files.oneshot(Request::new(())).await?.status(), 200);
    /// # Ok(())
    /// # }
    /// ```
    pub fn until_body_ends(self) -> BulkheadLayer<ToTheEnd, T> {
        self.mode()
    }

    /// Keeps the type of the body, for a body that can be made from bytes. Without it the body becomes a
    /// [`Reply`](buttress_core::Reply), which works for any.
    pub fn keep_body(self) -> BulkheadLayer<Keep, T> {
        self.mode()
    }

    /// Works for any requests and responses: a refusal is an error, of a type that a
    /// [`Problem`](buttress_core::Problem) can become.
    ///
    /// ```
    /// use buttress_overload::bulkhead::Bulkhead;
    /// # use tower::{BoxError, Layer, ServiceExt, service_fn};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// let bulkhead = Bulkhead::of(1).build()?;
    /// let double = service_fn(|number: u32| async move { Ok::<_, BoxError>(number * 2) });
    /// let double = bulkhead.layer().as_error().layer(double);
    /// assert_eq!(double.clone().oneshot(21).await?, 42);
    ///
    /// let _taken = bulkhead.try_enter()?;
    /// assert!(double.oneshot(21).await.is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub fn as_error(self) -> BulkheadLayer<AsError, T> {
        self.mode()
    }

    fn mode<M>(self) -> BulkheadLayer<M, T> {
        BulkheadLayer { bulkhead: self.bulkhead, mode: PhantomData }
    }
}

impl<S, M, T: Clone> Layer<S> for BulkheadLayer<M, T> {
    type Service = Bulkheaded<S, M, T>;

    fn layer(&self, inner: S) -> Self::Service {
        Bulkheaded { inner, bulkhead: self.bulkhead.clone(), mode: PhantomData }
    }
}

/// A service behind a bulkhead. Made by a [`BulkheadLayer`]; the [module](super) has an example.
///
/// A call that has to wait takes the instance along that was polled ready, and leaves a clone behind. After a refusal
/// the instance keeps its readiness; the next call spends it.
pub struct Bulkheaded<S, M = Rewrap, T: 'static = NoTimer> {
    inner: S,
    bulkhead: Bulkhead<T>,
    mode: PhantomData<fn() -> M>,
}

impl<S, M, T> Bulkheaded<S, M, T> {
    /// The service inside.
    pub fn inner(&self) -> &S {
        &self.inner
    }

    /// Takes the service out again.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<Req, S, M, T> Service<Req> for Bulkheaded<S, M, T>
where
    S: Service<Req> + Clone,
    M: Mode<Req, S::Response, S::Error>,
    T: Timer,
{
    type Response = M::Response;
    type Error = S::Error;
    type Future = ResponseFuture<Req, S, T, M>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, request: Req) -> Self::Future {
        let Some(permit) = self.bulkhead.take() else {
            let priority = M::priority(&request).unwrap_or(self.bulkhead.priority);
            return line_up(&self.bulkhead, priority, &mut self.inner, request);
        };
        ResponseFuture::calling(self.inner.call(request), permit)
    }
}

#[cold]
pub(super) fn line_up<Req, S, M, T>(
    bulkhead: &Bulkhead<T>,
    priority: Priority,
    inner: &mut S,
    request: Req,
) -> ResponseFuture<Req, S, T, M>
where
    S: Service<Req> + Clone,
    M: Mode<Req, S::Response, S::Error>,
    T: Timer,
{
    match bulkhead.line_up(priority) {
        Admission::In(permit) => ResponseFuture::calling(inner.call(request), permit),
        Admission::Out(problem) => ResponseFuture::refused(problem, M::wants(&request)),
        Admission::Wait(wait) => {
            let fresh = inner.clone();
            let ready = std::mem::replace(inner, fresh);
            let wants = M::wants(&request);
            ResponseFuture::waiting(wait, ready, request, wants)
        }
    }
}

impl<M, T: Clone> Clone for BulkheadLayer<M, T> {
    fn clone(&self) -> Self {
        Self { bulkhead: self.bulkhead.clone(), mode: PhantomData }
    }
}

impl<S: Clone, M, T: Clone> Clone for Bulkheaded<S, M, T> {
    #[inline]
    fn clone(&self) -> Self {
        let Self { inner, bulkhead, .. } = self;
        Self { inner: inner.clone(), bulkhead: bulkhead.clone(), mode: PhantomData }
    }
}

impl<M, T> fmt::Debug for BulkheadLayer<M, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BulkheadLayer").field("bulkhead", &self.bulkhead).finish()
    }
}

impl<S: fmt::Debug, M, T> fmt::Debug for Bulkheaded<S, M, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bulkheaded")
            .field("inner", &self.inner)
            .field("bulkhead", &self.bulkhead)
            .finish()
    }
}
