use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response};
use serde::{Serialize, Serializer};

use super::{Occasion, Render};
use crate::clock::Timestamp;
use crate::{Detail, Problem};

/// The family's own envelope: `{"error":{"code","message","details","correlationId","timestamp"}}`.
///
/// `details` is left out when there are none, `correlationId` when the request has no id. `sources` is
/// there only if the settings say, at your own risk, that clients see them. See the [module](super) for an
/// example.
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
            message: occasion.message(problem),
            details: occasion.details(problem),
            correlation_id: occasion.id(),
            timestamp: occasion.time(),
            sources: occasion.shown_sources(),
        },
    };
    json(&envelope)
}

/// Most answers fit on the stack, from where they are copied once, into just the room they need.
const STACK: usize = 512;

/// A body of JSON, for a [`Render`] of your own: one allocation, if it is shorter than 512 bytes.
///
/// What cannot be written as JSON, such as a map whose keys are no strings, gives an empty body.
///
/// ```
/// use buttress_core::render::json;
///
/// assert_eq!(json(&serde_json::json!({ "ok": false })), r#"{"ok":false}"#);
/// ```
pub fn json(value: &impl Serialize) -> Bytes {
    let mut stack = [0; STACK];
    let mut rest = &mut stack[..];
    if serde_json::to_writer(&mut rest, value).is_ok() {
        let used = STACK - rest.len();
        return Bytes::copy_from_slice(&stack[..used]);
    }
    serde_json::to_vec(value).map_or_else(|_| Bytes::new(), Bytes::from)
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
    #[serde(skip_serializing_if = "Option::is_none")]
    sources: Option<&'a str>,
}

impl Serialize for Timestamp {
    /// As RFC 3339.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.text().as_str())
    }
}
