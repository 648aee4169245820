use std::fmt;
use std::future::Future;

use buttress_core::outcome::{Classify, HttpClassify, Outcome};
use buttress_core::sync::{Lock, Shared};
use tower_layer::Layer;

use super::outcomes::Outcomes;
use super::{FallbackService, ValueFuture};

/// What stands in for a call that came to nothing; a tower layer, too. See the [module](super) for examples.
pub struct Fallback<K: 'static, C: 'static = HttpClassify> {
    pub(super) kind: Shared<K>,
    pub(super) classify: Shared<C>,
    pub(super) outcomes: Outcomes,
}

/// Stands in with a value.
pub struct Value<F>(pub(super) F);

/// Stands in with another service.
pub struct Instead<O>(pub(super) Lock<O>);

impl<F> Fallback<Value<F>> {
    /// Makes an answer of what came instead of one: an error, or a response that is none.
    pub fn value<Res, Err>(make: F) -> Self
    where
        F: Fn(Result<Res, Err>) -> Result<Res, Err> + Send + Sync + 'static,
    {
        Self::new(Value(make))
    }
}

impl<O: Clone> Fallback<Instead<O>> {
    /// Asks this service instead. Requests are cloned for it.
    pub fn service(other: O) -> Self {
        Self::new(Instead(Lock::new(other)))
    }
}

impl<K> Fallback<K> {
    fn new(kind: K) -> Self {
        Self {
            kind: Shared::new(kind),
            classify: Shared::new(HttpClassify::new()),
            outcomes: Outcomes::of([Outcome::Rejected]),
        }
    }
}

impl<K, C> Fallback<K, C> {
    /// Sets for which outcomes it stands in. The default is [`Rejected`](Outcome::Rejected) alone.
    #[must_use]
    pub fn on(self, outcomes: impl IntoIterator<Item = Outcome>) -> Self {
        Self { outcomes: Outcomes::of(outcomes), ..self }
    }

    /// Judges calls by this. The default is [`HttpClassify`].
    #[must_use]
    pub fn classify<D>(self, classify: D) -> Fallback<K, D> {
        let Self { kind, outcomes, .. } = self;
        Fallback { kind, outcomes, classify: Shared::new(classify) }
    }

    /// Keeps it for as long as the program runs, and spares every call the counting of references.
    #[must_use]
    pub fn leak(self) -> Self {
        Self { kind: self.kind.leak(), classify: self.classify.leak(), ..self }
    }
}

impl<F, C> Fallback<Value<F>, C> {
    /// Calls `work`, and makes a value where that comes to nothing.
    ///
    /// ```
    /// use buttress_core::Problem;
    /// use buttress_core::outcome::{Outcome, classify_fn};
    /// use buttress_overload::fallback::Fallback;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let judge = classify_fn(|result: Result<&u32, &Problem>| match result {
    ///     Ok(_) => Outcome::Success,
    ///     Err(_) => Outcome::Failure,
    /// });
    /// let zero = Fallback::value(|_| Ok(0)).on([Outcome::Failure]).classify(judge);
    /// assert_eq!(zero.run(|| async { Ok(7) }).await.unwrap(), 7);
    /// # }
    /// ```
    pub fn run<W, Fut, Res, Err>(&self, work: W) -> ValueFuture<Fut, F, C>
    where
        W: FnOnce() -> Fut,
        Fut: Future<Output = Result<Res, Err>>,
        F: Fn(Result<Res, Err>) -> Result<Res, Err>,
        C: Classify<Res, Err>,
    {
        ValueFuture::new(work(), self.clone())
    }
}

impl<S, K, C> Layer<S> for Fallback<K, C> {
    type Service = FallbackService<S, K, C>;

    fn layer(&self, inner: S) -> Self::Service {
        FallbackService::new(inner, self.clone())
    }
}

impl<K, C> Clone for Fallback<K, C> {
    #[inline]
    fn clone(&self) -> Self {
        let Self { kind, classify, outcomes } = self;
        Self { kind: kind.clone(), classify: classify.clone(), outcomes: *outcomes }
    }
}

impl<K, C> fmt::Debug for Fallback<K, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fallback").field("outcomes", &self.outcomes).finish_non_exhaustive()
    }
}

impl<F> fmt::Debug for Value<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Value")
    }
}

impl<O> fmt::Debug for Instead<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Instead")
    }
}
