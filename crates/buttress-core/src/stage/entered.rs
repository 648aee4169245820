use http::Request;

use super::{ResponseHead, Stage};
use crate::sync::Shared;

/// A stage that a request has entered, with what it keeps until the response.
pub(super) struct Entered<T: Stage> {
    memo: T::Memo,
    stage: Shared<T>,
}

impl<T: Stage> Entered<T> {
    /// Nothing, if nothing is left to be done there: then nobody counts a reference, either.
    #[inline]
    pub(super) fn of(stage: &Shared<T>, memo: T::Memo) -> Option<Self> {
        if stage.is_done(&memo) {
            return None;
        }
        Some(Self { memo, stage: stage.clone() })
    }

    #[inline]
    pub(super) fn leave(self, response: &mut dyn ResponseHead) {
        self.stage.leave(self.memo, response);
    }

    #[inline]
    pub(super) fn failed(self) {
        self.stage.failed(self.memo);
    }
}

/// What waits along with a stage: for its answer, and for being called.
pub(super) struct Held<T: 'static, S, B> {
    pub(super) stage: Shared<T>,
    pub(super) inner: S,
    pub(super) request: Request<B>,
}
