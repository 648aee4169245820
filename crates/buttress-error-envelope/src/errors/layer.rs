use std::fmt;
use std::marker::PhantomData;

use buttress_core::stage::{Keep, Rewrap};
use tower_layer::Layer;

use super::Errors;

/// Turns the errors of a service into problems, so that it cannot fail: what axum asks of middleware.
///
/// It belongs inside the envelope, around what fails. With the feature `tower`, `ErrorsLayer::tower()` knows
/// the errors of tower's own middleware. Where neither an envelope nor a context stands outside, a gRPC request is
/// answered with a status of gRPC, any other in the JSON envelope.
///
/// ```
/// use buttress_core::{Code, Problem};
/// use buttress_error_envelope::{ErrorEnvelopeLayer, ErrorsLayer};
/// # use bytes::Bytes;
/// # use http::{Request, Response};
/// # use http_body_util::Full;
/// # use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # let fails = service_fn(|_: Request<()>| async {
/// #     Err::<Response<Full<Bytes>>, _>(std::io::Error::other("db7.internal is gone"))
/// # });
/// let service = ServiceBuilder::new()
///     .layer(ErrorEnvelopeLayer::default())
///     .layer(ErrorsLayer::new(|error: std::io::Error| Problem::dependency_failed("stock", error)))
///     .service(fails);
///
/// let response = service.oneshot(Request::new(())).await.unwrap();
/// assert_eq!(response.status(), 502);
/// assert_eq!(response.extensions().get::<Problem>().unwrap().code(), Code::DEPENDENCY_FAILED);
/// # }
/// ```
///
/// # Guarantees
///
/// - The service that comes of it cannot fail: its error type is `Infallible`.
/// - A service that does not become ready answers the next request with that failure, and is asked again by the one
///   after.
/// - The error is the problem's source, for the log alone, if your closure makes it that. Responses pass untouched.
///
/// # Cancellation
///
/// Dropping the future drops that of the inner service; a failure to become ready is kept until it is answered.
///
/// # Cost
///
/// A success costs one look into the extensions of its request, one at its content type where there is no context, and
/// a clone of the closure; no allocation.
///
/// # Errors
///
/// None: that is what it is for.
#[must_use = "a layer does nothing until it is put around a service"]
pub struct ErrorsLayer<F, M = Rewrap> {
    map: F,
    mode: PhantomData<fn() -> M>,
}

impl<F> ErrorsLayer<F> {
    /// Asks `map` which problem an error is.
    pub fn new(map: F) -> Self {
        Self { map, mode: PhantomData }
    }

    /// Keeps the type of the body, for a body that can be made from bytes, as axum's can.
    pub fn keep_body(self) -> ErrorsLayer<F, Keep> {
        ErrorsLayer { map: self.map, mode: PhantomData }
    }
}

impl<S, F: Clone, M> Layer<S> for ErrorsLayer<F, M> {
    type Service = Errors<S, F, M>;

    fn layer(&self, inner: S) -> Self::Service {
        Errors::new(inner, self.map.clone())
    }
}

impl<F: Clone, M> Clone for ErrorsLayer<F, M> {
    fn clone(&self) -> Self {
        Self { map: self.map.clone(), mode: PhantomData }
    }
}

impl<F, M> fmt::Debug for ErrorsLayer<F, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ErrorsLayer").finish_non_exhaustive()
    }
}
