use bytes::Bytes;
use http::{Extensions, Response};

use super::{Advice, Judgement, Outcome, Reached, Wants};
use crate::{Code, Problem, render};

/// In the extensions of a response, it says that our own wall gave it in the place of the dependency.
///
/// So walls inside one another do not count each other's refusals: see [`Outcome::Rejected`](super::Outcome::Rejected).
///
/// ```
/// use buttress_core::outcome::{Answer, LocalRefusal, Wants};
/// use buttress_core::stage::Rewrap;
/// use buttress_core::{Code, Problem, Reply};
/// use http::{Request, Response};
/// use http_body_util::Full;
/// use bytes::Bytes;
///
/// type Wall = Rewrap;
/// let wants = Wants::of(&Request::get("/").body(()).unwrap());
/// let refuse = |code| {
///     let answer: Result<Response<Reply<Full<Bytes>>>, std::io::Error> =
///         <Wall as Answer<Request<()>, Response<Full<Bytes>>, _>>::refused(Problem::new(code), wants);
///     answer.unwrap()
/// };
///
/// assert!(refuse(Code::OVERLOADED).extensions().get::<LocalRefusal>().is_some());
/// assert!(refuse(Code::TIMED_OUT).extensions().get::<LocalRefusal>().is_none(), "it was asked, and did not answer");
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "a value that is written as its name")]
pub struct LocalRefusal;

impl LocalRefusal {
    /// What a response with these extensions says, if our own wall gave it.
    pub(super) fn judgement(extensions: &Extensions) -> Option<Judgement> {
        extensions.get::<Self>()?;
        Some(Self::judged(extensions.get::<Problem>()))
    }

    /// What an error with this problem says, if our own wall gave it.
    pub(super) fn of(problem: &Problem) -> Option<Judgement> {
        Self::is_said_by(problem.code()).then(|| Self::judged(Some(problem)))
    }

    /// Perhaps it was sent all the same: an attempt before the one that was refused may have been.
    fn judged(problem: Option<&Problem>) -> Judgement {
        let wait = problem.and_then(Problem::retry_after);
        Judgement::new(Outcome::Rejected)
            .with_reached(Reached::Perhaps)
            .with_advice(wait.map_or(Advice::None, Advice::After))
    }

    /// Whether a problem with this code means that our own wall asked nobody.
    fn is_said_by(code: Code) -> bool {
        OF_THE_WALL.contains(&code)
    }
}

const OF_THE_WALL: [Code; 4] =
    [Code::CIRCUIT_OPEN, Code::SATURATED, Code::THROTTLED_LOCALLY, Code::OVERLOADED];

/// The answer to `problem` in the place of the dependency's: without a body, for a program to read.
#[cold]
pub(super) fn refusal<B: From<Bytes>>(problem: Problem, wants: Wants) -> Response<B> {
    let is_local = LocalRefusal::is_said_by(problem.code());
    let mut response = render::stand_in(problem, wants.is_grpc());
    if is_local {
        response.extensions_mut().insert(LocalRefusal);
    }
    response
}
