use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};

use buttress_core::outcome::{
    CallersFault, Classify, HttpClassify, JudgedAnswer, JudgedBody, Judgement, Wants,
};
use buttress_core::stage::Rewrap;
use buttress_core::{Problem, Reply};
use buttress_retry::ReplayBody;
use bytes::Bytes;
use http::{Extensions, Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_service::Service;

use super::Limits;
use super::admitted::{Admitted, Halted};
use super::asked::Asked;
use super::body_ticket::BodyTicket;
use super::call::{Before, Call};
use super::unwinding::Unwinding;
use crate::outbound::OutboundBody;

pin_project! {
    /// An attempt that is under way.
    ///
    /// To drop it drops the call, gives its permit back, and says that the caller went away; but nothing of one that
    /// still waits for its permit.
    pub(in crate::outbound) struct Attempt<S, A>
    where
        S: Service<Request<ReplayBody<A>>>,
    {
        #[pin]
        call: Call<S, A>,
        // Behind the call: what it holds is given back before the breaker hears that it was given up.
        asked: Asked<A>,
    }
}

type Answered<B, E> = Poll<Result<Response<OutboundBody<B>>, E>>;

impl<S: Service<Request<ReplayBody<A>>>, A: Body> Attempt<S, A> {
    /// Makes the call.
    #[expect(clippy::inline_always, reason = "a call would move what it gives")]
    #[inline(always)]
    pub(in crate::outbound) fn made(
        client: &mut S,
        mut request: Request<ReplayBody<A>>,
        admitted: Admitted,
    ) -> Self {
        let Admitted { ticket, permit } = admitted;
        let mut asked = Asked::new(Some(ticket), request.body_mut().watched());
        let unwinding = Unwinding::of_call(&mut asked);
        let future = client.call(request);
        unwinding.done();
        Self { call: Call::made(future, permit), asked }
    }

    /// Does not make it, or not yet.
    #[cold]
    pub(in crate::outbound) fn halted(
        client: &mut S,
        request: Request<ReplayBody<A>>,
        halted: Halted,
    ) -> Self
    where
        S: Clone,
    {
        let before = match halted {
            Halted::Refused(problem) => Before::Refused(problem),
            Halted::Waits { unasked, wait } => {
                let fresh = client.clone();
                Before::waiting(wait, unasked, std::mem::replace(client, fresh), request)
            }
        };
        Self { call: Call::not_made(before), asked: Asked::new(None, None) }
    }

    /// Polls it, and says what was heard of its answer, if there is one: to judge it a second time would cost as much
    /// again.
    #[inline]
    #[expect(clippy::expect_used, reason = "the contract of `Future`: the caller's bug, as in std")]
    pub(in crate::outbound) fn poll<B>(
        self: Pin<&mut Self>,
        limits: &Limits,
        wants: Wants,
        heard: &mut Option<Judgement>,
        cx: &mut Context<'_>,
    ) -> Answered<B, S::Error>
    where
        S: Service<Request<ReplayBody<A>>, Response = Response<B>>,
        S::Error: Error + 'static,
        B: Body<Data = Bytes>,
    {
        let this = self.project();
        let mut call = this.call;
        let mut unwinding = Unwinding::of_call(this.asked);
        if call.future.is_none()
            && let Err(halted) = call.as_mut().begin(unwinding.asked(), cx)
        {
            return halt(halted, unwinding, wants, limits, heard);
        }
        let future = call.as_mut().project().future.as_pin_mut();
        let polled = future.expect("it has just begun, or it was there").poll(cx);
        if polled.is_pending() {
            let halted = call.expire(limits, cx);
            return halt(halted, unwinding, wants, limits, heard);
        }
        let permit = call.project().permit.take().filter(|_| limits.holds_permits);
        unwinding.done();
        let is_callers_fault = this.asked.is_blamed_by(&polled);
        let follows = limits.hear(&polled, is_callers_fault, this.asked, permit, heard);
        // Last, when nothing can panic any more: so the answer is made where it is returned.
        polled.map_ok(|answer| {
            let mut answer = answer.map(|body| Reply::inner(JudgedBody::followed(body, follows)));
            if is_callers_fault {
                blame(answer.extensions_mut());
            }
            answer
        })
    }
}

/// Whoever stands outside is to know as well.
#[cold]
fn blame(extensions: &mut Extensions) {
    extensions.insert(CallersFault);
}

/// There is no answer of the client: not yet, or not any more.
#[inline]
fn halt<A, B, E>(
    halted: Poll<Problem>,
    mut unwinding: Unwinding<'_, A>,
    wants: Wants,
    limits: &Limits,
    heard: &mut Option<Judgement>,
) -> Answered<B, E>
where
    B: Body<Data = Bytes>,
    E: Error + 'static,
{
    let Poll::Ready(problem) = halted else {
        unwinding.asked().waits();
        unwinding.done();
        return Poll::Pending;
    };
    Poll::Ready(refuse(problem, unwinding, wants, limits, heard))
}

/// An answer of our own, which the breaker hears of as of any other.
#[cold]
fn refuse<A, B, E>(
    problem: Problem,
    mut unwinding: Unwinding<'_, A>,
    wants: Wants,
    limits: &Limits,
    heard: &mut Option<Judgement>,
) -> Result<Response<OutboundBody<B>>, E>
where
    B: Body<Data = Bytes>,
    E: Error + 'static,
{
    let asked = unwinding.asked();
    let (ticket, is_callers_fault) = (asked.ticket.take(), asked.is_callers_fault());
    unwinding.done();
    let mut answer =
        <Rewrap as JudgedAnswer<Request<()>, Response<B>, E, HttpClassify, BodyTicket>>::refused(
            problem, wants,
        )?;
    if is_callers_fault {
        blame(answer.extensions_mut());
    }
    let judgement = Classify::<_, E>::response(&*limits.classify, &answer).by_the_head();
    *heard = Some(judgement);
    if let Some(ticket) = ticket {
        ticket.settle(judgement);
    }
    Ok(answer)
}
