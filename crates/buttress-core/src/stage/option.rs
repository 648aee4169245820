use super::{Decision, DecisionOf, RequestHead, ResponseHead, Stage, Waited};

/// A stage that may be switched off: without one, every request passes.
impl<T: Stage> Stage for Option<T> {
    type Memo = Option<T::Memo>;
    type Wait = T::Wait;

    fn enter(&self, request: &mut dyn RequestHead) -> DecisionOf<Self> {
        match self {
            Some(stage) => stage.enter(request).map(Some, |wait| wait),
            None => Decision::Pass(None),
        }
    }

    fn resume(&self, waited: Waited<Self>, request: &mut dyn RequestHead) -> DecisionOf<Self> {
        match self {
            Some(stage) => stage.resume(waited, request).map(Some, |wait| wait),
            None => Decision::Pass(None),
        }
    }

    fn leave(&self, memo: Self::Memo, response: &mut dyn ResponseHead) {
        if let (Some(stage), Some(memo)) = (self, memo) {
            stage.leave(memo, response);
        }
    }

    fn failed(&self, memo: Self::Memo) {
        if let (Some(stage), Some(memo)) = (self, memo) {
            stage.failed(memo);
        }
    }
}

/// The stage that does nothing: where a list of stages begins.
impl Stage for () {
    type Memo = ();
    type Wait = super::Never;

    fn enter(&self, _: &mut dyn RequestHead) -> DecisionOf<Self> {
        Decision::Pass(())
    }

    fn resume(&self, never: super::Never, _: &mut dyn RequestHead) -> DecisionOf<Self> {
        match never {}
    }

    fn leave(&self, (): (), _: &mut dyn ResponseHead) {}
}
