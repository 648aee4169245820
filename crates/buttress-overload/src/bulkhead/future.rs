use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use buttress_core::Problem;
use buttress_core::clock::Timer;
use pin_project_lite::pin_project;
use tower_service::Service;

use super::permit::Place;
use super::{Mode, Permit};

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
        state: State<S::Future, Held<Req, S, T::Sleep, M::Wants>, Result<M::Response, S::Error>>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F, H, A> {
        /// The service works on it. The permit stands behind the future, so that it is given back after that is dropped.
        Calling { #[pin] future: F, permit: Option<Permit> },
        /// In a box, so that what need not wait has no room for it.
        Waiting { held: Option<Box<H>> },
        /// It never got there; in a box, as an answer may be larger than all else here.
        Refused { answer: Option<Box<A>> },
    }
}

/// What waits for a permit.
struct Held<Req, S, Z, W> {
    place: Place,
    /// How long yet.
    sleep: Pin<Box<Z>>,
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

    pub(super) fn waiting(
        place: Place,
        sleep: T::Sleep,
        ready: S,
        request: Req,
        wants: M::Wants,
    ) -> Self {
        let held = Held { place, sleep: Box::pin(sleep), ready, request, wants };
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
                    // A wait that is over is over, also if a permit has come meanwhile: whoever asked is gone.
                    let waiting = held.as_mut().expect(DONE);
                    if waiting.sleep.as_mut().poll(cx).is_ready() {
                        held.take().expect(DONE).expire::<M>()
                    } else if let Poll::Ready(permit) = waiting.place.poll(cx) {
                        held.take().expect(DONE).go_on(permit)
                    } else {
                        return Poll::Pending;
                    }
                }
                StateProj::Refused { answer } => return Poll::Ready(*answer.take().expect(DONE)),
            };
            state.set(next);
        }
    }
}

impl<Req, S: Service<Req>, Z, W> Held<Req, S, Z, W> {
    fn go_on<A>(self, permit: Permit) -> State<S::Future, Self, A> {
        let Self { mut ready, request, .. } = self;
        State::Calling { future: ready.call(request), permit: Some(permit) }
    }

    fn expire<M>(self) -> State<S::Future, Self, Result<M::Response, S::Error>>
    where
        M: Mode<Req, S::Response, S::Error, Wants = W>,
    {
        let answer = M::refused(self.place.expire(), self.wants);
        State::Refused { answer: Some(Box::new(answer)) }
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
