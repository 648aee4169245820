use bytes::Bytes;
use http::Response;

use crate::Problem;

/// What a stage decides about a request.
#[derive(Debug)]
#[must_use = "a decision has no effect until it is returned"]
#[expect(clippy::exhaustive_enums, reason = "who composes stages must heed every one")]
pub enum Decision<M, W> {
    /// Let it pass. The memo comes back in `leave`, or in `failed`.
    Pass(M),
    /// Answer in place of the service. With a memo, the stage's own `leave` touches the answer too.
    Answer(Answer, Option<M>),
    /// Turn it away. With a memo, the stage's own `leave` touches the refusal too.
    Refuse(Problem, Option<M>),
    /// Decide later, in `resume`, once this is done.
    Wait(W),
}

impl<M, W> Decision<M, W> {
    /// The same decision with another memo and another wait.
    pub fn map<N, V>(self, memo: impl FnOnce(M) -> N, wait: impl FnOnce(W) -> V) -> Decision<N, V> {
        self.map_beside((), |(), m| memo(m), |(), w| wait(w))
    }

    /// [`map`](Self::map), where memo and wait both want `beside`, but only one of them gets it.
    pub(super) fn map_beside<X, N, V>(
        self,
        beside: X,
        memo: impl FnOnce(X, M) -> N,
        wait: impl FnOnce(X, W) -> V,
    ) -> Decision<N, V> {
        match self {
            Self::Pass(m) => Decision::Pass(memo(beside, m)),
            Self::Answer(answer, m) => Decision::Answer(answer, m.map(|m| memo(beside, m))),
            Self::Refuse(problem, m) => Decision::Refuse(problem, m.map(|m| memo(beside, m))),
            Self::Wait(w) => Decision::Wait(wait(beside, w)),
        }
    }
}

/// A whole response that a stage gives in place of the service: the answer to a preflight or a probe.
///
/// ```
/// use buttress_core::stage::Answer;
/// use bytes::Bytes;
/// use http::{Response, StatusCode};
///
/// let mut response = Response::new(Bytes::new());
/// *response.status_mut() = StatusCode::NO_CONTENT;
///
/// let answer = Answer::from(response);
/// assert_eq!(answer.response().status(), 204);
/// ```
#[derive(Debug)]
pub struct Answer(
    // Behind a pointer, so that the decision of a stage that seldom answers stays small.
    Box<Response<Bytes>>,
);

impl Answer {
    /// The response that will be sent.
    #[must_use]
    pub fn response(&self) -> &Response<Bytes> {
        &self.0
    }

    /// Gives the response out.
    #[must_use]
    pub fn into_response(self) -> Response<Bytes> {
        *self.0
    }
}

impl From<Response<Bytes>> for Answer {
    fn from(response: Response<Bytes>) -> Self {
        Self(Box::new(response))
    }
}
