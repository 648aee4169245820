use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use buttress_core::clock::Timer;
use buttress_core::outcome::{Classify, Outcome};
use buttress_core::sync::Shared;
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::hedge::{RequestRace, Requests, poll_both};
use crate::layer::Judged;
use crate::plan::{Plan, judge, seen, span};
use crate::spare::Spare;
use crate::{Attempt, ReplayBody};

pin_project! {
    /// Response future of [`Retry`](crate::Retry).
    ///
    /// To drop it drops the attempt that is under way, and gives back what the next one was to cost.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<S, B, C, T>
    where
        S: Service<Request<ReplayBody<B>>>,
        C: 'static,
        T: Timer,
    {
        // Before the plan: what is dropped gives back the room of its body only once the work has stopped.
        #[pin]
        state: State<S::Future, T::Sleep>,
        // In a box, so that what is ready at once has no room for it.
        race: RequestRace<S, B, T::Sleep>,
        plan: Option<Plan<S, B>>,
        shared: Shared<Judged<C, T>>,
    }
}

pin_project! {
    /// Where a call stands.
    #[project = StateProj]
    enum State<F, Z> {
        /// The service works on an attempt.
        Calling { #[pin] future: F },
        /// The next attempt has to wait.
        Sleeping { #[pin] sleep: Z },
        /// The instance is asked whether it is ready again.
        Readying,
        /// The answer was given.
        Done,
    }
}

impl<S, B, C, T> ResponseFuture<S, B, C, T>
where
    S: Service<Request<ReplayBody<B>>>,
    T: Timer,
{
    /// Makes the first attempt, with the instance that is ready, and keeps what others are made of. All of it in one
    /// place: to move a request that was looked at costs more than to make one.
    #[inline]
    pub(crate) fn begin(
        service: &mut S,
        mut request: Request<B>,
        shared: &Shared<Judged<C, T>>,
    ) -> Self
    where
        S: Clone,
        B: Body,
    {
        let inner = &shared.inner;
        Attempt::begin_anew(&mut request);
        if !Spare::may_be_of(&request, inner) {
            let future = service.call(request.map(ReplayBody::passing));
            return Self::calling(future, None, shared);
        }
        let mut spare = Spare::of(&request, inner);
        let (parts, body) = request.into_parts();
        let request = Request::from_parts(parts, spare.record(body, inner));
        inner.count_for_hedges(spare.is_inner);
        let span = span(inner, Attempt::FIRST);
        // Not through a closure, which would move the request once more.
        let future = match &span {
            None => service.call(request),
            Some(span) => span.in_scope(|| service.call(request)),
        };
        let fresh = service.clone();
        let service = std::mem::replace(service, fresh);
        Self::calling(future, Some(Plan::new(service, spare, span)), shared)
    }

    /// Goes on after a first attempt that somebody else made, with another after this time.
    pub(crate) fn again(wait: Duration, plan: Plan<S, B>, shared: &Shared<Judged<C, T>>) -> Self {
        let (state, shared) = (after(wait, &shared.inner.timer), shared.clone());
        Self { state, race: None, plan: Some(plan), shared }
    }

    #[inline]
    fn calling(future: S::Future, plan: Option<Plan<S, B>>, shared: &Shared<Judged<C, T>>) -> Self {
        Self { state: State::Calling { future }, race: None, plan, shared: shared.clone() }
    }
}

impl<S, B, C, T, D> Future for ResponseFuture<S, B, C, T>
where
    S: Service<Request<ReplayBody<B>>, Response = Response<D>> + Clone,
    C: Classify<Response<D>, S::Error>,
    T: Timer,
    B: Body<Data = Bytes>,
{
    type Output = Result<Response<D>, S::Error>;

    #[inline]
    #[expect(clippy::expect_used, reason = "who waits for another attempt has a plan for it")]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let (mut state, shared) = (this.state, &**this.shared);
        loop {
            let next = match state.as_mut().project() {
                StateProj::Calling { future } => {
                    let Some(plan) = this.plan else { return future.poll(cx) };
                    let polled = match &shared.inner.hedge {
                        None => plan.enter(|| future.poll(cx)),
                        Some(hedging) => {
                            let mut racing = Requests { shared, plan, first: future };
                            let raced = poll_both(hedging, &mut racing, this.race, cx);
                            raced.map(|raced| raced.answer_after(|| state.set(State::Done)))
                        }
                    };
                    let Poll::Ready(result) = &polled else {
                        plan.waits(&shared.inner);
                        return Poll::Pending;
                    };
                    // If there is another one, what came back is dropped here, and not after the pause: it may hold a
                    // connection.
                    let Some(pause) = pause_after(shared, plan, result) else { return polled };
                    after(pause, &shared.inner.timer)
                }
                StateProj::Sleeping { sleep } => {
                    ready!(sleep.poll(cx));
                    State::Readying
                }
                StateProj::Done => unreachable!("the future was polled after it had completed"),
                StateProj::Readying => {
                    let plan = this.plan.as_mut().expect("there is a pause where it was planned");
                    State::Calling { future: ready!(plan.poll_next(&shared.inner, cx))? }
                }
            };
            state.set(next);
        }
    }
}

fn after<F, T: Timer>(pause: Duration, timer: &T) -> State<F, T::Sleep> {
    match pause {
        Duration::ZERO => State::Readying,
        pause => State::Sleeping { sleep: timer.sleep(pause) },
    }
}

/// How long to wait before the next attempt; nothing if there is none.
#[inline]
fn pause_after<S, B, C, T, D>(
    shared: &Judged<C, T>,
    plan: &mut Plan<S, B>,
    result: &Result<Response<D>, S::Error>,
) -> Option<Duration>
where
    S: Service<Request<ReplayBody<B>>, Response = Response<D>>,
    C: Classify<Response<D>, S::Error>,
    B: Body,
{
    let judgement = judge(&shared.classify, result);
    if judgement.outcome() == Outcome::Success && !may_want(shared, result) {
        shared.inner.succeeded(plan.course.cost);
        return None;
    }
    plan.ended(&shared.inner, &seen(judgement, result)).ok()
}

/// Whether what was a success for the dependency may be none for this caller.
#[inline]
pub(crate) fn may_want<C, T, D, E>(shared: &Judged<C, T>, result: &Result<Response<D>, E>) -> bool {
    result.as_ref().is_ok_and(|response| shared.inner.when.may_want(response))
}

impl<S, B, C, T> fmt::Debug for ResponseFuture<S, B, C, T>
where
    S: Service<Request<ReplayBody<B>>>,
    T: Timer,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = match &self.state {
            State::Calling { .. } => "calling",
            State::Sleeping { .. } => "sleeping",
            State::Readying => "readying",
            State::Done => "done",
        };
        f.debug_struct("ResponseFuture").field("state", &at).finish_non_exhaustive()
    }
}
