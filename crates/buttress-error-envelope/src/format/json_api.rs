use buttress_core::render::{Occasion, Render, json};
use buttress_core::{Detail, Place, Problem};
use bytes::Bytes;
use http::Response;
use serde::{Serialize, Serializer};

/// Errors as JSON:API has them: `application/vnd.api+json`.
///
/// One error for each detail, or one in all. `source` says where in the request it is: `pointer` for the body,
/// `parameter` for query and path, `header`. The id of the request stands in `meta`, as it is the same for all.
///
/// ```
/// use buttress_core::clock::Timestamp;
/// use buttress_core::render::{Occasion, Render};
/// use buttress_core::{Detail, Problem};
/// use buttress_error_envelope::JsonApi;
///
/// let problem = Problem::validation([Detail::query("page", "not_a_number", "must be a number")]);
/// let answer = JsonApi.render(&problem, &Occasion::at(Timestamp::EPOCH).correlation_id("r-1"));
///
/// assert_eq!(answer.headers()["content-type"], "application/vnd.api+json");
/// let body: serde_json::Value = serde_json::from_slice(answer.body())?;
/// assert_eq!(body["errors"][0]["status"], "422");
/// assert_eq!(body["errors"][0]["source"]["parameter"], "page");
/// # Ok::<_, serde_json::Error>(())
/// ```
///
/// # Cost
///
/// One allocation for a body of less than 512 bytes, two for the table of the headers.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "a value that is written as its name")]
pub struct JsonApi;

impl Render for JsonApi {
    fn render(&self, problem: &Problem, occasion: &Occasion<'_>) -> Response<Bytes> {
        let meta = Meta {
            correlation_id: occasion.id(),
            timestamp: occasion.time(),
            sources: occasion.shown_sources(),
        };
        let body = json(&Document { errors: Errors { problem, occasion }, meta });
        super::answer(problem, "application/vnd.api+json", body)
    }
}

#[derive(Serialize)]
struct Document<'a> {
    errors: Errors<'a>,
    meta: Meta<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Meta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    correlation_id: Option<&'a str>,
    timestamp: buttress_core::clock::Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    sources: Option<&'a str>,
}

struct Errors<'a> {
    problem: &'a Problem,
    occasion: &'a Occasion<'a>,
}

impl Serialize for Errors<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let problem = self.problem;
        let (code, title, status) =
            (problem.code().name(), self.occasion.message(problem), problem.status());
        let all =
            Item { status: status.as_str(), code, title, detail: None, source: None, meta: None };
        match self.occasion.details(problem) {
            [] => serializer.collect_seq([all]),
            details => serializer.collect_seq(details.iter().map(|detail| all.about(detail))),
        }
    }
}

#[derive(Clone, Copy, Serialize)]
struct Item<'a> {
    /// Text, as JSON:API has it.
    status: &'a str,
    code: &'static str,
    title: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<Source<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    meta: Option<Reason<'a>>,
}

/// What JSON:API has no word for.
#[derive(Clone, Copy, Serialize)]
struct Reason<'a> {
    reason: &'a str,
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
enum Source<'a> {
    Pointer(&'a str),
    Parameter(&'a str),
    Header(&'a str),
}

impl<'a> Item<'a> {
    /// The same of one detail.
    fn about(self, detail: &'a Detail) -> Self {
        Self {
            detail: Some(detail.message()),
            source: Some(Source::of(detail)),
            meta: Some(Reason { reason: detail.code() }),
            ..self
        }
    }
}

impl<'a> Source<'a> {
    fn of(detail: &'a Detail) -> Self {
        match detail.place() {
            Place::Body => Self::Pointer(detail.pointer()),
            Place::Header => Self::Header(detail.pointer()),
            _ => Self::Parameter(detail.pointer()),
        }
    }
}
