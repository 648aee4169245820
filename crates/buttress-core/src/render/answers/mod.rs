//! How problems are answered: in which format and words, how briefly, and who hears of it.

mod asked;
mod builder;
mod floods;
mod report;
mod settings;
mod words;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{ACCEPT_LANGUAGE, VARY};
use http::{HeaderValue, Response};

pub use self::asked::Asked;
pub(crate) use self::asked::mark_told;
pub use self::builder::{AnswersBuilder, CATALOGUE};
use self::floods::Floods;
pub(crate) use self::report::Who;
pub use self::settings::{AnswersSettings, BriefSettings};
use self::words::Words;
pub(crate) use self::words::render_by_default;
use super::{Format, Occasion, Render};
use crate::clock::{Moment, SharedClock};
use crate::flood::Clients;
use crate::metrics::{Counter, Family};
use crate::stage::RequestHead;
use crate::{ClientAddress, Problem, Redact};

/// How problems are answered: which format a request gets, in which words, how much is said to whom, and
/// what the log and the metrics hear of it. Cheap to clone; clones count together.
///
/// A [`Context`](crate::Context) has one, set through
/// [`ContextBuilder::answers`](crate::ContextBuilder::answers). A layer that renders problems where there is
/// no context has one of its own, or shares [that of a context](crate::Context::answers).
///
/// ```
/// use buttress_core::render::Answers;
/// use buttress_core::{Code, Problem};
/// use http::{Request, header::ACCEPT_LANGUAGE};
///
/// let answers = Answers::builder()
///     .localise(|problem, languages| {
///         let known = problem.code() == Code::GONE && languages.starts_with("de");
///         known.then(|| "Das gibt es nicht mehr.".into())
///     })
///     .build()?;
///
/// let request = Request::get("/").header(ACCEPT_LANGUAGE, "de, en;q=0.5").body(())?;
/// let asked = answers.asked(&request);
/// let answer = answers.answer(&Problem::gone(), &asked);
/// assert!(str::from_utf8(answer.body())?.contains("Das gibt es nicht mehr."));
/// assert!(answer.headers().contains_key("x-request-id"), "as in the body and in the log");
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
///
/// # Events
///
/// A problem on its way out is told to `tracing`, once, with the target `buttress`: `request failed`, if the server is
/// at fault, with code, status, request id, the id of another server (`upstream_id`) if its answer brought one, trace
/// id, route and the chain of sources, [redacted](crate::redact) and cut to 2 KiB; else `request refused`, at debug
/// level. A failure is an error; but a warning, if it is a 503 or a 504 without a source: so a server says on purpose
/// that it has too much to do, or that the time was over.
///
/// Of each code and level so many lines a second are written as the settings say (ten). How many were left out is told
/// in one line, `left out`, once the second is over: with the next request of any kind, and a probe is one; or when the
/// last clone is dropped, as at the end of a program. No task and no timer is needed for it. What is
/// [leaked](crate::stage::StageLayer::leak) is never dropped, and so keeps the number of its last second to itself.
///
/// # Metrics
///
/// | name | labels | |
/// |---|---|---|
/// | `buttress_errors_total` | `code`, `class`, `route` | problems on their way out; the route is `none` where it is not known |
/// | `buttress_brief_answers_total` | | those of them that were answered briefly |
///
/// # Cost
///
/// Nothing, until something fails, but a look at one number for each request. With a hook for
/// [languages](AnswersBuilder::localise), brief answers, sources shown, a [challenge](AnswersBuilder::challenge), or
/// names of your own to redact, each request counts one reference to the settings. A hook for
/// [details](AnswersBuilder::localise_details) that says one anew has them copied, into one allocation and what the
/// copies of their texts take.
#[derive(Clone)]
pub struct Answers(Arc<Rules>);

struct Rules {
    clock: SharedClock,
    choose: Option<Choose>,
    words: Words,
    clients: Option<Clients>,
    shows_sources: bool,
    /// Whether any of these, or a name to redact, asks something of a request: one look for most of them.
    asks: bool,
    redact: Redact,
    floods: Floods,
    errors: Family<Counter, 3>,
    brief: Counter,
    challenge: Option<HeaderValue>,
}

type Choose = Box<dyn Fn(&dyn RequestHead) -> Format + Send + Sync>;

/// A longer wish for languages is nobody's.
const LONGEST_LANGUAGES: usize = 512;

