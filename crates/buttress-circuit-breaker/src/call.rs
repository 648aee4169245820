use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use buttress_core::Problem;
use buttress_core::outcome::{Judgement, by_result};
use pin_project_lite::pin_project;

use crate::ticket::{Host, Judging};
use crate::{Breaker, BreakerTicket};

pin_project! {
    /// A call without tower: the future of [`Breaker::call`] and [`Breaker::call_judged`], and of those of a
    /// [table](crate::BreakerTable).
    ///
    /// To drop it says that the caller went away, as with a [`BreakerTicket`].
    #[must_use = "the call has begun: dropping this gives it up"]
    pub struct Call<Fut, J, H: Host = Breaker> {
        #[pin]
        state: State<Fut, J, H>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<Fut, J, H: Host> {
        Calling { #[pin] future: Fut, ticket: Option<BreakerTicket<H>>, judge: Option<J> },
        Refused { problem: Option<Problem> },
    }
}

impl<Fut, J> Call<Fut, J> {
    #[inline]
    pub(crate) fn new(breaker: &Breaker, judge: J, work: impl FnOnce() -> Fut) -> Self {
        Self::with(breaker.try_enter(), judge, work)
    }
}

impl<Fut, J, H: Host> Call<Fut, J, H> {
    #[inline]
    pub(crate) fn with(
        entered: Result<BreakerTicket<H>, Problem>,
        judge: J,
        work: impl FnOnce() -> Fut,
    ) -> Self {
        let state = match entered {
            Ok(ticket) => {
                let mut ticket = Some(ticket);
                let polling = BreakerTicket::polling(&mut ticket);
                let future = work();
                polling.done();
                State::Calling { future, ticket, judge: Some(judge) }
            }
            Err(problem) => State::Refused { problem: Some(problem) },
        };
        Self { state }
    }
}

impl<Fut, J, H, T, E> Future for Call<Fut, J, H>
where
    Fut: Future<Output = Result<T, E>>,
    J: Judge<T, E>,
    E: From<Problem>,
    H: Host,
{
    type Output = Result<T, E>;

    #[inline]
    #[expect(clippy::expect_used, reason = "the contract of `Future`: the caller's bug, as in std")]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        const DONE: &str = "the future was polled after it had completed";
        match self.project().state.project() {
            StateProj::Refused { problem } => Poll::Ready(Err(problem.take().expect(DONE).into())),
            StateProj::Calling { future, ticket, judge } => {
                let polling = BreakerTicket::polling(ticket);
                let polled = future.poll(cx);
                polling.done();
                let Poll::Ready(result) = &polled else {
                    ticket.iter_mut().for_each(BreakerTicket::waits);
                    return Poll::Pending;
                };
                let judge = judge.take().expect(DONE);
                let judging = Judging { ticket };
                let judgement = judge.judge(result.as_ref());
                if let Some(ticket) = judging.done() {
                    ticket.settle(judgement);
                }
                polled
            }
        }
    }
}

/// Who says how a [`Call`] ended: a closure, or [`ByResult`].
#[expect(unnameable_types, reason = "so nobody else can implement it")]
pub trait Judge<T, E> {
    /// How it ended.
    fn judge(self, result: Result<&T, &E>) -> Judgement;
}

impl<J, T, E, O> Judge<T, E> for J
where
    J: FnOnce(Result<&T, &E>) -> O,
    O: Into<Judgement>,
{
    #[inline]
    fn judge(self, result: Result<&T, &E>) -> Judgement {
        self(result).into()
    }
}

/// Who judges a call that nobody else judges: see [`Breaker::call`].
///
/// A type and no function, whose address would be kept for each call.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ByResult;

impl<T, E: 'static> Judge<T, E> for ByResult {
    #[inline]
    fn judge(self, result: Result<&T, &E>) -> Judgement {
        by_result(result)
    }
}

impl<Fut, J, H: Host> fmt::Debug for Call<Fut, J, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = match &self.state {
            State::Calling { .. } => "calling",
            State::Refused { .. } => "refused",
        };
        f.debug_struct("Call").field("state", &at).finish_non_exhaustive()
    }
}
