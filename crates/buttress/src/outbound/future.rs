use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use buttress_core::clock::{Alarm, TokioTimer};
use buttress_core::outcome::{Answer, HttpClassify, Judgement, Wants};
use buttress_core::stage::Keep;
use buttress_core::sync::Shared;
use buttress_core::{Deadline, Problem, render};
use buttress_retry::{ReplayBody, Spare};
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_service::Service;

use super::attempt::{Attempt, Attempts};
use super::parts::{BehindGuards, OutboundBody, Parts};

pin_project! {
    /// Response future of [`OutboundService`](super::OutboundService).
    ///
    /// To drop it drops the attempt that is under way, and gives back what the call holds.
    #[project = Proj]
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<S, A>
    where
        S: Service<Request<ReplayBody<A>>>,
        Attempts<S>: Service<Request<ReplayBody<A>>>,
        BehindGuards<S>: Service<Request<A>>,
    {
        #[pin]
        state: State<S, A>,
        #[pin]
        alarm: Alarm<TokioTimer>,
        deadline: Option<Deadline>,
        wants: Wants,
        // Whether a refusal gets a body.
        renders: bool,
        parts: Shared<Parts>,
    }
}

type RetryFuture<S, A> = buttress_retry::ResponseFuture<Attempts<S>, A, HttpClassify, TokioTimer>;

type AnswerOf<S, A, B> =
    Result<Response<OutboundBody<B>>, <S as Service<Request<ReplayBody<A>>>>::Error>;

pin_project! {
    /// Where a call stands.
    #[project = StateProj]
    pub(super) enum State<S, A>
    where
        S: Service<Request<ReplayBody<A>>>,
        Attempts<S>: Service<Request<ReplayBody<A>>>,
        BehindGuards<S>: Service<Request<A>>,
    {
        /// The first attempt is under way: with what others are made of, and the client that makes them.
        First {
            #[pin]
            attempt: Attempt<S, A>,
            // Behind the attempt: what is dropped gives back the room of its body only once the work has stopped.
            spare: Option<Spare<A>>,
            ready: Option<S>,
        },
        /// The retry goes on with it, or had it from the beginning.
        Retrying { #[pin] future: RetryFuture<S, A> },
        /// Whoever stands before the retry has it.
        Guarded { #[pin] future: <BehindGuards<S> as Service<Request<A>>>::Future },
        /// Its time was over before.
        Over { problem: Option<Problem> },
    }
}

impl<S, A> ResponseFuture<S, A>
where
    S: Service<Request<ReplayBody<A>>>,
    Attempts<S>: Service<Request<ReplayBody<A>>>,
    BehindGuards<S>: Service<Request<A>>,
{
    #[inline]
    pub(super) fn new(
        state: State<S, A>,
        deadline: Option<Deadline>,
        wants: Wants,
        renders: bool,
        parts: Shared<Parts>,
    ) -> Self {
        Self { state, alarm: Alarm::unarmed(), deadline, wants, renders, parts }
    }

    #[cold]
    pub(super) fn over(
        problem: Problem,
        wants: Wants,
        renders: bool,
        parts: &Shared<Parts>,
    ) -> Self {
        let state = State::Over { problem: Some(problem) };
        Self::new(state, None, wants, renders, parts.clone())
    }
}

impl<S, A, B> Future for ResponseFuture<S, A>
where
    S: Service<Request<ReplayBody<A>>, Response = Response<B>> + Clone,
    S::Error: Error + 'static,
    A: Body<Data = Bytes>,
    B: Body<Data = Bytes>,
{
    type Output = Result<Response<OutboundBody<B>>, S::Error>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.as_mut().project();
        let scope = this.deadline.map(Deadline::enter);
        let mut heard = None;
        // One place for the answer, as to move it costs more than to pass it.
        let mut polled = match this.state.as_mut().project() {
            StateProj::First { attempt, .. } => {
                attempt.poll(&this.parts.limits, *this.wants, &mut heard, cx)
            }
            StateProj::Retrying { future } => future.poll(cx),
            StateProj::Guarded { future } => future.poll(cx),
            StateProj::Over { .. } => Poll::Pending,
        };
        if let Some(rest) = this.rest(&polled, heard) {
            // What came back goes before the pause: it may hold a connection.
            drop(polled);
            polled = self.as_mut().go_on(rest, cx);
        }
        drop(scope);
        if polled.is_pending() {
            polled = self.as_mut().expire(cx);
        }
        if self.renders
            && let Poll::Ready(Ok(response)) = &mut polled
        {
            render::fill_in(response);
        }
        polled
    }
}

impl<S, A, B> Proj<'_, S, A>
where
    S: Service<Request<ReplayBody<A>>, Response = Response<B>> + Clone,
    S::Error: Error + 'static,
    A: Body<Data = Bytes>,
    B: Body<Data = Bytes>,
{
    /// What there is beyond the first attempt, if that has come to this.
    #[inline]
    fn rest(
        &mut self,
        polled: &Poll<AnswerOf<S, A, B>>,
        heard: Option<Judgement>,
    ) -> Option<RetryFuture<S, A>> {
        let StateProj::First { spare, ready, .. } = self.state.as_mut().project() else {
            return None;
        };
        let retry = &self.parts.retry;
        match polled {
            Poll::Ready(result) => {
                let attempts = || Some(Attempts::new(ready.take()?, self.parts.clone()));
                retry.rest(attempts, spare, heard?, result)
            }
            Poll::Pending => {
                retry.waits(spare.as_mut());
                None
            }
        }
    }
}

impl<S, A, B> ResponseFuture<S, A>
where
    S: Service<Request<ReplayBody<A>>, Response = Response<B>> + Clone,
    S::Error: Error + 'static,
    A: Body<Data = Bytes>,
    B: Body<Data = Bytes>,
{
    #[cold]
    fn go_on(
        self: Pin<&mut Self>,
        rest: RetryFuture<S, A>,
        cx: &mut Context<'_>,
    ) -> Poll<AnswerOf<S, A, B>> {
        let mut state = self.project().state;
        state.set(State::Retrying { future: rest });
        let StateProj::Retrying { future } = state.project() else {
            unreachable!("it was set just now");
        };
        future.poll(cx)
    }

    /// It is pending: whether its time is over, by now or before, and what is said then.
    #[cold]
    #[expect(clippy::expect_used, reason = "the contract of `Future`: the caller's bug, as in std")]
    fn expire(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<AnswerOf<S, A, B>> {
        let mut this = self.project();
        let refused = |problem| <Keep as Answer<Request<A>, _, _>>::refused(problem, *this.wants);
        if let StateProj::Over { problem } = this.state.as_mut().project() {
            let problem = problem.take().expect("the future was polled after it had completed");
            return Poll::Ready(refused(problem));
        }
        let Some(deadline) = *this.deadline else { return Poll::Pending };
        let rules = &this.parts.deadline;
        ready!(this.alarm.as_mut().poll(&TokioTimer, || rules.remaining(deadline), cx));
        // Here, and not with the future around, which may live on: whatever the call holds is given back.
        this.state.set(State::Over { problem: None });
        Poll::Ready(refused(rules.expire()))
    }
}

impl<S, A> fmt::Debug for ResponseFuture<S, A>
where
    S: Service<Request<ReplayBody<A>>>,
    Attempts<S>: Service<Request<ReplayBody<A>>>,
    BehindGuards<S>: Service<Request<A>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}
