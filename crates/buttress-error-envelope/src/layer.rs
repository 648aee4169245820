use std::fmt;
use std::marker::PhantomData;

use buttress_core::stage::{Keep, Rewrap};
use buttress_core::sync::Shared;
use tower_layer::Layer;

use crate::rules::Rules;
use crate::{ErrorEnvelope, ErrorEnvelopeBuilder};

/// Gives every failure of a service the same shape.
///
/// It belongs inside the context, around whatever fails. Cheap to clone. What it does with which failure is told
/// in the [crate](crate).
///
/// ```
/// use buttress_core::{Code, Context, Problem, stage::Stage};
/// use buttress_error_envelope::ErrorEnvelopeLayer;
/// # use bytes::Bytes;
/// # use http::{Request, Response};
/// # use http_body_util::Full;
/// # use std::convert::Infallible;
/// # use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let busy = service_fn(|_: Request<()>| async {
///     let response = Response::builder().status(503).header("retry-after", "7");
///     Ok::<_, Infallible>(response.body(Full::new(Bytes::from("db7.internal is gone"))).unwrap())
/// });
/// let wall = ServiceBuilder::new()
///     .layer(Context::default().layer())
///     .layer(ErrorEnvelopeLayer::default());
///
/// let response = wall.service(busy).oneshot(Request::new(())).await?;
/// assert_eq!((response.status().as_u16(), &response.headers()["retry-after"]), (503, &"7".parse()?));
/// assert_eq!(response.extensions().get::<Problem>().map(Problem::code), Some(Code::UNAVAILABLE));
/// # Ok(())
/// # }
/// ```
///
/// # Guarantees
///
/// Every failure has the family's shape, or a rule of yours says why not. Success, upgrades, readiness and errors pass
/// untouched, and no text of a 5xx reaches a client. All of it is in the [crate](crate#guarantees).
///
/// # Cancellation
///
/// It takes nothing that would have to be given back.
///
/// # Cost
///
/// A success costs one look into the extensions of its request (none
/// [within a context](ErrorEnvelopeBuilder::within_context)), one reference to the settings (none with the defaults in
/// a context, nor after [`leak`](Self::leak)), and no allocation.
///
/// # Errors
///
/// None of its own.
#[must_use = "a layer does nothing until it is put around a service"]
pub struct ErrorEnvelopeLayer<M = Rewrap> {
    rules: Shared<Rules>,
    mode: PhantomData<fn() -> M>,
}

impl ErrorEnvelopeLayer {
    /// Starts from the defaults.
    pub fn builder() -> ErrorEnvelopeBuilder {
        ErrorEnvelopeBuilder::default()
    }

    pub(crate) fn new(rules: Rules) -> Self {
        Self { rules: Shared::new(rules), mode: PhantomData }
    }

    /// Keeps the type of the body, for a body that can be made from bytes, as axum's can.
    ///
    /// Without it the body becomes a [`Reply`](buttress_core::Reply), which works for any body.
    pub fn keep_body(self) -> ErrorEnvelopeLayer<Keep> {
        ErrorEnvelopeLayer { rules: self.rules, mode: PhantomData }
    }
}

impl<M> ErrorEnvelopeLayer<M> {
    /// Keeps the rules for as long as the program runs, and spares every request the counting of references.
    ///
    /// For a layer that is built once; one that is built again and again would fill the memory.
    pub fn leak(self) -> Self {
        Self { rules: self.rules.leak(), ..self }
    }
}

impl Default for ErrorEnvelopeLayer {
    /// Rewrites every foreign failure, keeps harmless words.
    fn default() -> Self {
        Self::builder().built()
    }
}

impl<S, M> Layer<S> for ErrorEnvelopeLayer<M> {
    type Service = ErrorEnvelope<S, M>;

    fn layer(&self, inner: S) -> Self::Service {
        ErrorEnvelope::new(inner, self.rules.clone())
    }
}

impl<M> Clone for ErrorEnvelopeLayer<M> {
    fn clone(&self) -> Self {
        Self { rules: self.rules.clone(), mode: PhantomData }
    }
}

impl<M> fmt::Debug for ErrorEnvelopeLayer<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ErrorEnvelopeLayer").field(&self.rules).finish()
    }
}
