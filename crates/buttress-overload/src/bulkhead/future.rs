use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use buttress_core::Problem;
use buttress_core::clock::Timer;
use pin_project_lite::pin_project;
use tower_service::Service;

use super::{Mode, Permit, Waits};

pin_project! {
    /// Response future of [`Bulkheaded`](super::Bulkheaded), and of [`Bulkhead::run`](super::Bulkhead::run).
    ///
    /// To drop it gives its permit back, or its place in the queue.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<Req, S, T, M>
    where
        S: Service<Req>,
        T: Timer,
        M: Mode<Req, S::Response, S::Error>,
    {
        #[pin]
        state: State<S::Future, Held<Req, S, T, M::Wants>, Result<M::Response, S::Error>>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F, H, A> {
        /// The service works on it. The permit stands behind the future, so that it is given back after that is
        /// dropped.
        Calling { #[pin] future: F, permit: Option<Permit> },
        /// In a box, so that what need not wait has no room for it.
        Waiting { held: Option<Box<H>> },
        /// It never got there; in a box, as an answer may be larger than all else here.
        Refused { answer: Option<Box<A>> },
    }
}

/// What waits for a permit.
struct Held<Req, S, T: Timer, W> {
    wait: Pin<Box<Waits<T>>>,
    ready: S,
    request: Req,
    wants: W,
}

impl<Req, S, T, M> ResponseFuture<Req, S, T, M>
where
    S: Service<Req>,
    T: Timer,
    M: Mode<Req, S::Response, S::Error>,
{
    #[inline]
    pub(super) fn calling(future: S::Future, permit: Permit) -> Self {
        Self { state: State::Calling { future, permit: Some(permit) } }
    }

    pub(super) fn refused(problem: Problem, wants: M::Wants) -> Self {
        Self { state: State::Refused { answer: Some(Box::new(M::refused(problem, wants))) } }
    }

    pub(super) fn waiting(wait: Waits<T>, ready: S, request: Req, wants: M::Wants) -> Self {
        let held = Held { wait: Box::pin(wait), ready, request, wants };
        Self { state: State::Waiting { held: Some(Box::new(held)) } }
    }
}

impl<Req, S, T, M> Future for ResponseFuture<Req, S, T, M>
where
    S: Service<Req>,
    T: Timer,
    M: Mode<Req, S::Response, S::Error>,
{
    type Output = Result<M::Response, S::Error>;

    #[inline]
    #[expect(clippy::expect_used, reason = "the contract of `Future`: the caller's bug, as in std")]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        const DONE: &str = "the future was polled after it had completed";
        let mut state = self.project().state;
        loop {
            let next = match state.as_mut().project() {
                StateProj::Calling { future, permit } => {
                    return M::passed(permit, future.poll(cx));
                }
                StateProj::Waiting { held } => {
                    let waiting = held.as_mut().expect(DONE);
                    let waited = ready!(waiting.wait.as_mut().poll(cx));
                    let Held { mut ready, request, wants, .. } = *held.take().expect(DONE);
                    match waited {
                        Ok(permit) => {
                            State::Calling { future: ready.call(request), permit: Some(permit) }
                        }
                        Err(problem) => {
                            let answer = Some(Box::new(M::refused(problem, wants)));
                            State::Refused { answer }
                        }
                    }
                }
                StateProj::Refused { answer } => return Poll::Ready(*answer.take().expect(DONE)),
            };
            state.set(next);
        }
    }
}

impl<Req, S, T, M> fmt::Debug for ResponseFuture<Req, S, T, M>
where
    S: Service<Req>,
    T: Timer,
    M: Mode<Req, S::Response, S::Error>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = match &self.state {
            State::Calling { .. } => "calling",
            State::Waiting { .. } => "waiting",
            State::Refused { .. } => "refused",
        };
        f.debug_struct("ResponseFuture").field("state", &at).finish()
    }
}
