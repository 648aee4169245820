use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use buttress_core::Problem;
use buttress_core::render::{self, Format};
use buttress_core::stage::BodyMode;
use bytes::Bytes;
use http::Response;
use pin_project_lite::pin_project;

pin_project! {
    /// Response future of [`Errors`](super::Errors).
    #[must_use = "futures do nothing unless polled"]
    pub struct ErrorsFuture<Fut, F, M> {
        #[pin]
        state: State<Fut, F>,
        place: Place,
        mode: PhantomData<fn() -> M>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<Fut, F> {
        Calling { #[pin] inner: Fut, map: Option<F> },
        Refused { problem: Option<Problem> },
    }
}

impl<Fut, F, M> ErrorsFuture<Fut, F, M> {
    pub(super) fn calling(inner: Fut, map: F, place: Place) -> Self {
        Self { state: State::Calling { inner, map: Some(map) }, place, mode: PhantomData }
    }

    pub(super) fn refused(problem: Problem, place: Place) -> Self {
        let state = State::Refused { problem: Some(problem) };
        Self { state, place, mode: PhantomData }
    }
}

impl<Fut, F, M, B, E> Future for ErrorsFuture<Fut, F, M>
where
    Fut: Future<Output = Result<Response<B>, E>>,
    F: FnOnce(E) -> Problem,
    M: BodyMode<B>,
{
    type Output = Result<Response<M::Body>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let problem = match this.state.project() {
            StateProj::Calling { inner, map } => match ready!(inner.poll(cx)) {
                Ok(response) => return Poll::Ready(Ok(response.map(M::wrap))),
                Err(error) => map.take().map(|map| map(error)),
            },
            StateProj::Refused { problem } => problem.take(),
        };
        // Polled again after it was done: an answer is better than a panic.
        let problem = problem.unwrap_or_else(|| Problem::new(buttress_core::Code::INTERNAL));
        Poll::Ready(Ok(answer(problem, *this.place)))
    }
}

/// Where it stands: who settles its answers.
#[derive(Clone, Copy)]
pub(super) enum Place {
    InContext,
    /// Perhaps nobody does, so it is the answer to a request as it looks.
    Alone {
        is_grpc: bool,
    },
}

fn answer<B: From<Bytes>>(problem: Problem, place: Place) -> Response<B> {
    match place {
        Place::Alone { is_grpc: true } => problem.render_in(&Format::GRPC).map(B::from),
        Place::Alone { is_grpc: false } => problem.render(None).map(B::from),
        Place::InContext => {
            let mut response = Response::new(B::from(Bytes::new()));
            render::hand_over(&mut response, problem);
            response
        }
    }
}

impl<Fut, F, M> fmt::Debug for ErrorsFuture<Fut, F, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ErrorsFuture").finish_non_exhaustive()
    }
}
