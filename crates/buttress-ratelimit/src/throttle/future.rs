use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tower_service::Service;

use super::Way;
use super::gate::Waiting;
use crate::Verdict;
use crate::store::LimitStore;

pin_project! {
    /// Response future of [`Throttle`](super::Throttle).
    ///
    /// To drop it while it waits gives back its turn, and the instance of the service that waited with it.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<R, S, W, L>
    where
        S: Service<R>,
        W: Way<R, S>,
        L: LimitStore,
    {
        #[pin]
        state: State<S::Future, Result<W::Response, S::Error>, L::Wait, Held<R, S, W, L>>,
    }
}

pin_project! {
    /// Where a request stands.
    #[project = StateProj]
    enum State<F, A, T, H> {
        /// The service works on it.
        Calling { #[pin] future: F },
        /// It never got there; in a box, as an answer may be larger than all else here.
        Refused { answer: Option<Box<A>> },
        /// Its turn has not come; in a box, so that what need not wait has no room for it.
        Waiting { #[pin] turn: T, held: Option<Box<H>> },
    }
}

/// What waits for a turn.
struct Held<R, S, W, L> {
    ready: S,
    request: R,
    waiting: Waiting<W, L>,
}

impl<R, S, W, L> ResponseFuture<R, S, W, L>
where
    S: Service<R>,
    W: Way<R, S>,
    L: LimitStore,
{
    pub(super) fn calling(future: S::Future) -> Self {
        Self { state: State::Calling { future } }
    }

    pub(super) fn refused(answer: Result<W::Response, S::Error>) -> Self {
        Self { state: State::Refused { answer: Some(Box::new(answer)) } }
    }

    pub(super) fn waiting(turn: L::Wait, ready: S, request: R, waiting: Waiting<W, L>) -> Self {
        let held = Some(Box::new(Held { ready, request, waiting }));
        Self { state: State::Waiting { turn, held } }
    }
}

impl<R, S, W, L> Future for ResponseFuture<R, S, W, L>
where
    S: Service<R>,
    W: Way<R, S>,
    L: LimitStore,
{
    type Output = Result<W::Response, S::Error>;

    #[expect(clippy::expect_used, reason = "the contract of `Future`: the caller's bug, as in std")]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        const DONE: &str = "the future was polled after it had completed";
        let mut state = self.project().state;
        loop {
            let next = match state.as_mut().project() {
                StateProj::Calling { future } => return future.poll(cx).map_ok(W::pass),
                StateProj::Refused { answer } => return Poll::Ready(*answer.take().expect(DONE)),
                StateProj::Waiting { turn, held } => {
                    let verdict: Verdict = ready!(turn.poll(cx)).into();
                    held.take().expect(DONE).go_on(&verdict)
                }
            };
            state.set(next);
        }
    }
}

type StateOf<R, S, W, L> = State<
    <S as Service<R>>::Future,
    Result<<W as Way<R, S>>::Response, <S as Service<R>>::Error>,
    <L as LimitStore>::Wait,
    Held<R, S, W, L>,
>;

impl<R, S, W, L> Held<R, S, W, L>
where
    S: Service<R>,
    W: Way<R, S>,
    L: LimitStore,
{
    fn go_on(self, verdict: &Verdict) -> StateOf<R, S, W, L> {
        let Self { mut ready, request, waiting } = self;
        match waiting.gate.settle(verdict) {
            None => State::Calling { future: ready.call(request) },
            Some(problem) => {
                let answer = W::refuse(problem, &request);
                State::Refused { answer: Some(Box::new(answer)) }
            }
        }
    }
}

impl<R, S, W, L> fmt::Debug for ResponseFuture<R, S, W, L>
where
    S: Service<R>,
    W: Way<R, S>,
    L: LimitStore,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = match &self.state {
            State::Calling { .. } => "calling",
            State::Refused { .. } => "refused",
            State::Waiting { .. } => "waiting",
        };
        f.debug_struct("ResponseFuture").field("state", &at).finish()
    }
}
