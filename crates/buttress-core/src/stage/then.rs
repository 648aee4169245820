use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::never::once;
use super::{Decision, DecisionOf, RequestHead, ResponseHead, Stage, Waited};

/// `A` around `B`: a request enters `A`, then `B`; its response leaves `B`, then `A`.
///
/// What `B` refuses or answers still leaves through `A`. Made by [`Stage::then`].
#[derive(Clone, Debug, Default)]
pub struct Then<A, B> {
    outer: A,
    inner: B,
}

impl<A: Stage, B: Stage> Then<A, B> {
    pub(super) fn new(outer: A, inner: B) -> Self {
        Self { outer, inner }
    }

    fn after_outer(
        &self,
        decision: DecisionOf<A>,
        request: &mut dyn RequestHead,
    ) -> DecisionOf<Self> {
        match decision {
            Decision::Pass(outer) => after_inner(outer, self.inner.enter(request)),
            other => other.map(|outer| (None, outer), ThenWait::outer),
        }
    }
}

/// The memo of a refusal by the inner stage holds the outer's: so the response leaves through it.
fn after_inner<A, B, V, W>(
    outer: A,
    decision: Decision<B, W>,
) -> Decision<(Option<B>, A), ThenWait<V, A, W>> {
    match decision {
        Decision::Pass(inner) => Decision::Pass((Some(inner), outer)),
        Decision::Answer(answer, inner) => Decision::Answer(answer, Some((inner, outer))),
        Decision::Refuse(problem, inner) => Decision::Refuse(problem, Some((inner, outer))),
        Decision::Wait(wait) => Decision::Wait(ThenWait::inner(outer, wait)),
    }
}

impl<A: Stage, B: Stage> Stage for Then<A, B> {
    /// The inner one first, so that dropping gives back in the order in which leaving does.
    type Memo = (Option<B::Memo>, A::Memo);
    type Wait = ThenWait<A::Wait, A::Memo, B::Wait>;

    fn enter(&self, request: &mut dyn RequestHead) -> DecisionOf<Self> {
        self.after_outer(self.outer.enter(request), request)
    }

    fn resume(&self, waited: Waited<Self>, request: &mut dyn RequestHead) -> DecisionOf<Self> {
        match waited {
            ThenWaited::Outer(output) => {
                self.after_outer(self.outer.resume(output, request), request)
            }
            ThenWaited::Inner(outer, output) => {
                after_inner(outer, self.inner.resume(output, request))
            }
        }
    }

    fn leave(&self, (inner, outer): Self::Memo, response: &mut dyn ResponseHead) {
        if let Some(inner) = inner {
            self.inner.leave(inner, response);
        }
        self.outer.leave(outer, response);
    }

    fn failed(&self, (inner, outer): Self::Memo) {
        if let Some(inner) = inner {
            self.inner.failed(inner);
        }
        self.outer.failed(outer);
    }
}

pin_project! {
    /// The wait of one of two stages; the inner one's keeps the memo of the outer.
    #[must_use = "futures do nothing unless polled"]
    pub struct ThenWait<V, M, W> {
        #[pin]
        which: Which<V, M, W>,
    }
}

pin_project! {
    #[project = WhichProj]
    enum Which<V, M, W> {
        Outer { #[pin] wait: V },
        Inner { #[pin] wait: W, memo: Option<M> },
    }
}

impl<V, M, W> ThenWait<V, M, W> {
    fn outer(wait: V) -> Self {
        Self { which: Which::Outer { wait } }
    }

    fn inner(memo: M, wait: W) -> Self {
        Self { which: Which::Inner { memo: Some(memo), wait } }
    }
}

impl<V: Future, M, W: Future> Future for ThenWait<V, M, W> {
    type Output = ThenWaited<V::Output, M, W::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().which.project() {
            WhichProj::Outer { wait } => wait.poll(cx).map(ThenWaited::Outer),
            WhichProj::Inner { memo, wait } => {
                let waited = ready!(wait.poll(cx));
                Poll::Ready(ThenWaited::Inner(once(memo), waited))
            }
        }
    }
}

impl<V, M, W> fmt::Debug for ThenWait<V, M, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThenWait").finish_non_exhaustive()
    }
}

/// What [`ThenWait`] brought.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "two stages wait in two places")]
pub enum ThenWaited<V, M, W> {
    /// For the outer stage.
    Outer(V),
    /// For the inner stage, with the memo of the outer.
    Inner(M, W),
}
