use std::error::Error;
use std::pin::Pin;
use std::task::Poll;

use buttress_circuit_breaker::{Breaker, BreakerTicket};
use buttress_core::clock::TokioTimer;
use buttress_core::outcome::{
    BodyKind, Classify, Follows, HttpClassify, Judgement, Ticket, Verdict,
};
use buttress_core::sync::Shared;
use buttress_overload::Priority;
use buttress_overload::bulkhead::{Bulkhead, Permit, Waits};
use buttress_overload::door::{Admission, Guard};
use buttress_overload::timeout::Timeout;
use http::Response;
use http_body::Body;

use super::asked::Asked;
use super::body_ticket::BodyTicket;
use super::unwinding::Unwinding;

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
    #[expect(clippy::inline_always, reason = "a call would move what it gives")]
    #[inline(always)]
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

    /// Judges an answer by its head. If that has not said all, or a permit is held for as long, the body is heard to
    /// its end.
    #[expect(clippy::inline_always, reason = "a call would move what it gives")]
    #[inline(always)]
    pub(super) fn hear<A, B, E>(
        &self,
        polled: &Poll<Result<Response<B>, E>>,
        is_callers_fault: bool,
        asked: &mut Asked<A>,
        permit: Option<Permit>,
        heard: &mut Option<Judgement>,
    ) -> Option<Follows<HttpClassify, BodyTicket>>
    where
        B: Body,
        E: Error + 'static,
    {
        let mut judging = Unwinding::of_judge(asked);
        let verdict = match polled {
            Poll::Pending => None,
            Poll::Ready(Ok(_)) if is_callers_fault => Some(Verdict::Now(Asked::<A>::NO_NEWS)),
            Poll::Ready(Ok(answer)) => Some(Classify::<_, E>::response(&*self.classify, answer)),
            Poll::Ready(Err(error)) => {
                let judgement = Classify::<Response<B>, _>::error(&*self.classify, error);
                Some(Verdict::Now(judging.asked().judged(judgement)))
            }
        };
        judging.done();
        let verdict = verdict?;
        *heard = Some(verdict.by_the_head());
        let kind = match verdict {
            Verdict::AtEnd(kind) => kind,
            Verdict::Now(judgement) => {
                BreakerTicket::settle_in(&mut asked.ticket, judgement);
                BodyKind::Other
            }
        };
        let Poll::Ready(Ok(answer)) = polled else { return None };
        if asked.ticket.is_none() && permit.is_none() {
            return None;
        }
        Follows::of(
            answer.body(),
            &self.classify,
            kind,
            BodyTicket::new(asked.ticket.take(), permit),
        )
    }
}
