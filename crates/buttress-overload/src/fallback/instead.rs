use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use buttress_core::outcome::Classify;
use pin_project_lite::pin_project;
use tower_service::Service;

use super::{Fallback, Instead};

pin_project! {
    /// The future of a call for which another service stands in.
    #[must_use = "futures do nothing unless polled"]
    pub struct InsteadFuture<Req, F, O, C>
    where
        O: Service<Req>,
        O: 'static,
        C: 'static,
    {
        #[pin]
        state: State<Req, F, O, O::Future>,
        fallback: Fallback<Instead<O>, C>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<Req, F, O, G> {
        First { #[pin] first: F, kept: Option<Req> },
        /// The other one is asked whether it is ready.
        Readying { other: O, kept: Option<Req> },
        Second { #[pin] second: G },
    }
}

impl<Req, F, O: Service<Req>, C> InsteadFuture<Req, F, O, C> {
    pub(super) const fn new(first: F, kept: Req, fallback: Fallback<Instead<O>, C>) -> Self {
        Self { state: State::First { first, kept: Some(kept) }, fallback }
    }
}

impl<Req, F, O, C> Future for InsteadFuture<Req, F, O, C>
where
    F: Future<Output = Result<O::Response, O::Error>>,
    O: Service<Req> + Clone,
    C: Classify<O::Response, O::Error>,
{
    type Output = Result<O::Response, O::Error>;

    #[expect(clippy::expect_used, reason = "the contract of `Future`: the caller's bug, as in std")]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        const DONE: &str = "the future was polled after it had completed";
        let mut this = self.project();
        let Fallback { kind, classify, outcomes } = &*this.fallback;
        loop {
            let next = match this.state.as_mut().project() {
                StateProj::First { first, kept } => {
                    let result = ready!(first.poll(cx));
                    if !outcomes.contain(&**classify, &result) {
                        return Poll::Ready(result);
                    }
                    // What came instead of an answer may hold a connection: it goes before another one is taken.
                    drop(result);
                    State::Readying { other: kind.0.lock().clone(), kept: kept.take() }
                }
                StateProj::Readying { other, kept } => {
                    if let Err(error) = ready!(other.poll_ready(cx)) {
                        return Poll::Ready(Err(error));
                    }
                    State::Second { second: other.call(kept.take().expect(DONE)) }
                }
                StateProj::Second { second } => return second.poll(cx),
            };
            this.state.set(next);
        }
    }
}

impl<Req, F, O: Service<Req>, C> fmt::Debug for InsteadFuture<Req, F, O, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = match &self.state {
            State::First { .. } => "first",
            State::Readying { .. } => "readying",
            State::Second { .. } => "second",
        };
        f.debug_struct("InsteadFuture").field("state", &at).finish_non_exhaustive()
    }
}
