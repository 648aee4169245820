use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response};
use serde::{Serialize, Serializer};

use super::{Occasion, Render};
use crate::clock::Timestamp;
use crate::{Detail, Problem};

/// The family's own envelope: `{"error":{"code","message","details","correlationId","timestamp"}}`.
///
/// `details` is left out when there are none, `correlationId` when the request has no id. See the
/// [module](super) for an example.
///
/// # Cost
///
/// One allocation for the body, two for the table of the headers.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "a value that is written as its name")]
pub struct JsonEnvelope;

impl Render for JsonEnvelope {
    fn render(&self, problem: &Problem, occasion: &Occasion<'_>) -> Response<Bytes> {
        let mut answer = Response::new(body(problem, occasion));
        *answer.status_mut() = problem.status();
        answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        answer
    }
}

fn body(problem: &Problem, occasion: &Occasion<'_>) -> Bytes {
    let envelope = Envelope {
        error: Body {
            code: problem.code().name(),
            message: problem.message(),
            details: problem.details(),
            correlation_id: occasion.id(),
            timestamp: occasion.time(),
        },
    };
    encoded(&envelope)
}

/// Most answers fit on the stack, from where they are copied once, into just the room they need.
const STACK: usize = 512;

fn encoded(envelope: &Envelope<'_>) -> Bytes {
    let mut stack = [0; STACK];
    let mut rest = &mut stack[..];
    if serde_json::to_writer(&mut rest, envelope).is_ok() {
        let used = STACK - rest.len();
        return Bytes::copy_from_slice(&stack[..used]);
    }
    // Strings and lists into memory: there is nothing here that could fail.
    serde_json::to_vec(envelope).map_or_else(|_| Bytes::new(), Bytes::from)
}

#[derive(Serialize)]
struct Envelope<'a> {
    error: Body<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    code: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "<[Detail]>::is_empty")]
    details: &'a [Detail],
    #[serde(skip_serializing_if = "Option::is_none")]
    correlation_id: Option<&'a str>,
    timestamp: Timestamp,
}

impl Serialize for Timestamp {
    /// As RFC 3339.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.text().as_str())
    }
}
