//! How a [`Problem`] looks on the wire.
//!
//! A problem is encoded once, in the format that its client wants. A layer that refuses asks the [`RequestContext`] to
//! do it. Where there is none, as in a handler that returns a problem, the JSON envelope is rendered and the response
//! is *marked*: the next [`RequestContext`] outside of it [settles](settle) the answer, so that format and correlation
//! id are right there too.
//!
//! ```
//! use buttress_core::render::{JsonEnvelope, Occasion, Render};
//! use buttress_core::clock::Timestamp;
//! use buttress_core::{Code, Problem};
//!
//! let occasion = Occasion::at(Timestamp::from_millis(1_795_247_160_123)).correlation_id("r-1");
//! let answer = JsonEnvelope.render(&Problem::new(Code::GONE), &occasion);
//!
//! assert_eq!(answer.status(), 410);
//! assert_eq!(
//!     answer.body(),
//!     r#"{"error":{"code":"GONE","message":"This is no longer here.","correlationId":"r-1","timestamp":"2026-11-21T07:46:00.123Z"}}"#
//! );
//! ```
//!
//! Other formats are other implementations of [`Render`], chosen for each request by the
//! [`Context`](crate::Context).

mod answers;
mod format;
mod grpc;
mod headers;
mod json;
mod leave_alone;
mod no_failure;
mod occasion;
#[cfg(feature = "tonic")]
mod returned;
mod sheet;
mod stand_in;

use std::fmt;

use bytes::Bytes;
#[cfg(feature = "tonic")]
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use http::{Extensions, Response, StatusCode};

use crate::clock::{Clock, SystemClock};
use crate::stage::ResponseHead;
use crate::{Problem, RequestContext, number};

pub use self::answers::{
    Answers, AnswersBuilder, AnswersSettings, Asked, BriefSettings, CATALOGUE,
};
pub(crate) use self::answers::{Asking, Who, mark_told, render_by_default};
pub use self::format::Format;
pub(crate) use self::format::is_grpc;
pub use self::grpc::GrpcStatus;
#[cfg(feature = "tonic")]
pub(crate) use self::grpc::bounded as grpc_message;
pub(crate) use self::grpc::failure as grpc_failure;
use self::headers::complete;
pub use self::json::{JsonEnvelope, json};
pub use self::leave_alone::LeaveAlone;
pub use self::no_failure::NoFailure;
pub use self::occasion::Occasion;
pub use self::stand_in::fill_in;
pub(crate) use self::stand_in::stand_in;

/// A way to write a [`Problem`] down.
///
/// An implementation decides on status, the headers of its format and the body. `Retry-After` and the
/// problem's own headers are added to what it gives.
pub trait Render: fmt::Debug + Send + Sync + 'static {
    /// The answer to this problem on this occasion.
    fn render(&self, problem: &Problem, occasion: &Occasion<'_>) -> Response<Bytes>;
}

impl Problem {
    /// The whole answer: in the format of the request's context, or the marked default without one.
    ///
    /// The problem stays in the extensions of the response.
    #[must_use]
    pub fn render(&self, context: Option<&RequestContext>) -> Response<Bytes> {
        let Some(context) = context else { return self.render_in(&Format::JSON) };
        let mut answer = context.encode(self);
        headers::add(self, answer.headers_mut());
        headers::complete(&mut answer, context.challenge());
        answer.extensions_mut().insert(self.clone());
        answer
    }

    /// The whole answer in this format, marked as the default one is: a context outside still gives it the format of
    /// its client, and its id. For where there is no context, and the request is known.
    ///
    /// ```
    /// use buttress_core::Problem;
    /// use buttress_core::render::{Format, is_unsettled};
    /// use http::Request;
    ///
    /// let request = Request::post("/shop.v1.Orders/Get").header("content-type", "application/grpc").body(())?;
    /// let answer = Problem::not_found().render_in(&Format::of(&request));
    /// assert_eq!(answer.headers()["grpc-status"], "5");
    /// assert!(is_unsettled(answer.extensions()));
    /// # Ok::<_, http::Error>(())
    /// ```
    #[must_use]
    pub fn render_in(&self, format: &Format) -> Response<Bytes> {
        let mut answer = render_by_default(format, self, Occasion::at(SystemClock.wall()));
        headers::add(self, answer.headers_mut());
        let extensions = answer.extensions_mut();
        extensions.insert(self.clone());
        extensions.insert(Unsettled);
        answer
    }
}

