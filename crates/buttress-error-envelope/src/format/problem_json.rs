use std::fmt;
use std::sync::Arc;

use buttress_core::render::{Occasion, Render, json};
use buttress_core::{BuildError, Code, Detail, Faults, Place, Problem, ProblemType};
use bytes::Bytes;
use http::{Response, Uri};
use serde::{Serialize, Serializer};

use super::fragment::Fragment;

/// Problem details of RFC 9457: `application/problem+json`.
///
/// Beside `type`, `title`, `status` and `detail` it has `code`, `correlationId`, `timestamp` and `errors`. What
/// an error is about stands in `pointer`, as the fragment of a URI, for the body; else in `name`, with `in`. Where it
/// was noticed is in `line` and `column`, if that is known.
///
/// ```
/// use buttress_core::clock::Timestamp;
/// use buttress_core::render::{Occasion, Render};
/// use buttress_core::{Detail, Problem};
/// use buttress_error_envelope::ProblemJson;
///
/// let format = ProblemJson::documented_at("https://docs.example.org/errors")?;
/// let problem = Problem::validation([Detail::body("/a b", "too_small", "must be at least 1")]);
/// let answer = format.render(&problem, &Occasion::at(Timestamp::EPOCH).correlation_id("r-1"));
///
/// assert_eq!(answer.headers()["content-type"], "application/problem+json");
/// let body: serde_json::Value = serde_json::from_slice(answer.body())?;
/// assert_eq!(body["type"], "https://docs.example.org/errors#validation-failed");
/// assert_eq!(body["errors"][0]["pointer"], "#/a%20b");
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
///
/// Of a problem whose [type](ProblemType) a specification names, `type` and `title` are those, and its members stand
/// beside the others:
///
/// ```
/// # use buttress_core::clock::Timestamp;
/// # use buttress_core::render::{Occasion, Render};
/// # use buttress_core::{Code, Problem, ProblemType};
/// # use buttress_error_envelope::ProblemJson;
/// let specified = ProblemType::new("https://example.org/out-of-credit", "You are out of credit.")
///     .member("accounts", ["12345", "67890"]);
/// let problem = Problem::new(Code::FORBIDDEN).with_type(&specified);
/// let answer = ProblemJson::new().render(&problem, &Occasion::at(Timestamp::EPOCH));
///
/// let body: serde_json::Value = serde_json::from_slice(answer.body())?;
/// assert_eq!(body["type"], "https://example.org/out-of-credit");
/// assert_eq!(body["title"], "You are out of credit.");
/// assert_eq!(body["accounts"][1], "67890");
/// # Ok::<_, serde_json::Error>(())
/// ```
///
/// # Cost
///
/// One allocation for a body of less than 512 bytes, two for the table of the headers.
#[derive(Clone, Debug, Default)]
pub struct ProblemJson {
    base: Option<Arc<str>>,
}

impl ProblemJson {
    /// Without a documentation: the type is `about:blank`, which is left out, and the title that of the status.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With the address of a page whose anchors are those of the [codes](Code::anchor), as
    /// [`Catalogue::markdown`](crate::Catalogue::markdown) prints it.
    ///
    /// # Errors
    ///
    /// Fails if this is no URI that a browser could follow.
    pub fn documented_at(base: &str) -> Result<Self, BuildError> {
        let mut faults = Faults::new();
        let page = base.strip_suffix('#').unwrap_or(base);
        let is_uri = page.parse::<Uri>().is_ok_and(|uri| uri.path().starts_with('/'));
        if !is_uri || page.contains('#') {
            faults.add("documentation", format_args!("`{base}` is not the address of a page"));
        }
        faults.finish(Self { base: Some(page.into()) })
    }
}

impl Render for ProblemJson {
    fn render(&self, problem: &Problem, occasion: &Occasion<'_>) -> Response<Bytes> {
        let code = problem.code();
        let specified = problem.specified();
        let kind = match (specified, self.base.as_deref()) {
            (Some(specified), _) => Some(Kind::Specified(specified.uri())),
            (None, base) => base.map(|base| Kind::Documented { base, code }),
        };
        let phrase = super::phrase(problem.status());
        let documented = if kind.is_some() { code.default_message() } else { phrase };
        let body = json(&Body {
            title: specified.map_or(documented, ProblemType::title),
            kind,
            status: problem.status().as_u16(),
            detail: occasion.message(problem),
            code: code.name(),
            errors: Errors(occasion.details(problem)),
            correlation_id: occasion.id(),
            timestamp: occasion.time(),
            sources: occasion.shown_sources(),
            members: Members(specified.filter(|_| !occasion.is_brief())),
        });
        super::answer(problem, "application/problem+json", body)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<Kind<'a>>,
    title: &'a str,
    status: u16,
    detail: &'a str,
    code: &'static str,
    #[serde(skip_serializing_if = "Errors::is_empty")]
    errors: Errors<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    correlation_id: Option<&'a str>,
    timestamp: buttress_core::clock::Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    sources: Option<&'a str>,
    #[serde(flatten)]
    members: Members<'a>,
}

/// What a specification calls the problem, or else the place of its code in the documentation.
enum Kind<'a> {
    Specified(&'static str),
    Documented { base: &'a str, code: Code },
}

impl fmt::Display for Kind<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Specified(uri) => f.write_str(uri),
            Self::Documented { base, code } => write!(f, "{base}#{}", code.anchor()),
        }
    }
}

/// The members of a specification, beside the others.
struct Members<'a>(Option<&'a ProblemType>);

impl Serialize for Members<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let members = self.0.iter().flat_map(|specified| specified.members());
        serializer.collect_map(members.map(|(name, texts)| (name, Texts(texts))))
    }
}

struct Texts<'a>(&'a [Arc<str>]);

impl Serialize for Texts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(AsRef::<str>::as_ref))
    }
}

impl Serialize for Kind<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

struct Errors<'a>(&'a [Detail]);

impl Errors<'_> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Errors<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(ErrorItem::of))
    }
}

#[derive(Serialize)]
struct ErrorItem<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<Fragment<'a>>,
    #[serde(rename = "in", skip_serializing_if = "Option::is_none")]
    place: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    code: &'a str,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<u32>,
}

impl<'a> ErrorItem<'a> {
    fn of(detail: &'a Detail) -> Self {
        let in_body = detail.place() == Place::Body;
        let (line, column) = detail.position().unzip();
        Self {
            pointer: in_body.then(|| Fragment(detail.pointer())),
            place: (!in_body).then(|| detail.place().as_str()),
            name: (!in_body).then(|| detail.pointer()),
            code: detail.code(),
            detail: detail.message(),
            line,
            column,
        }
    }
}
