use std::fmt;

use buttress_core::outcome::HttpClassify;
use buttress_core::sync::Shared;
use tower_layer::Layer;

use crate::builder::TimerMissing;
use crate::inner::Inner;
use crate::{Budget, Retry};

/// Tries calls again that failed, where that is safe and worth it. Made by a [`RetryBuilder`](crate::RetryBuilder).
///
/// Clones of a layer, and all services that it makes, have one budget together.
#[must_use = "a layer does nothing until it is put around a service"]
pub struct RetryLayer<C: 'static = HttpClassify, T: 'static = TimerMissing> {
    pub(crate) shared: Shared<Judged<C, T>>,
}

/// What decides, and who judges.
pub(crate) struct Judged<C, T> {
    pub(crate) inner: Inner<T>,
    pub(crate) classify: C,
}

impl<C, T> RetryLayer<C, T> {
    pub(crate) fn new(inner: Inner<T>, classify: C) -> Self {
        Self { shared: Shared::new(Judged { inner, classify }) }
    }

    /// Its name, for metrics, spans and health.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.shared.inner.name
    }

    /// Keeps it for as long as the program runs, and spares every call the counting of references: for a client that is
    /// made once. What is built and dropped again and again would fill the memory.
    pub fn leak(self) -> Self {
        Self { shared: self.shared.leak() }
    }

    /// What its repeats are paid from.
    #[must_use]
    pub fn budget(&self) -> &Budget {
        &self.shared.inner.budget
    }
}

impl<S, C, T> Layer<S> for RetryLayer<C, T> {
    type Service = Retry<S, C, T>;

    fn layer(&self, inner: S) -> Self::Service {
        Retry::new(inner, self.shared.clone())
    }
}

impl<C, T> Clone for RetryLayer<C, T> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone() }
    }
}

impl<C, T> fmt::Debug for RetryLayer<C, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryLayer").field("inner", &self.shared.inner).finish_non_exhaustive()
    }
}
