use std::fmt;

use buttress_core::render::Format;
use buttress_core::stage::RequestHead;
use buttress_core::{BuildError, Faults};
use serde::{Deserialize, Serialize};

use crate::accept::preferred;
use crate::{HtmlPage, JsonApi, PlainText, ProblemJson, RichGrpcStatus};

/// Which format a client gets, by what it accepts. gRPC requests get gRPC, whatever they accept.
///
/// The first offer is the default: for clients that accept anything, say nothing, or want none of them, as an error in
/// another format is better than none.
///
/// ```
/// use buttress_core::{Context, Problem};
/// use buttress_error_envelope::Negotiation;
/// use http::{Request, header::ACCEPT};
///
/// let negotiation = Negotiation::default();
/// let context = Context::builder().answers(|answers| answers.format(negotiation.chooser())).build()?;
///
/// for (accepted, kind) in [
///     ("application/problem+json", "application/problem+json"),
///     ("text/html, */*;q=0.1", "text/html; charset=utf-8"),
///     ("image/png", "application/json"),
/// ] {
///     let asked = context.answers().asked(&Request::get("/").header(ACCEPT, accepted).body(())?);
///     let answer = context.answers().answer(&Problem::gone(), &asked);
///     assert_eq!(answer.headers()["content-type"], kind);
/// }
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
///
/// # Cost
///
/// No allocation. A client that accepts anything, or the default, costs a comparison; another one a
/// walk over its header.
#[derive(Clone)]
pub struct Negotiation {
    kinds: Vec<&'static str>,
    formats: Vec<Format>,
    grpc: Format,
}

impl Negotiation {
    /// Offers nothing but this: a media type in small letters, and the format behind it.
    #[must_use]
    pub fn only(kind: &'static str, format: Format) -> Self {
        Self { kinds: vec![kind], formats: vec![format], grpc: Format::new(RichGrpcStatus::new()) }
    }

    /// Offers this, too.
    #[must_use]
    pub fn or(mut self, kind: &'static str, format: Format) -> Self {
        self.kinds.push(kind);
        self.formats.push(format);
        self
    }

    /// Sets what gRPC clients get. The default is a [`RichGrpcStatus`].
    #[must_use]
    pub fn grpc(self, format: Format) -> Self {
        Self { grpc: format, ..self }
    }

    /// The format for this request.
    #[must_use]
    pub fn choose(&self, request: &dyn RequestHead) -> Format {
        if Format::of(request).is_grpc() {
            return self.grpc.clone();
        }
        let at = preferred(request.headers(), &self.kinds).unwrap_or(0);
        let format = self.formats.get(at).cloned().unwrap_or(Format::JSON);
        // Where there is no choice, caches need not know of it.
        if self.formats.len() > 1 { format.negotiated() } else { format }
    }

    /// [`choose`](Self::choose) as a closure, as
    /// [`AnswersBuilder::format`](buttress_core::render::AnswersBuilder::format) wants it.
    pub fn chooser(self) -> impl Fn(&dyn RequestHead) -> Format + Send + Sync + 'static {
        move |request| self.choose(request)
    }
}

impl Default for Negotiation {
    /// JSON, and the other formats of this crate for clients that ask for them.
    fn default() -> Self {
        NegotiationSettings::default().negotiation(ProblemJson::new())
    }
}

impl fmt::Debug for Negotiation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Negotiation").field("offers", &self.kinds).finish_non_exhaustive()
    }
}

/// The settings of a [`Negotiation`], as they stand in a file. What is left out has its default.
///
/// ```
/// use buttress_error_envelope::{FormatName, NegotiationSettings};
///
/// let settings: NegotiationSettings = serde_json::from_str(
///     r#"{ "default": "problem_json", "by_accept": ["html"], "documentation": "not an address" }"#,
/// )?;
/// assert_eq!(settings.default, FormatName::ProblemJson);
/// assert_eq!(settings.build().unwrap_err().faults()[0].path(), "documentation");
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct NegotiationSettings {
    /// What a client gets that does not ask for anything else.
    pub default: FormatName,
    /// What a client may ask for, in the order in which you like it.
    pub by_accept: Vec<FormatName>,
    /// The address of the page that documents the codes, for `type` in problem details.
    pub documentation: Option<String>,
    /// Whose codes these are, for the details of gRPC.
    pub grpc_domain: Option<String>,
}

/// A format that a file can name.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FormatName {
    /// The family's JSON envelope.
    Json,
    /// [`ProblemJson`]
    ProblemJson,
    /// [`JsonApi`]
    JsonApi,
    /// [`PlainText`]
    PlainText,
    /// [`HtmlPage`]
    Html,
}

impl NegotiationSettings {
    /// Checks the settings.
    ///
    /// # Errors
    ///
    /// Fails with every setting that is wrong.
    pub fn build(self) -> Result<Negotiation, BuildError> {
        let mut faults = Faults::new();
        let documented = self.documentation.as_deref().map(ProblemJson::documented_at);
        let problem_json = documented.and_then(|format| faults.within("", format));
        let built = self.negotiation(problem_json.unwrap_or_default());
        faults.finish(built)
    }

    fn negotiation(self, problem_json: ProblemJson) -> Negotiation {
        let problem_json = Format::new(problem_json);
        let offer = |name| match name {
            FormatName::Json => ("application/json", Format::JSON),
            FormatName::ProblemJson => ("application/problem+json", problem_json.clone()),
            FormatName::JsonApi => ("application/vnd.api+json", Format::new(JsonApi)),
            FormatName::PlainText => ("text/plain", Format::new(PlainText)),
            FormatName::Html => ("text/html", Format::new(HtmlPage)),
        };
        let (kind, format) = offer(self.default);
        let first = Negotiation::only(kind, format);
        let others = self.by_accept.into_iter().filter(|name| *name != self.default);
        let all = others.map(offer).fold(first, |all, (kind, format)| all.or(kind, format));
        let domain = self.grpc_domain.map(|domain| RichGrpcStatus::new().domain(domain));
        match domain {
            Some(grpc) => all.grpc(Format::new(grpc)),
            None => all,
        }
    }
}

impl Default for NegotiationSettings {
    fn default() -> Self {
        use FormatName::{Html, Json, JsonApi, PlainText, ProblemJson};
        let by_accept = vec![ProblemJson, JsonApi, PlainText, Html];
        Self { default: Json, by_accept, documentation: None, grpc_domain: None }
    }
}
