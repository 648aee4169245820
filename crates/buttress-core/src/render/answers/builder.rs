use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::floods::Floods;
use super::words::Words;
use super::{Answers, AnswersSettings, BriefSettings, Choose, Rules};
use crate::clock::{Clock, SharedClock};
use crate::flood::Clients;
use crate::metrics::{Counter, Description, Family, Metric, Metrics};
use crate::render::Format;
use crate::stage::RequestHead;
use crate::{BuildError, Detail, Problem, Redact};

/// Problems on their way out.
const ERRORS: Metric<Counter, 3> =
    Metric::counter("buttress_errors_total", "Problems that clients were told of")
        .labels(&["code", "class", "route"])
        .max_series(512);

/// Answers to clients that are refused again and again.
const BRIEF: Metric<Counter> =
    Metric::counter("buttress_brief_answers_total", "Refusals that were answered briefly");

/// Every metric of [`Answers`].
pub const CATALOGUE: &[Description] = &[*ERRORS.description(), *BRIEF.description()];

/// Collects the settings of [`Answers`].
#[must_use = "nothing happens until `build` is called"]
pub struct AnswersBuilder {
    settings: AnswersSettings,
    clock: SharedClock,
    redact: Redact,
    choose: Option<Choose>,
    words: Words,
    metrics: Metrics,
}

impl AnswersBuilder {
    /// Sets how to find the format that a client wants its errors in. The default is [`Format::of`].
    pub fn format(
        mut self,
        choose: impl Fn(&dyn RequestHead) -> Format + Send + Sync + 'static,
    ) -> Self {
        self.choose = Some(Box::new(choose));
        self
    }

    /// Sets who says a problem in the language of the client: it gets the problem and what the client sent
    /// as `Accept-Language`, several lines as one list, empty if that was nothing or longer than 512 bytes; and may
    /// leave the words as they are. All answers then say `Vary: Accept-Language`, for caches to heed.
    pub fn localise(
        mut self,
        say: impl Fn(&Problem, &str) -> Option<Cow<'static, str>> + Send + Sync + 'static,
    ) -> Self {
        self.words.problem = Some(Box::new(say));
        self
    }

    /// Sets who says the details of a problem in the language of the client, each of them by itself: it gets
    /// the detail, whose code says what is meant, and what [`localise`](Self::localise) gets. Details that it
    /// leaves as they are keep their message.
    ///
    /// ```
    /// use buttress_core::render::Answers;
    /// use buttress_core::{Detail, Problem};
    /// use http::{Request, header::ACCEPT_LANGUAGE};
    ///
    /// let answers = Answers::builder()
    ///     .localise_details(|detail, languages| match detail.code() {
    ///         "too_small" if languages.starts_with("de") => Some("zu klein".into()),
    ///         _ => None,
    ///     })
    ///     .build()?;
    ///
    /// let request = Request::get("/").header(ACCEPT_LANGUAGE, "de").body(())?;
    /// let problem = Problem::validation([Detail::body("/amount", "too_small", "must be at least 1")]);
    /// let answer = answers.answer(&problem, &answers.asked(&request));
    /// assert!(str::from_utf8(answer.body())?.contains("zu klein"));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn localise_details(
        mut self,
        say: impl Fn(&Detail, &str) -> Option<Cow<'static, str>> + Send + Sync + 'static,
    ) -> Self {
        self.words.detail = Some(Box::new(say));
        self
    }

    /// Answers a client briefly, without details, once so many of its requests were refused in a window:
    /// clients are told apart by their grouped addresses. The default is never.
    pub fn brief_after(mut self, refusals: u32, window: Duration) -> Self {
        let window_s = u32::try_from(window.as_secs()).unwrap_or(u32::MAX);
        self.settings.brief = Some(BriefSettings { after: refusals, window_s });
        self
    }

    /// Sets how many lines of each code and level go to the log in a second. The default is ten.
    pub fn log_lines_per_second(mut self, lines: u32) -> Self {
        self.settings.log_lines_per_second = lines;
        self
    }

    /// Shows clients the errors behind a problem, redacted: for a machine under a desk. The default is no.
    pub fn dangerous_show_sources(mut self, show: bool) -> Self {
        self.settings.dangerous_show_sources = show;
        self
    }

    /// Sets what a 401 says in `WWW-Authenticate` where nobody else does, as HTTP asks of each: `Bearer`, or
    /// `Basic realm="shop"`. The default is nothing, as a scheme that is made up would mislead.
    ///
    /// ```
    /// use buttress_core::Problem;
    /// use buttress_core::render::Answers;
    /// use http::Request;
    ///
    /// let answers = Answers::builder().challenge("Bearer").build()?;
    /// let asked = answers.asked(&Request::get("/").body(())?);
    /// let answer = answers.answer(&Problem::unauthenticated(), &asked);
    /// assert_eq!(answer.headers()["www-authenticate"], "Bearer");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn challenge(mut self, challenge: impl Into<String>) -> Self {
        self.settings.challenge = Some(challenge.into());
        self
    }

    /// Sets what must not be told. The default is [`Redact`]'s own.
    pub fn redact(mut self, redact: Redact) -> Self {
        self.redact = redact;
        self
    }

    pub(crate) fn redact_also(self, names: Redact) -> Self {
        Self { redact: self.redact.and(names), ..self }
    }

    /// Counts problems, by code, class and route. The default is not to.
    pub fn metrics(mut self, metrics: &Metrics) -> Self {
        self.metrics = metrics.clone();
        self
    }

    /// Sets the clock. The default is the system's. Within a context it is the context's.
    pub fn clock(self, clock: impl Clock) -> Self {
        self.shared_clock(SharedClock::of(clock))
    }

    pub(crate) fn shared_clock(self, clock: SharedClock) -> Self {
        Self { clock, ..self }
    }

    /// Checks the settings, once, so that no request has to.
    ///
    /// # Errors
    ///
    /// Fails with every setting that is wrong.
    pub fn build(self) -> Result<Answers, BuildError> {
        self.settings.check().map(|()| self.built())
    }

    /// The defaults, in which nothing can be wrong.
    pub(crate) fn build_default() -> Answers {
        Self::from(AnswersSettings::default()).built()
    }

    fn built(self) -> Answers {
        let settings = self.settings;
        let errors: Family<Counter, 3> = self.metrics.family(&ERRORS);
        let shows_sources = settings.dangerous_show_sources;
        let asks = !self.words.are_the_problems()
            || settings.brief.is_some()
            || shows_sources
            || settings.challenge.is_some()
            || self.redact.has_own_names();
        Answers(Arc::new(Rules {
            clock: self.clock,
            choose: self.choose,
            words: self.words,
            clients: settings.brief.map(|brief| Clients::new(brief.after, brief.window())),
            shows_sources,
            asks,
            redact: self.redact,
            floods: Floods::new(settings.log_lines_per_second),
            errors,
            brief: self.metrics.bind(&BRIEF, []),
            challenge: settings.challenge.and_then(|challenge| challenge.try_into().ok()),
        }))
    }
}

impl From<AnswersSettings> for AnswersBuilder {
    fn from(settings: AnswersSettings) -> Self {
        Self {
            settings,
            clock: SharedClock::System,
            redact: Redact::default(),
            choose: None,
            words: Words::default(),
            metrics: Metrics::none(),
        }
    }
}

impl fmt::Debug for AnswersBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnswersBuilder").field("settings", &self.settings).finish_non_exhaustive()
    }
}
