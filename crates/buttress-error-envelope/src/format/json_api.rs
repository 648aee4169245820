use buttress_core::render::{Occasion, Render, json};
use buttress_core::{Detail, Place, Problem};
use bytes::Bytes;
use http::Response;
use serde::{Serialize, Serializer};

/// Errors as JSON:API has them: `application/vnd.api+json`.
///
/// One error for each detail, or one in all. `title` is what the code says by itself, `detail` what is said of this
/// case. `source` says where in the request it is: `pointer` for the body, to what is around a field that is missing;
/// `parameter` for the query; `header`. A part of the path is named in `meta` of its error (`in`, `name`).
///
/// The id of the request stands in `meta` of the document, as it is the same for all. So does the `message`, if it says
/// more than the code, and the errors are the details.
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
        let said = occasion.message(problem);
        let says_more = said != problem.code().default_message();
        let has_details = !occasion.details(problem).is_empty();
        let meta = Meta {
            message: (says_more && has_details).then_some(said),
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
    message: Option<&'a str>,
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
        let (code, said) = (problem.code(), self.occasion.message(problem));
        let (status, title) = (problem.status(), code.default_message());
        let all = Item {
            status: status.as_str(),
            code: code.name(),
            title,
            detail: (said != title).then_some(said),
            source: None,
            meta: None,
        };
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
    meta: Option<More<'a>>,
}

/// What JSON:API has no word for.
#[derive(Clone, Copy, Serialize)]
struct More<'a> {
    reason: &'a str,
    #[serde(rename = "in", skip_serializing_if = "Option::is_none")]
    place: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
}

impl<'a> More<'a> {
    /// A part of the path is no parameter of JSON:API, which means the query.
    fn of(detail: &'a Detail) -> Self {
        let in_path = detail.place() == Place::Path;
        Self {
            reason: detail.code(),
            place: in_path.then_some(Place::Path.as_str()),
            name: in_path.then_some(detail.pointer()),
        }
    }
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
            source: Source::of(detail),
            meta: Some(More::of(detail)),
            ..self
        }
    }
}

impl<'a> Source<'a> {
    /// Nothing, if JSON:API has no word for it.
    fn of(detail: &'a Detail) -> Option<Self> {
        match detail.place() {
            Place::Body => Some(Self::Pointer(to_what_is_there(detail))),
            Place::Query => Some(Self::Parameter(detail.pointer())),
            Place::Header => Some(Self::Header(detail.pointer())),
            _ => None,
        }
    }
}

/// A pointer must lead to what is in the document: of a field that is missing, to what should have it.
fn to_what_is_there(detail: &Detail) -> &str {
    let pointer = detail.pointer();
    match pointer.rsplit_once('/') {
        Some((around, _)) if detail.code() == "missing_field" => around,
        _ => pointer,
    }
}
