use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use buttress_core::Problem;
use buttress_core::outcome::JudgedAnswer;
use buttress_core::sync::Shared;
use pin_project_lite::pin_project;
use tower_service::Service;

use super::Guard;

pin_project! {
    /// Response future of [`Door`](super::Door).
    ///
    /// To drop it gives back what was given for the call, or its place among those that wait.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<Req, S, G, C, M>
    where
        S: Service<Req>,
        G: Guard,
        M: JudgedAnswer<Req, S::Response, S::Error, C, G::Ticket>,
        C: 'static,
    {
        #[pin]
        state: State<S::Future, G::Ticket, G::Wait, Refused<M::Wants>, Held<S, Req>>,
        classify: Shared<C>,
    }
}

pin_project! {
    /// Where a call stands.
    #[project = StateProj]
    enum State<F, T, W, R, H> {
        /// The service works on it.
        Calling { #[pin] future: F, ticket: Option<T> },
        /// It never got there.
        Refused { refused: Option<R> },
        /// It has not been let in yet; in a box, so that what need not wait has no room for it.
        Waiting { #[pin] wait: W, held: Option<Box<H>> },
    }
}

/// Why, and what the answer has to look like.
struct Refused<A> {
    problem: Problem,
    wants: A,
}

/// What waits: the instance that was polled ready, and what it is to be called with.
struct Held<S, Req> {
    ready: S,
    request: Req,
}

impl<Req, S, G, C, M> ResponseFuture<Req, S, G, C, M>
where
    S: Service<Req>,
    G: Guard,
    M: JudgedAnswer<Req, S::Response, S::Error, C, G::Ticket>,
{
    #[inline]
    pub(super) fn calling(future: S::Future, ticket: G::Ticket, classify: Shared<C>) -> Self {
        Self { state: State::Calling { future, ticket: Some(ticket) }, classify }
    }

    pub(super) fn refused(problem: Problem, wants: M::Wants, classify: Shared<C>) -> Self {
        let refused = Some(Refused { problem, wants });
        Self { state: State::Refused { refused }, classify }
    }

    #[cold]
    pub(super) fn waiting(wait: G::Wait, ready: S, request: Req, classify: Shared<C>) -> Self {
        let held = Some(Box::new(Held { ready, request }));
        Self { state: State::Waiting { wait, held }, classify }
    }
}

impl<Req, S, G, C, M> Future for ResponseFuture<Req, S, G, C, M>
where
    S: Service<Req>,
    G: Guard,
    M: JudgedAnswer<Req, S::Response, S::Error, C, G::Ticket>,
{
    type Output = Result<M::Response, S::Error>;

    #[expect(clippy::expect_used, reason = "the contract of `Future`: the caller's bug, as in std")]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        const DONE: &str = "the future was polled after it had completed";
        let mut this = self.project();
        loop {
            let next = match this.state.as_mut().project() {
                StateProj::Calling { future, ticket } => {
                    return M::judged(this.classify, ticket, future.poll(cx));
                }
                StateProj::Refused { refused } => {
                    let Refused { problem, wants } = refused.take().expect(DONE);
                    return Poll::Ready(M::refused(problem, wants));
                }
                StateProj::Waiting { wait, held } => {
                    let admitted = ready!(wait.poll(cx));
                    let Held { mut ready, request } = *held.take().expect(DONE);
                    match admitted {
                        Ok(ticket) => {
                            State::Calling { future: ready.call(request), ticket: Some(ticket) }
                        }
                        Err(problem) => {
                            let refused = Refused { problem, wants: M::wants(&request) };
                            State::Refused { refused: Some(refused) }
                        }
                    }
                }
            };
            this.state.set(next);
        }
    }
}

impl<Req, S, G, C, M> fmt::Debug for ResponseFuture<Req, S, G, C, M>
where
    S: Service<Req>,
    G: Guard,
    M: JudgedAnswer<Req, S::Response, S::Error, C, G::Ticket>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = match &self.state {
            State::Calling { .. } => "calling",
            State::Refused { .. } => "refused",
            State::Waiting { .. } => "waiting",
        };
        f.debug_struct("ResponseFuture").field("state", &at).finish_non_exhaustive()
    }
}
