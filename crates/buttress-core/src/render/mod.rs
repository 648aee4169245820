//! How a [`Problem`] looks on the wire.
//!
//! A problem is encoded once, in the format that its client wants. Whoever refuses asks the
//! [`RequestContext`] to do it. Where there is none, as in a handler that returns a problem, the JSON
//! envelope is rendered and the response is *marked*: the next [`RequestContext`] outside of it
//! [settles](settle) the answer, so that format and correlation id are right there too.
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

mod format;
mod grpc;
mod json;

use std::fmt;

use bytes::Bytes;
use http::header::{
    ACCEPT_RANGES, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG,
    LAST_MODIFIED, RETRY_AFTER, TRAILER, TRANSFER_ENCODING,
};
use http::{Extensions, HeaderMap, HeaderName, Response};

use crate::clock::{Clock, SystemClock, Timestamp};
use crate::stage::ResponseHead;
use crate::{Problem, RequestContext, number};

pub use self::format::Format;
pub use self::grpc::GrpcStatus;
#[cfg(feature = "tonic")]
pub(crate) use self::grpc::metadata as grpc_metadata;
pub use self::json::JsonEnvelope;

/// A way to write a [`Problem`] down.
///
/// An implementation decides on status, the headers of its format and the body. `Retry-After` and the
/// problem's own headers are added to what it gives.
pub trait Render: fmt::Debug + Send + Sync + 'static {
    /// The answer to this problem on this occasion.
    fn render(&self, problem: &Problem, occasion: &Occasion<'_>) -> Response<Bytes>;
}

/// What an answer says beside the problem: when it was, and by which id to find it in the logs.
#[derive(Clone, Copy, Debug)]
pub struct Occasion<'a> {
    time: Timestamp,
    correlation_id: Option<&'a str>,
}

impl<'a> Occasion<'a> {
    /// A refusal at this time.
    #[must_use]
    pub fn at(time: Timestamp) -> Self {
        Self { time, correlation_id: None }
    }

    /// Names the request.
    #[must_use]
    pub fn correlation_id(self, id: &'a str) -> Self {
        Self { correlation_id: Some(id), ..self }
    }

    /// When it was.
    #[must_use]
    pub fn time(&self) -> Timestamp {
        self.time
    }

    /// The id of the request, which the log has too.
    #[must_use]
    pub fn id(&self) -> Option<&'a str> {
        self.correlation_id
    }
}

impl Problem {
    /// The whole answer: in the format of the request's context, or the marked default without one.
    ///
    /// The problem stays in the extensions of the response.
    #[must_use]
    pub fn render(&self, context: Option<&RequestContext>) -> Response<Bytes> {
        let mut answer = match context {
            Some(context) => context.encode(self),
            None => JsonEnvelope.render(self, &Occasion::at(SystemClock.wall())),
        };
        let headers = answer.headers_mut();
        for (name, value) in self.headers() {
            headers.append(name, value.clone());
        }
        if let Some(wait) = self.retry_after() {
            // Rounded up: a client that waits this long is not too early.
            let seconds = wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0));
            headers.insert(RETRY_AFTER, number::header(seconds));
        }
        let extensions = answer.extensions_mut();
        extensions.insert(self.clone());
        if context.is_none() {
            extensions.insert(Unsettled);
        }
        answer
    }
}

/// Whether this response carries a problem that no context has rendered yet.
#[must_use]
pub fn is_unsettled(extensions: &Extensions) -> bool {
    extensions.get::<Unsettled>().is_some()
}

/// Gives a marked answer the format of its request, and the request's id. Leaves all others alone.
///
/// A status and headers that were set since it was made stay as they are.
pub fn settle(response: &mut dyn ResponseHead, context: &RequestContext) {
    if response.extensions_mut().remove::<Unsettled>().is_none() {
        return;
    }
    let Some(problem) = response.extensions().get::<Problem>().cloned() else { return };
    let (parts, body) = context.encode(&problem).into_parts();
    if response.status() == problem.status() {
        response.set_status(parts.status);
    }
    replace(response.headers_mut(), parts.headers);
    response.replace_body(body);
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

/// What a response says of its body, and no longer holds of another one.
const OF_THE_BODY: [HeaderName; 12] = [
    ACCEPT_RANGES,
    CONTENT_ENCODING,
    CONTENT_LENGTH,
    CONTENT_RANGE,
    CONTENT_TYPE,
    ETAG,
    LAST_MODIFIED,
    TRAILER,
    TRANSFER_ENCODING,
    HeaderName::from_static("content-digest"),
    HeaderName::from_static("digest"),
    HeaderName::from_static("repr-digest"),
];

fn replace(headers: &mut HeaderMap, with: HeaderMap) {
    for name in &OF_THE_BODY {
        headers.remove(name);
    }
    headers.extend(with);
}

/// Marks an answer that waits for a context to give it the right format.
#[derive(Clone, Copy, Debug)]
struct Unsettled;
