use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use buttress_core::outcome::Classify;
use pin_project_lite::pin_project;

use super::{Fallback, Value};

pin_project! {
    /// The future of a call for which a value stands in.
    #[must_use = "futures do nothing unless polled"]
    pub struct ValueFuture<Fut, F: 'static, C: 'static> {
        #[pin]
        future: Fut,
        fallback: Fallback<Value<F>, C>,
    }
}

impl<Fut, F, C> ValueFuture<Fut, F, C> {
    pub(super) const fn new(future: Fut, fallback: Fallback<Value<F>, C>) -> Self {
        Self { future, fallback }
    }
}

impl<Fut, F, C, Res, Err> Future for ValueFuture<Fut, F, C>
where
    Fut: Future<Output = Result<Res, Err>>,
    F: Fn(Result<Res, Err>) -> Result<Res, Err>,
    C: Classify<Res, Err>,
{
    type Output = Result<Res, Err>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Fallback { kind, classify, outcomes } = &*this.fallback;
        let result = ready!(this.future.poll(cx));
        let is_wanted = outcomes.contain(&**classify, &result);
        Poll::Ready(if is_wanted { (kind.0)(result) } else { result })
    }
}

impl<Fut, F, C> fmt::Debug for ValueFuture<Fut, F, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ValueFuture").finish_non_exhaustive()
    }
}
