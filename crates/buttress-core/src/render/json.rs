use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response};
use serde::{Serialize, Serializer};

use super::sheet::Sheet;
use super::{Occasion, Render};
use crate::Problem;
use crate::clock::Timestamp;

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
    let mut sheet = Sheet::new();
    sheet.raw(r#"{"error":{"code":""#);
    // In capitals, digits and underscores.
    sheet.raw(problem.code().name());
    sheet.raw(r#"","message":"#);
    sheet.text(occasion.message(problem));
    let details = occasion.details(problem);
    if !details.is_empty() {
        sheet.raw(r#","details":"#);
        sheet.value(details);
    }
    if let Some(id) = occasion.id() {
        sheet.raw(r#","correlationId":"#);
        sheet.text(id);
    }
    sheet.raw(r#","timestamp":""#);
    sheet.raw(occasion.time().text().as_str());
    sheet.raw("\"");
    if let Some(sources) = occasion.shown_sources() {
        sheet.raw(r#","sources":"#);
        sheet.text(sources);
    }
    sheet.raw("}}");
    sheet.into_bytes()
}

/// A body of JSON, for a [`Render`] of your own: one allocation, if it is shorter than 512 bytes.
///
/// A value that cannot be written as JSON, such as a map whose keys are no strings, gives an empty body.
///
/// ```
/// use buttress_core::render::json;
///
/// assert_eq!(json(&serde_json::json!({ "ok": false })), r#"{"ok":false}"#);
/// ```
pub fn json(value: &impl Serialize) -> Bytes {
    let mut sheet = Sheet::new();
    if sheet.value(value) { sheet.into_bytes() } else { Bytes::new() }
}

impl Serialize for Timestamp {
    /// As RFC 3339.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.text().as_str())
    }
}
