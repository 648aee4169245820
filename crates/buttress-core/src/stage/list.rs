use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use super::boxed::{BoxMemo, BoxStage, BoxWait, BoxWaited};
use super::never::once;
use super::{Decision, DecisionOf, RequestHead, ResponseHead, Stage, Waited};

/// Stages that are put in order at run time. A request enters the first one first.
///
/// ```
/// use buttress_core::stage::{Decision, RequestHead, Stage, StageList, gate_fn};
/// use buttress_core::{Code, Problem};
///
/// let mut stages = vec![gate_fn(|_: &mut dyn RequestHead| Ok(())).boxed()];
/// if std::env::args().count() > 0 {
///     let closed = |_: &mut dyn RequestHead| Err(Problem::new(Code::UNAVAILABLE));
///     stages.push(gate_fn(closed).boxed());
/// }
///
/// let list: StageList = stages.into_iter().collect();
/// let decision = list.enter(&mut http::Request::new(()));
/// assert!(matches!(decision, Decision::Refuse(..)));
/// ```
///
/// # Cost
///
/// One allocation a request, and those of its [`BoxStage`]s. Where the order is known when the service is
/// compiled, [`Stage::then`] costs nothing.
#[derive(Clone, Debug)]
pub struct StageList {
    stages: Arc<[BoxStage]>,
}

impl FromIterator<BoxStage> for StageList {
    fn from_iter<I: IntoIterator<Item = BoxStage>>(stages: I) -> Self {
        Self { stages: stages.into_iter().collect() }
    }
}

impl StageList {
    /// Enters those stages that were not entered yet: as many as there is no memo of.
    fn enter_rest(&self, mut memos: ListMemo, request: &mut dyn RequestHead) -> DecisionOf<Self> {
        while let Some(stage) = self.stages.get(memos.0.len()) {
            let decision = stage.enter(request);
            memos = match self.follow(memos, decision) {
                Decision::Pass(memos) => memos,
                decided => return decided,
            };
        }
        Decision::Pass(memos)
    }

    /// What one stage's decision means for the list.
    fn follow(&self, mut memos: ListMemo, decision: DecisionOf<BoxStage>) -> DecisionOf<Self> {
        match decision {
            Decision::Pass(memo) => {
                if memos.0.is_empty() {
                    memos.0.reserve_exact(self.stages.len());
                }
                memos.0.push(memo);
                Decision::Pass(memos)
            }
            Decision::Answer(answer, memo) => {
                memos.0.extend(memo);
                Decision::Answer(answer, Some(memos))
            }
            Decision::Refuse(problem, memo) => {
                memos.0.extend(memo);
                Decision::Refuse(problem, Some(memos))
            }
            Decision::Wait(wait) => Decision::Wait(ListWait { wait, memos: Some(memos) }),
        }
    }
}

impl Stage for StageList {
    type Memo = ListMemo;
    type Wait = ListWait;

    fn enter(&self, request: &mut dyn RequestHead) -> DecisionOf<Self> {
        self.enter_rest(ListMemo(Vec::new()), request)
    }

    fn resume(
        &self,
        (memos, waited): Waited<Self>,
        request: &mut dyn RequestHead,
    ) -> DecisionOf<Self> {
        // The stage that waited is the first without a memo; what it brought knows it.
        let Some(stage) = self.stages.get(memos.0.len()) else {
            return self.enter_rest(memos, request);
        };
        let decision = stage.resume(waited, request);
        match self.follow(memos, decision) {
            Decision::Pass(memos) => self.enter_rest(memos, request),
            decided => decided,
        }
    }

    fn leave(&self, mut memo: ListMemo, response: &mut dyn ResponseHead) {
        while let Some((stage, memo)) = memo.pop(&self.stages) {
            stage.leave(memo, response);
        }
    }

    fn failed(&self, mut memo: ListMemo) {
        while let Some((stage, memo)) = memo.pop(&self.stages) {
            stage.failed(memo);
        }
    }
}

/// The memos of the stages that a request has entered, in their order.
///
/// Dropped from the inside out, as a request leaves.
pub struct ListMemo(Vec<BoxMemo>);

impl ListMemo {
    /// The innermost memo, and its stage.
    fn pop<'a>(&mut self, stages: &'a [BoxStage]) -> Option<(&'a BoxStage, BoxMemo)> {
        let memo = self.0.pop()?;
        Some((stages.get(self.0.len())?, memo))
    }
}

impl Drop for ListMemo {
    fn drop(&mut self) {
        while self.0.pop().is_some() {}
    }
}

impl fmt::Debug for ListMemo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ListMemo").finish_non_exhaustive()
    }
}

/// The wait of one stage of a [`StageList`], and the memos of those before it.
pub struct ListWait {
    wait: BoxWait,
    memos: Option<ListMemo>,
}

impl Future for ListWait {
    type Output = (ListMemo, BoxWaited);

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let waited = ready!(self.wait.as_mut().poll(cx));
        Poll::Ready((once(&mut self.memos), waited))
    }
}

impl fmt::Debug for ListWait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ListWait").finish_non_exhaustive()
    }
}
