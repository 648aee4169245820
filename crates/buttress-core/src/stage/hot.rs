use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use arc_swap::ArcSwap;
use pin_project_lite::pin_project;

use super::never::once;
use super::{DecisionOf, RequestHead, ResponseHead, Stage, Waited};

/// A stage whose settings change while it serves. Clones are the same stage.
///
/// A request leaves through the very stage it entered, whatever was swapped in meanwhile. A new stage is
/// built, and checked, before it is swapped in: so a bad setting never replaces a good one.
///
/// ```
/// use buttress_core::stage::{Decision, Hot, RequestHead, Stage, gate_fn};
/// use buttress_core::{Code, Problem};
///
/// fn switch(open: bool) -> impl Stage {
///     gate_fn(move |_: &mut dyn RequestHead| match open {
///         true => Ok(()),
///         false => Err(Problem::new(Code::UNAVAILABLE)),
///     })
/// }
///
/// let stage = Hot::new(Some(switch(true)));
/// let handle = stage.clone();
///
/// let mut request = http::Request::new(());
/// assert!(matches!(stage.enter(&mut request), Decision::Pass(_)));
/// handle.swap(Some(switch(false)));
/// assert!(matches!(stage.enter(&mut request), Decision::Refuse(..)));
/// ```
pub struct Hot<T> {
    stage: Arc<ArcSwap<T>>,
}

impl<T: Stage> Hot<T> {
    /// Starts with this stage.
    pub fn new(stage: T) -> Self {
        Self { stage: Arc::new(ArcSwap::from_pointee(stage)) }
    }

    /// Lets the next request enter `stage`, and gives out the one before.
    pub fn swap(&self, stage: T) -> Arc<T> {
        self.stage.swap(Arc::new(stage))
    }

    /// The stage that the next request enters.
    #[must_use]
    pub fn current(&self) -> Arc<T> {
        self.stage.load_full()
    }
}

impl<T> Clone for Hot<T> {
    fn clone(&self) -> Self {
        Self { stage: self.stage.clone() }
    }
}

impl<T: fmt::Debug> fmt::Debug for Hot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Hot").field(&self.stage.load()).finish()
    }
}

impl<T: Stage> Stage for Hot<T> {
    type Memo = (Arc<T>, T::Memo);
    type Wait = HotWait<T, T::Wait>;

    fn enter(&self, request: &mut dyn RequestHead) -> DecisionOf<Self> {
        let stage = self.stage.load_full();
        let decision = stage.enter(request);
        kept(stage, decision)
    }

    fn resume(
        &self,
        (stage, output): Waited<Self>,
        request: &mut dyn RequestHead,
    ) -> DecisionOf<Self> {
        let decision = stage.resume(output, request);
        kept(stage, decision)
    }

    fn leave(&self, (stage, memo): Self::Memo, response: &mut dyn ResponseHead) {
        stage.leave(memo, response);
    }

    fn failed(&self, (stage, memo): Self::Memo) {
        stage.failed(memo);
    }
}

/// Keeps the stage that was entered beside whatever it decided.
fn kept<T: Stage>(stage: Arc<T>, decision: DecisionOf<T>) -> DecisionOf<Hot<T>> {
    decision.map_beside(
        stage,
        |stage, memo| (stage, memo),
        |stage, wait| HotWait { stage: Some(stage), wait },
    )
}

pin_project! {
    /// The wait of a [`Hot`] stage: it keeps the stage that decided to wait.
    #[must_use = "futures do nothing unless polled"]
    pub struct HotWait<T, W> {
        stage: Option<Arc<T>>,
        #[pin]
        wait: W,
    }
}

impl<T, W: Future> Future for HotWait<T, W> {
    type Output = (Arc<T>, W::Output);

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let waited = ready!(this.wait.poll(cx));
        Poll::Ready((once(this.stage), waited))
    }
}

impl<T, W> fmt::Debug for HotWait<T, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HotWait").finish_non_exhaustive()
    }
}
