use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use buttress_circuit_breaker::BreakerTicket;
use buttress_core::outcome::{
    BodyKind, Classify, HttpClassify, JudgedAnswer, JudgedBody, Judgement, Outcome, Verdict, Wants,
};
use buttress_core::stage::Rewrap;
use buttress_core::sync::Shared;
use buttress_core::{Problem, Reply};
use buttress_overload::bulkhead::Permit;
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_service::Service;

use super::Limits;
use super::admitted::{Admitted, Halted};
use super::body_ticket::BodyTicket;
use super::call::{Before, Call};
use super::unwinding::Unwinding;
use crate::outbound::OutboundBody;

pin_project! {
    /// The future of an attempt.
    ///
    /// To drop it drops the call, gives its permit back, and says that the caller went away; but nothing of one that still waits for
    /// its permit.
    pub struct AttemptFuture<S, A>
    where
        S: Service<Request<A>>,
    {
        #[pin]
        call: Call<S, A>,
        // None while the call waits for its permit, and if it was refused: the dependency was not asked.
        ticket: Option<BreakerTicket>,
        wants: Wants,
        limits: Shared<Limits>,
    }
}

impl<S: Service<Request<A>>, A> AttemptFuture<S, A> {
    /// Makes the call.
    #[inline]
    pub(in crate::outbound) fn made(
        client: &mut S,
        request: Request<A>,
        wants: Wants,
        limits: Shared<Limits>,
        admitted: Admitted,
    ) -> Self {
        let Admitted { ticket, permit } = admitted;
        let mut ticket = Some(ticket);
        let unwinding = Unwinding::of_call(&mut ticket);
        let future = client.call(request);
        unwinding.done();
        Self { call: Call::made(future, permit), ticket, wants, limits }
    }

    /// Does not make it, or not yet.
    #[cold]
    pub(in crate::outbound) fn halted(
        client: &mut S,
        request: Request<A>,
        wants: Wants,
        limits: Shared<Limits>,
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
        Self { call: Call::not_made(before), ticket: None, wants, limits }
    }
}

impl<S, A, B> Future for AttemptFuture<S, A>
where
    S: Service<Request<A>, Response = Response<B>>,
    S::Error: Error + 'static,
    B: Body<Data = Bytes>,
{
    type Output = Result<Response<OutboundBody<B>>, S::Error>;

    #[inline]
    #[expect(clippy::expect_used, reason = "the contract of `Future`: the caller's bug, as in std")]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let (mut call, limits) = (this.call, &**this.limits);
        let mut unwinding = Unwinding::of_call(this.ticket);
        if call.future.is_none()
            && let Err(halted) = call.as_mut().begin(unwinding.ticket(), cx)
        {
            return halt(halted, unwinding, *this.wants, limits);
        }
        let future = call.as_mut().project().future.as_pin_mut();
        let polled = future.expect("it has just begun, or it was there").poll(cx);
        let Poll::Ready(result) = polled else {
            let halted = call.expire(limits, cx);
            return halt(halted, unwinding, *this.wants, limits);
        };
        let permit = call.project().permit.take().filter(|_| limits.holds_permits);
        unwinding.done();
        let judging = Unwinding::of_judge(this.ticket);
        let verdict = match &result {
            Ok(response) => Classify::<_, S::Error>::response(&*limits.classify, response),
            Err(error) => Verdict::Now(Classify::<Response<B>, _>::error(&*limits.classify, error)),
        };
        judging.done();
        let ticket = this.ticket.take();
        Poll::Ready(match result {
            Ok(response) => Ok(response.map(|body| {
                Reply::inner(followed(body, verdict, ticket, permit, &limits.classify))
            })),
            Err(error) => {
                settle(ticket, verdict);
                Err(error)
            }
        })
    }
}

/// The body of an answer of which this is known: if that is not all, or a permit is held for as long, it is heard to its end.
#[inline]
fn followed<B: Body>(
    body: B,
    verdict: Verdict,
    ticket: Option<BreakerTicket>,
    permit: Option<Permit>,
    classify: &Shared<HttpClassify>,
) -> JudgedBody<B, HttpClassify, BodyTicket> {
    let (kind, ticket) = match verdict {
        Verdict::AtEnd(kind) => (kind, ticket),
        Verdict::Now(_) => {
            settle(ticket, verdict);
            (BodyKind::Other, None)
        }
    };
    if ticket.is_none() && permit.is_none() {
        return JudgedBody::passing(body);
    }
    JudgedBody::following(body, classify, kind, BodyTicket::new(ticket, permit))
}

#[inline]
fn settle(ticket: Option<BreakerTicket>, verdict: Verdict) {
    if let (Some(ticket), Verdict::Now(judgement)) = (ticket, verdict) {
        ticket.settle(judgement);
    }
}

/// There is no answer of the client: not yet, or not any more.
#[inline]
fn halt<B, E>(
    halted: Poll<Problem>,
    mut unwinding: Unwinding<'_>,
    wants: Wants,
    limits: &Limits,
) -> Poll<Result<Response<OutboundBody<B>>, E>>
where
    B: Body<Data = Bytes>,
    E: Error + 'static,
{
    let ticket = unwinding.ticket();
    let Poll::Ready(problem) = halted else {
        ticket.iter_mut().for_each(BreakerTicket::waits);
        unwinding.done();
        return Poll::Pending;
    };
    let ticket = ticket.take();
    unwinding.done();
    Poll::Ready(refuse(problem, ticket, wants, limits))
}

/// An answer of our own, which the breaker hears of as of any other.
#[cold]
fn refuse<B, E>(
    problem: Problem,
    ticket: Option<BreakerTicket>,
    wants: Wants,
    limits: &Limits,
) -> Result<Response<OutboundBody<B>>, E>
where
    B: Body<Data = Bytes>,
    E: Error + 'static,
{
    let answer =
        <Rewrap as JudgedAnswer<Request<()>, Response<B>, E, HttpClassify, BodyTicket>>::refused(
            problem, wants,
        )?;
    if let Some(ticket) = ticket {
        ticket.settle(match Classify::<_, E>::response(&*limits.classify, &answer) {
            Verdict::Now(judgement) => judgement,
            Verdict::AtEnd(_) => Judgement::new(Outcome::Success),
        });
    }
    Ok(answer)
}

impl<S, A> fmt::Debug for AttemptFuture<S, A>
where
    S: Service<Request<A>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AttemptFuture").finish_non_exhaustive()
    }
}
