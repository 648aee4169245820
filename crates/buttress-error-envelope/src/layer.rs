use std::fmt;
use std::marker::PhantomData;

use buttress_core::stage::{Keep, Rewrap};
use buttress_core::sync::Shared;
use tower_layer::Layer;

use crate::rules::Rules;
use crate::{ErrorEnvelope, ErrorEnvelopeBuilder};

/// Gives every failure of a service the same shape. See the [crate](crate) for an example.
///
/// It belongs inside the context, around whatever fails. Cheap to clone.
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
    #[must_use]
    pub fn keep_body(self) -> ErrorEnvelopeLayer<Keep> {
        ErrorEnvelopeLayer { rules: self.rules, mode: PhantomData }
    }
}

impl<M> ErrorEnvelopeLayer<M> {
    /// Keeps the rules for as long as the program runs, and spares every request the counting of references.
    ///
    /// For a layer that is built once; one that is built again and again would fill the memory.
    #[must_use]
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
