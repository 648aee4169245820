use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use buttress_core::Problem;
use buttress_core::outcome::JudgedAnswer;
use buttress_core::sync::Shared;
use pin_project_lite::pin_project;

use super::Seat;

pin_project! {
    /// Response future of [`EndpointSet`](super::EndpointSet).
    #[must_use = "futures do nothing unless polled"]
    pub struct EndpointFuture<Req, F, C: 'static, M, W = ()> {
        #[pin]
        state: State<F, C, W>,
        mode: PhantomData<fn(Req) -> M>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F, C: 'static, W> {
        /// An endpoint works on it.
        Calling { #[pin] future: F, seat: Option<Seat>, classify: Shared<C> },
        /// There is no endpoint.
        Refused { wants: Option<W> },
    }
}

impl<Req, F, C, M, W> EndpointFuture<Req, F, C, M, W> {
    pub(super) const fn calling(future: F, seat: Option<Seat>, classify: Shared<C>) -> Self {
        Self { state: State::Calling { future, seat, classify }, mode: PhantomData }
    }

    pub(super) const fn refused(wants: W) -> Self {
        Self { state: State::Refused { wants: Some(wants) }, mode: PhantomData }
    }
}

impl<Req, F, Res, Err, C, M> Future for EndpointFuture<Req, F, C, M, M::Wants>
where
    F: Future<Output = Result<Res, Err>>,
    M: JudgedAnswer<Req, Res, Err, C, Seat>,
{
    type Output = Result<M::Response, Err>;

    #[expect(clippy::expect_used, reason = "the contract of `Future`: the caller's bug, as in std")]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProj::Calling { future, seat, classify } => {
                M::judged(classify, seat, future.poll(cx))
            }
            StateProj::Refused { wants } => {
                let wants = wants.take().expect("the future was polled after it had completed");
                Poll::Ready(M::refused(nobody(), wants))
            }
        }
    }
}

/// What is said where there is no endpoint at all.
#[cold]
fn nobody() -> Problem {
    Problem::unavailable()
        .with_message("There is no instance at the moment of a service that is needed for this.")
}

impl<Req, F, C, M, W> fmt::Debug for EndpointFuture<Req, F, C, M, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = match &self.state {
            State::Calling { seat, .. } => seat.as_ref().map(Seat::endpoint),
            State::Refused { .. } => None,
        };
        f.debug_struct("EndpointFuture").field("endpoint", &at).finish_non_exhaustive()
    }
}
