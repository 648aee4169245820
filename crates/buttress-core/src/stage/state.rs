use bytes::Bytes;
use http::{Method, Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::Answer;
use super::panic::caught;
use crate::{Problem, RequestContext, render};

pin_project! {
    /// Where a request stands between its decision and its response.
    #[project = StateProj]
    pub(super) enum State<F, H, M, W> {
        /// The service works on it.
        // The future first: what is dropped gives back its permits only once the work has stopped.
        Calling { #[pin] future: F, memo: Option<M> },
        /// It never got there.
        Early { early: Option<(Early, Option<M>)> },
        /// A stage waits; held in a box, so that those that never do have no room for it.
        Waiting { #[pin] wait: W, held: Option<Box<H>> },
    }
}

impl<F, H, M, W> State<F, H, M, W> {
    /// Calls `inner`, which was polled ready.
    #[expect(clippy::inline_always, reason = "a call would move the future once more")]
    #[inline(always)]
    pub(super) fn call<S, B>(memo: M, catch: bool, inner: &mut S, request: Request<B>) -> Self
    where
        S: Service<Request<B>, Future = F>,
    {
        // Not through the closure below: a request is large, and would be moved once more.
        if !catch {
            return Self::Calling { memo: Some(memo), future: inner.call(request) };
        }
        match caught(true, || inner.call(request)) {
            Ok(future) => Self::Calling { memo: Some(memo), future },
            Err(problem) => Self::broken(problem, Some(memo)),
        }
    }

    pub(super) fn answer<B>(answer: Answer, memo: Option<M>, request: &Request<B>) -> Self {
        let bodiless = request.method() == Method::HEAD;
        Self::Early { early: Some((Early::Answer { answer, bodiless }, memo)) }
    }

    pub(super) fn refuse<B>(problem: Problem, memo: Option<M>, request: &Request<B>) -> Self {
        let context = request.extensions().get().cloned();
        let bodiless = request.method() == Method::HEAD;
        Self::Early { early: Some((Early::Refusal { problem, context, bodiless }, memo)) }
    }

    pub(super) fn wait(wait: W, held: Box<H>) -> Self {
        Self::Waiting { held: Some(held), wait }
    }

    /// After a panic: the request is gone, so a context outside has to settle the answer.
    pub(super) fn broken(problem: Problem, memo: Option<M>) -> Self {
        let early = Early::Refusal { problem, context: None, bodiless: false };
        Self::Early { early: Some((early, memo)) }
    }
}

/// An answer that is not the service's.
pub(super) enum Early {
    Answer { answer: Answer, bodiless: bool },
    Refusal { problem: Problem, context: Option<RequestContext>, bodiless: bool },
}

impl Early {
    pub(super) fn into_response(self) -> Response<Bytes> {
        let (response, bodiless) = match self {
            Self::Answer { answer, bodiless } => (answer.into_response(), bodiless),
            Self::Refusal { problem, context, bodiless } => {
                (problem.render(context.as_ref()), bodiless)
            }
        };
        if bodiless { render::head_of(response) } else { response }
    }
}