/// Leaves `problem` in the place of a response's body, for an outer layer to render: a context, or [`Answers::settle`].
/// So nothing is encoded to be thrown away.
///
/// Headers stay, but for those of the body that is gone; those that the problem brings along are sent in any case. Only
/// for where somebody outside does settle: until then there is no body at all.
pub fn hand_over(response: &mut dyn ResponseHead, problem: Problem) {
    response.set_status(problem.status());
    headers::strip(response.headers_mut(), problem.status());
    headers::add(&problem, response.headers_mut());
    response.extensions_mut().insert(Unsettled);
    response.extensions_mut().insert(problem);
    response.replace_body(Bytes::new());
}

/// Whether this response carries a problem that no context has rendered yet.
#[must_use]
pub fn is_unsettled(extensions: &Extensions) -> bool {
    let is_marked = extensions.get::<Unsettled>().is_some();
    #[cfg(feature = "tonic")]
    let is_marked = is_marked || returned::problem(extensions).is_some();
    is_marked
}

/// Gives a marked answer the format of its request, and the request's id. Leaves all others alone.
///
/// A status and headers that were set since it was made stay as they are: a status of a failure is the problem's from
/// then on, so that body, log and metrics say what is sent. One that HTTP knows without a body, such as 204 or 304, is
/// sent without one. A status of gRPC is sent with 200 in any case.
pub fn settle(response: &mut dyn ResponseHead, context: &RequestContext) {
    if !unmark(response) {
        return;
    }
    settle_with(response, |problem| context.encode(problem));
    headers::complete(response, context.challenge());
}

/// Takes the mark from an answer, and says whether it was there.
pub(crate) fn unmark(response: &mut dyn ResponseHead) -> bool {
    let extensions = response.extensions_mut();
    let was_marked = extensions.remove::<Unsettled>().is_some();
    #[cfg(feature = "tonic")]
    if !was_marked && returned::problem(extensions).is_some() {
        return returned::adopt(response);
    }
    was_marked
}

pub(crate) fn settle_with(
    response: &mut dyn ResponseHead,
    encode: impl FnOnce(&Problem) -> Response<Bytes>,
) {
    let Some(mut problem) = response.extensions().get::<Problem>().cloned() else { return };
    // One that was made for gRPC is a success by its status.
    let was_grpc = grpc::forget_status(response.headers_mut());
    let made_with = if was_grpc { StatusCode::OK } else { problem.status() };
    let was_set = response.status() != made_with;
    if was_set {
        // One that is no failure is not taken.
        problem = problem.with_status(response.status());
        response.extensions_mut().insert(problem.clone());
    }
    let (parts, body) = encode(&problem).into_parts();
    if !was_set || grpc::is_status(&parts.headers) {
        response.set_status(parts.status);
    }
    headers::replace(response.headers_mut(), parts.headers);
    if has_no_body(response.status()) {
        headers::forget_bytes(response.headers_mut());
        response.replace_body(Bytes::new());
    } else {
        response.replace_body(body);
    }
}

/// After one of these a client reads the next answer: bytes in between would be taken for its head.
fn has_no_body(status: StatusCode) -> bool {
    status.is_informational() || matches!(status.as_u16(), 204 | 205 | 304)
}

/// Puts the answer to `problem` in place of `response`, for the next context outside to settle.
pub(crate) fn overwrite(response: &mut dyn ResponseHead, problem: &Problem) {
    let (parts, body) = problem.render(None).into_parts();
    response.set_status(parts.status);
    *response.headers_mut() = parts.headers;
    *response.extensions_mut() = parts.extensions;
    response.replace_body(body);
}

/// The default answer, not to be settled: for where the right format has panicked.
pub(crate) fn plainly(problem: &Problem) -> Response<Bytes> {
    let mut answer = problem.render(None);
    answer.extensions_mut().remove::<Unsettled>();
    answer
}

/// The answer to `HEAD`: says how long the body would be, and leaves it out.
pub(crate) fn head_of(mut answer: Response<Bytes>) -> Response<Bytes> {
    let body = std::mem::take(answer.body_mut());
    if !body.is_empty() {
        answer.headers_mut().insert(CONTENT_LENGTH, number::header(body.len() as u64));
    }
    answer
}

/// What a problem says in the metadata of a status.
#[cfg(feature = "tonic")]
pub(crate) fn grpc_metadata(problem: &Problem) -> HeaderMap {
    let mut metadata = grpc::metadata(problem);
    headers::add(problem, &mut metadata);
    metadata
}

/// The problem of a refusal, or the one that tonic keeps as the source of a status.
pub(crate) fn found(extensions: &Extensions) -> Option<Problem> {
    let problem = extensions.get::<Problem>().cloned();
    #[cfg(feature = "tonic")]
    let problem = problem.or_else(|| {
        let status = extensions.get::<tonic::Status>()?;
        std::error::Error::source(status)?.downcast_ref::<Problem>().cloned()
    });
    problem
}

/// Marks an answer that waits for a context to give it the right format.
#[derive(Clone, Copy, Debug)]
struct Unsettled;
