//! What went wrong, told once.

#[cfg(feature = "axum")]
mod axum;
mod code;
mod codes;
mod detail;
mod extra;
mod grpc;
mod into_problem;
mod kinds;
#[cfg(feature = "tonic")]
pub(crate) mod tonic;
mod typed;

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue, StatusCode};

pub use self::code::{Anchor, Class, Code};
pub use self::detail::{Detail, Place};
use self::extra::Extra;
pub use self::grpc::GrpcCode;
pub use self::into_problem::IntoProblem;
pub use self::kinds::DependencyFailed;
pub use self::typed::ProblemType;

/// What went wrong, said once, where it was noticed.
///
/// It says what a client may know: a stable [`Code`], a message, the fields that are wrong, when to come
/// back. It also carries, for the log alone, the error behind it. How it looks on the wire is not its
/// business: that is decided once, by the [`RequestContext`](crate::RequestContext), in the format that
/// the client wants.
///
/// ```
/// use std::time::Duration;
/// use buttress_core::{Code, Problem};
///
/// let problem = Problem::new(Code::UNAVAILABLE)
///     .with_message("The shop opens at nine.")
///     .with_retry_after(Duration::from_secs(3_600))
///     .with_source(std::io::Error::other("db7.internal refused the connection"));
///
/// assert_eq!(problem.status(), 503);
/// assert_eq!(problem.to_string(), "UNAVAILABLE: The shop opens at nine.");
/// assert!(std::error::Error::source(&problem).is_some());
/// ```
///
/// # Cost
///
/// One pointer wide, one allocation; a clone shares it. It is found in the extensions of every response
/// that refuses, for outer layers to count and to log.
#[derive(Clone)]
#[must_use = "a problem has no effect until it is returned"]
pub struct Problem(Arc<Told>);

#[derive(Clone)]
struct Told {
    code: Code,
    status: StatusCode,
    message: Cow<'static, str>,
    details: Vec<Detail>,
    retry_after: Option<Duration>,
    headers: Extra,
    specified: Option<ProblemType>,
    source: Option<Arc<dyn Error + Send + Sync>>,
    quotes: bool,
}

impl Problem {
    /// A problem of this kind, with the status and the message that belong to it.
    #[cold]
    pub fn new(code: Code) -> Self {
        Self(Arc::new(Told {
            code,
            status: code.status(),
            message: Cow::Borrowed(code.default_message()),
            details: Vec::new(),
            retry_after: None,
            headers: Extra::default(),
            specified: None,
            source: None,
            quotes: false,
        }))
    }

    /// Says it in better words. They are sent to the client.
    pub fn with_message(self, message: impl Into<Cow<'static, str>>) -> Self {
        self.told(|told| told.message = message.into())
    }

    /// Answers with another status than the code's.
    ///
    /// One that is no error is not taken: a refusal must not look like a success.
    pub fn with_status(self, status: StatusCode) -> Self {
        let is_error = status.is_client_error() || status.is_server_error();
        self.told(|told| told.status = if is_error { status } else { told.status })
    }

    /// Adds something that is wrong with the request.
    pub fn with_detail(self, detail: Detail) -> Self {
        self.told(|told| told.details.push(detail))
    }

    /// Adds all of this.
    pub fn with_details(self, details: impl IntoIterator<Item = Detail>) -> Self {
        self.told(|told| told.details.extend(details))
    }

    /// Says when to come back. Sent in whole seconds, rounded up: never too early.
    pub fn with_retry_after(self, wait: Duration) -> Self {
        self.told(|told| told.retry_after = Some(wait))
    }

    /// Adds a header to the answer, as in `WWW-Authenticate` beside a 401, or the `ETag` of what there is beside a 412.
    /// It is sent whichever way the problem takes.
    ///
    /// The format decides how the body is framed and described, so such a header is not taken.
    pub fn with_header(self, name: HeaderName, value: HeaderValue) -> Self {
        self.told(|told| told.headers.add(name, value))
    }

    /// Says what a specification calls it, for formats that can tell.
    pub fn with_type(self, specified: &ProblemType) -> Self {
        self.told(|told| told.specified = Some(specified.clone()))
    }

    /// Keeps the error behind it, for the log. It is never sent.
    pub fn with_source(self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.told(|told| told.source = Some(Arc::from(source.into())))
    }

    /// Says that its message and its details quote others, such as a parser: rendering redacts them, by the rules of
    /// the [`Answers`](crate::render::Answers) there.
    ///
    /// ```
    /// use buttress_core::render::Answers;
    /// use buttress_core::{Problem, Redact};
    /// use http::Request;
    ///
    /// let answers = Answers::builder().redact(Redact::builder().field("taxId").build()?).build()?;
    /// let asked = answers.asked(&Request::get("/").body(())?);
    ///
    /// let problem = Problem::bad_request().with_message("no account for taxId=123-45").with_words_of_others();
    /// let answer = answers.answer(&problem, &asked);
    /// assert!(str::from_utf8(answer.body())?.contains("no account for taxId=***"));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn with_words_of_others(self) -> Self {
        self.told(|told| told.quotes = true)
    }

    fn told(mut self, change: impl FnOnce(&mut Told)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }
}

impl Problem {
    /// What kind of problem it is.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The status that answers it.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// Whose fault it is, by its status.
    #[must_use]
    pub fn class(&self) -> Class {
        Class::of(self.0.status)
    }

    /// What a client is told.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What is wrong with the request, piece by piece.
    #[must_use]
    pub fn details(&self) -> &[Detail] {
        &self.0.details
    }

    /// When to come back.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Whether its words quote somebody else.
    pub(crate) fn quotes(&self) -> bool {
        self.0.quotes
    }

    /// What a specification calls it, if one does.
    #[must_use]
    pub fn specified(&self) -> Option<&ProblemType> {
        self.0.specified.as_ref()
    }

    /// The headers that its answer has beside those of the format.
    pub fn headers(&self) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
        self.0.headers.iter()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code, self.0.message)
    }
}

impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Problem")
            .field("code", &self.0.code)
            .field("status", &self.0.status)
            .field("message", &self.0.message)
            .field("details", &self.0.details)
            .field("retry_after", &self.0.retry_after)
            .field("source", &self.0.source)
            .finish_non_exhaustive()
    }
}

impl Error for Problem {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}
