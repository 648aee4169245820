use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::{DecisionOf, RequestHead, ResponseHead, Stage, Waited};

/// A stage whose type was forgotten: for lists that are put together at run time, and for short names.
///
/// ```
/// use buttress_core::stage::{BoxStage, Stage};
/// use buttress_core::Context;
///
/// let plain: BoxStage = Context::default().boxed();
/// assert!(format!("{plain:?}").contains("Context"));
/// ```
///
/// # Cost
///
/// One allocation a request for a memo that has a size, and two for a wait.
#[derive(Clone)]
pub struct BoxStage {
    stage: Arc<dyn Erased>,
}

impl BoxStage {
    pub(super) fn new<T: Stage>(stage: T) -> Self {
        Self { stage: Arc::new(stage) }
    }
}

impl fmt::Debug for BoxStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BoxStage").field(&self.stage.name()).finish()
    }
}

impl Stage for BoxStage {
    type Memo = BoxMemo;
    type Wait = BoxWait;

    fn enter(&self, request: &mut dyn RequestHead) -> DecisionOf<Self> {
        self.stage.clone().enter(request)
    }

    fn resume(&self, waited: Waited<Self>, request: &mut dyn RequestHead) -> DecisionOf<Self> {
        waited.0.resume(request)
    }

    fn leave(&self, memo: BoxMemo, response: &mut dyn ResponseHead) {
        memo.0.leave(response);
    }

    fn failed(&self, memo: BoxMemo) {
        memo.0.failed();
    }
}

/// The memo of a [`BoxStage`]: it knows the stage it belongs to.
pub struct BoxMemo(Box<dyn Entered>);

impl fmt::Debug for BoxMemo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoxMemo").finish_non_exhaustive()
    }
}

/// The wait of a [`BoxStage`].
pub type BoxWait = Pin<Box<dyn Future<Output = BoxWaited> + Send>>;

/// What a [`BoxWait`] brought: it knows the stage it belongs to.
pub struct BoxWaited(Box<dyn Resume>);

impl fmt::Debug for BoxWaited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoxWaited").finish_non_exhaustive()
    }
}

/// A stage that brings its own memos and waits, so that nobody has to guess their types.
trait Erased: Send + Sync {
    fn name(&self) -> &'static str;
    fn enter(self: Arc<Self>, request: &mut dyn RequestHead) -> DecisionOf<BoxStage>;
}

trait Entered: Send {
    fn leave(self: Box<Self>, response: &mut dyn ResponseHead);
    fn failed(self: Box<Self>);
}

trait Resume: Send {
    fn resume(self: Box<Self>, request: &mut dyn RequestHead) -> DecisionOf<BoxStage>;
}

/// A stage beside something of its own.
struct Of<T, X> {
    stage: Arc<T>,
    own: X,
}

impl<T: Stage> Erased for T {
    fn name(&self) -> &'static str {
        std::any::type_name::<T>()
    }

    fn enter(self: Arc<Self>, request: &mut dyn RequestHead) -> DecisionOf<BoxStage> {
        let decision = Stage::enter(&*self, request);
        boxed(self, decision)
    }
}

impl<T: Stage> Resume for Of<T, Waited<T>> {
    fn resume(self: Box<Self>, request: &mut dyn RequestHead) -> DecisionOf<BoxStage> {
        let decision = self.stage.resume(self.own, request);
        boxed(self.stage, decision)
    }
}

impl<T: Stage> Entered for Of<T, T::Memo> {
    fn leave(self: Box<Self>, response: &mut dyn ResponseHead) {
        self.stage.leave(self.own, response);
    }

    fn failed(self: Box<Self>) {
        self.stage.failed(self.own);
    }
}

fn boxed<T: Stage>(stage: Arc<T>, decision: DecisionOf<T>) -> DecisionOf<BoxStage> {
    decision.map_beside(
        stage,
        |stage, own| BoxMemo(Box::new(Of { stage, own })),
        |stage, wait| {
            Box::pin(async move { BoxWaited(Box::new(Of { stage, own: wait.await })) }) as BoxWait
        },
    )
}
