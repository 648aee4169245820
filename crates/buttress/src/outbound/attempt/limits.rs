use std::pin::Pin;

use buttress_circuit_breaker::Breaker;
use buttress_core::clock::TokioTimer;
use buttress_core::outcome::HttpClassify;
use buttress_core::sync::Shared;
use buttress_overload::Priority;
use buttress_overload::bulkhead::{Bulkhead, Permit, Waits};
use buttress_overload::door::{Admission, Guard};
use buttress_overload::timeout::Timeout;

/// What bounds an attempt, from the outside in.
#[derive(Clone, Debug)]
pub(in crate::outbound) struct Limits {
    pub(in crate::outbound) breaker: Breaker,
    pub(in crate::outbound) classify: Shared<HttpClassify>,
    pub(in crate::outbound) bulkhead: Option<Bulkhead<TokioTimer>>,
    /// Whether a permit is held until the body of an answer ends.
    pub(in crate::outbound) holds_permits: bool,
    pub(in crate::outbound) timeout: Option<Timeout<TokioTimer>>,
}

impl Limits {
    pub(in crate::outbound) fn leak(self) -> Self {
        Self {
            breaker: self.breaker.leak(),
            classify: self.classify.leak(),
            bulkhead: self.bulkhead.map(Bulkhead::leak),
            holds_permits: self.holds_permits,
            timeout: self.timeout.map(Timeout::leak),
        }
    }

    /// Whether there is a permit for this request; none is needed where there is no bulkhead.
    #[inline]
    pub(super) fn admit(
        &self,
        priority: Option<Priority>,
    ) -> Admission<Option<Permit>, Pin<Box<Waits<TokioTimer>>>> {
        let Some(bulkhead) = &self.bulkhead else { return Admission::In(None) };
        let priority = priority.unwrap_or(bulkhead.priority());
        match bulkhead.admit(priority) {
            Admission::In(permit) => Admission::In(Some(permit)),
            Admission::Out(problem) => Admission::Out(problem),
            // In a box, so that who need not wait moves no timer.
            Admission::Wait(wait) => Admission::Wait(Box::pin(wait)),
        }
    }
}
