use bytes::Bytes;
use http::Response;

use super::{Format, Occasion, grpc, hand_over, is_unsettled, render_by_default, settle_with};
use crate::Problem;
use crate::clock::{Clock, SystemClock};
use crate::stage::ResponseHead;

/// The answer to `problem` in the place of a dependency's: a status and headers, for a program to read. If that passes
/// it on to a client of its own, the context there gives it that client's format.
#[cold]
pub(crate) fn stand_in<B: From<Bytes>>(problem: Problem, is_grpc: bool) -> Response<B> {
    if !is_grpc {
        let mut answer = Response::new(B::from(Bytes::new()));
        hand_over(&mut answer, problem);
        return answer;
    }
    problem.render_in(&Format::GRPC).map(B::from)
}

/// Gives a marked answer the family's [`JsonEnvelope`](super::JsonEnvelope), and leaves it marked: a context outside of
/// it still gives it the format of its own client. Leaves all others alone, and the statuses of gRPC.
///
/// A wall on the way out refuses without a body, because a program reads it. This is for one that reads bodies:
///
/// ```
/// use buttress_core::outcome::Answer;
/// use buttress_core::{Code, Problem, render, stage::Keep};
/// use bytes::Bytes;
/// use http::{Request, Response};
/// use http_body_util::Full;
/// use std::convert::Infallible;
///
/// fn refuse(problem: Problem, request: &Request<()>) -> Response<Bytes> {
///     fn by<W: Answer<Request<()>, Response<Bytes>, Infallible, Response = Response<Bytes>>>(
///         problem: Problem,
///         request: &Request<()>,
///     ) -> Result<Response<Bytes>, Infallible> {
///         W::refused(problem, W::wants(request))
///     }
///     by::<Keep>(problem, request).unwrap()
/// }
///
/// let mut response = refuse(Problem::new(Code::CIRCUIT_OPEN), &Request::new(()));
/// assert!(response.body().is_empty());
///
/// render::fill_in(&mut response);
/// assert_eq!(response.headers()["content-type"], "application/json");
/// assert!(response.body().starts_with(br#"{"error":{"code":"CIRCUIT_OPEN""#));
/// ```
pub fn fill_in(response: &mut dyn ResponseHead) {
    if !is_unsettled(response.extensions()) || grpc::is_status(response.headers()) {
        return;
    }
    settle_with(response, |problem| {
        render_by_default(&Format::JSON, problem, Occasion::at(SystemClock.wall()))
    });
}
