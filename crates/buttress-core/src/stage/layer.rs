use std::fmt;
use std::marker::PhantomData;
use std::task::Poll;

use bytes::Bytes;
use http::Response;
use tower_layer::Layer;

use super::{Stage, Staged};
use crate::Reply;
use crate::sync::Shared;

/// A stage as an ordinary tower layer. Made by [`Stage::layer`]; clones share the stage.
///
/// ```
/// use buttress_core::{Context, stage::Stage};
/// use bytes::Bytes;
/// use http::{Request, Response};
/// use http_body_util::Full;
/// # use std::convert::Infallible;
/// use tower::{Layer, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let app = service_fn(|request: Request<()>| async move {
///     assert_ne!(request.uri(), "/odd", "this panics");
///     Ok::<_, Infallible>(Response::new(Full::new(Bytes::new())))
/// });
/// let service = Context::default().layer().catch_panics().layer(app);
///
/// let response = service.oneshot(Request::get("/odd").body(()).unwrap()).await.unwrap();
/// assert_eq!(response.status(), 500);
/// assert!(response.headers().contains_key("x-request-id"));
/// # }
/// ```
#[must_use = "a layer does nothing until it is put around a service"]
pub struct StageLayer<T: 'static, M = Rewrap> {
    stage: Shared<T>,
    catch: bool,
    mode: PhantomData<fn() -> M>,
}

impl<T: Stage> StageLayer<T> {
    pub(super) fn new(stage: T) -> Self {
        Self { stage: Shared::new(stage), catch: false, mode: PhantomData }
    }
}

impl<T, M> StageLayer<T, M> {
    /// Turns panics into a [`Problem`](crate::Problem) with the code `INTERNAL`: those of the service
    /// inside, while it is called or polled, and those of the stages themselves.
    ///
    /// The response leaves through every stage that the request had entered when the service panicked.
    /// Where a stage panicked, the memos of its neighbours are dropped instead, unless it was
    /// [`Guarded`](super::Guarded). The message of the panic
    /// becomes the problem's source, for the log alone.
    pub fn catch_panics(self) -> Self {
        Self { catch: true, ..self }
    }

    /// Keeps the stage for as long as the program runs, and spares every request the counting of references.
    ///
    /// For a wall that is built once: what is built and dropped again and again would fill the memory, and the
    /// stages are never dropped. It saves two atomic increments and decrements a request, and the one place in
    /// memory that all threads would write to. Stages without a value are [not counted](Shared) anyway.
    pub fn leak(self) -> Self {
        Self { stage: self.stage.leak(), ..self }
    }

    /// Keeps the type of the body, for a body that can be made from bytes, as axum's can.
    ///
    /// Without it the body becomes a [`Reply`], which works for any body.
    pub fn keep_body(self) -> StageLayer<T, Keep> {
        StageLayer { stage: self.stage, catch: self.catch, mode: PhantomData }
    }
}

impl<T, M> Clone for StageLayer<T, M> {
    fn clone(&self) -> Self {
        Self { stage: self.stage.clone(), catch: self.catch, mode: PhantomData }
    }
}

impl<T: fmt::Debug, M> fmt::Debug for StageLayer<T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StageLayer").field(&self.stage).finish()
    }
}

impl<S, T, M> Layer<S> for StageLayer<T, M> {
    type Service = Staged<T, S, M>;

    fn layer(&self, inner: S) -> Self::Service {
        Staged::new(inner, self.stage.clone(), self.catch)
    }
}

/// How the body of the inner service becomes that of the layer.
#[diagnostic::on_unimplemented(
    message = "`{B}` cannot be made from bytes, so it cannot be kept",
    label = "a refusal needs a body of this type",
    note = "leave `.keep_body()` out: the body becomes a `Reply<{B}>`, which works for any"
)]
pub trait BodyMode<B>: sealed::Sealed {
    /// The body of the layer.
    type Body: From<Bytes>;

    /// The inner body as the layer's.
    fn wrap(body: B) -> Self::Body;

    /// The same for a whole response, which is not moved if its body is kept.
    fn wrap_polled<E>(
        polled: Poll<Result<Response<B>, E>>,
    ) -> Poll<Result<Response<Self::Body>, E>>;
}

/// Wraps any body in a [`Reply`]: the default.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_enums, reason = "a type-level name, of which there is no value")]
pub enum Rewrap {}

/// Keeps the type of a body that can be made from bytes. See [`StageLayer::keep_body`].
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_enums, reason = "a type-level name, of which there is no value")]
pub enum Keep {}

impl<B> BodyMode<B> for Rewrap {
    type Body = Reply<B>;

    fn wrap(body: B) -> Reply<B> {
        Reply::inner(body)
    }

    #[inline]
    fn wrap_polled<E>(polled: Poll<Result<Response<B>, E>>) -> Poll<Result<Response<Reply<B>>, E>> {
        polled.map_ok(|response| response.map(Reply::inner))
    }
}

// Without this the compiler asks for `From<Bytes>`, and does not say why.
#[diagnostic::do_not_recommend]
impl<B: From<Bytes>> BodyMode<B> for Keep {
    type Body = B;

    fn wrap(body: B) -> B {
        body
    }

    #[inline]
    fn wrap_polled<E>(polled: Poll<Result<Response<B>, E>>) -> Poll<Result<Response<B>, E>> {
        polled
    }
}

mod sealed {
    #[expect(unnameable_types, reason = "so nobody else can implement it")]
    pub trait Sealed {}

    impl Sealed for super::Rewrap {}
    impl Sealed for super::Keep {}
}