impl Answers {
    /// Starts from the defaults.
    pub fn builder() -> AnswersBuilder {
        AnswersBuilder::from(AnswersSettings::default())
    }

    /// The format that this request gets.
    #[must_use]
    pub fn format(&self, request: &dyn RequestHead) -> Format {
        self.chosen(request).unwrap_or_else(|| Format::of(request))
    }

    /// The format that the settings choose, if they do.
    pub(crate) fn chosen(&self, request: &dyn RequestHead) -> Option<Format> {
        self.0.choose.as_ref().map(|choose| choose(request))
    }

    /// What must not be told, to the log or to anyone.
    #[must_use]
    pub fn redact(&self) -> &Redact {
        &self.0.redact
    }

    /// These answers, if a request has to bring them along to where it is refused.
    pub(crate) fn brought_along(&self) -> Option<Self> {
        self.0.asks.then(|| self.clone())
    }

    /// Which languages the client wants, if anybody here speaks one.
    pub(crate) fn languages(&self, request: &dyn RequestHead) -> Option<HeaderValue> {
        if !self.0.asks || self.0.words.are_the_problems() {
            return None;
        }
        let mut lines = request.headers().get_all(ACCEPT_LANGUAGE).iter();
        let first = lines.next()?;
        let wanted = match lines.next() {
            None => first.clone(),
            // Several lines are one list (RFC 9110, section 5.3).
            Some(_) => one_list(request.headers().get_all(ACCEPT_LANGUAGE).iter())?,
        };
        (wanted.len() <= LONGEST_LANGUAGES).then_some(wanted)
    }

    /// What a 401 says that nobody else has said.
    pub(crate) fn challenge(&self) -> Option<&HeaderValue> {
        self.0.challenge.as_ref()
    }

    /// The body and its headers, as far as format and settings decide on them.
    pub(crate) fn encode(
        &self,
        problem: &Problem,
        occasion: Occasion<'_>,
        asking: &Asking<'_>,
    ) -> Response<Bytes> {
        let rules = &*self.0;
        let mut answer = if self.is_flooded_by(asking) {
            rules.brief.increment(1);
            asking.format.render(problem, &occasion.briefly())
        } else {
            self.encode_at_length(problem, occasion, asking)
        };
        if !rules.words.are_the_problems() {
            answer.headers_mut().append(VARY, HeaderValue::from_static("accept-language"));
        }
        answer
    }

    fn encode_at_length(
        &self,
        problem: &Problem,
        occasion: Occasion<'_>,
        asking: &Asking<'_>,
    ) -> Response<Bytes> {
        let rules = &*self.0;
        let sources =
            rules.shows_sources.then(|| report::sources(problem, &rules.redact)).flatten();
        let occasion = match &sources {
            Some(sources) => occasion.dangerous_with_sources(sources),
            None => occasion,
        };
        let wanted = asking.languages.and_then(|wanted| wanted.to_str().ok()).unwrap_or_default();
        let said = rules.words.of(problem, wanted);
        let said =
            if problem.quotes() { words::redacted(problem, said, &rules.redact) } else { said };
        words::render_said(asking.format, problem, occasion, &said)
    }

    fn is_flooded_by(&self, asking: &Asking<'_>) -> bool {
        let (Some(clients), Some(client)) = (&self.0.clients, asking.client) else { return false };
        clients.is_flooded(client.network(), asking.now)
    }
}

impl Default for Answers {
    fn default() -> Self {
        AnswersBuilder::build_default()
    }
}

fn one_list<'a>(lines: impl Iterator<Item = &'a HeaderValue>) -> Option<HeaderValue> {
    let mut list = Vec::new();
    for line in lines {
        if list.len() + line.len() > LONGEST_LANGUAGES {
            return None;
        }
        if !list.is_empty() {
            list.extend_from_slice(b", ");
        }
        list.extend_from_slice(line.as_bytes());
    }
    HeaderValue::from_maybe_shared(Bytes::from(list)).ok()
}

/// Who asks, and when.
pub(crate) struct Asking<'a> {
    pub(crate) format: &'a Format,
    pub(crate) languages: Option<&'a HeaderValue>,
    pub(crate) client: Option<ClientAddress>,
    pub(crate) now: Moment,
}

impl fmt::Debug for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answers")
            .field("localises", &!self.0.words.are_the_problems())
            .field("becomes_brief", &self.0.clients.is_some())
            .field("shows_sources", &self.0.shows_sources)
            .finish_non_exhaustive()
    }
}
