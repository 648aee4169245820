//! The ways to write a problem down, beside core's JSON envelope.

mod fragment;
mod grpc;
mod html;
mod json_api;
mod plain;
mod problem_json;

pub use self::grpc::RichGrpcStatus;
pub use self::html::HtmlPage;
pub use self::json_api::JsonApi;
pub use self::plain::PlainText;
pub use self::problem_json::ProblemJson;

use buttress_core::Problem;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName};
use http::{HeaderValue, Response, StatusCode};

const NO_SNIFFING: HeaderName = HeaderName::from_static("x-content-type-options");

/// The answer with this body, the status of the problem, and this kind of content.
fn answer(problem: &Problem, kind: &'static str, body: Bytes) -> Response<Bytes> {
    let mut answer = Response::new(body);
    *answer.status_mut() = problem.status();
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    answer
}

/// What a status is called (RFC 9110, section 15): two have another name than the library knows.
fn phrase(status: StatusCode) -> &'static str {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => "Content Too Large",
        StatusCode::UNPROCESSABLE_ENTITY => "Unprocessable Content",
        other => other.canonical_reason().unwrap_or("Error"),
    }
}

/// For kinds that a browser might take for another one.
fn unsniffed(mut answer: Response<Bytes>) -> Response<Bytes> {
    answer.headers_mut().insert(NO_SNIFFING, HeaderValue::from_static("nosniff"));
    answer
}
