use std::fmt;
use std::sync::OnceLock;

use buttress_core::RequestContext;
use buttress_core::render::{Answers, LeaveAlone, NoFailure};
use buttress_core::stage::RequestHead;
use buttress_core::sync::Shared;
use http::Extensions;
use http::header::CONTENT_TYPE;
use http::response::Parts;

use crate::{ErrorEnvelopeSettings, kinds};

/// What an envelope goes by.
pub(crate) struct Rules {
    pub(crate) enabled: bool,
    for_context: ForContext,
    pub(crate) answers: Answers,
    pub(crate) kinds: Vec<String>,
    pub(crate) paths: Vec<String>,
    pub(crate) routes: Vec<String>,
    pub(crate) leave_if: Option<LeaveIf>,
    pub(crate) keep_texts: bool,
    pub(crate) read_at_most: usize,
    /// The same for all envelopes with the defaults, if this has them.
    plain: Option<Shared<Self>>,
}

/// When a failure is rewritten for a context outside without a look at more of its request.
#[derive(Clone, Copy, Eq, PartialEq)]
enum ForContext {
    /// Its path or its route matters, or nothing is rewritten.
    Never,
    IfThere,
    /// One is there, whatever comes.
    Always,
}

/// The defaults, as they are in a context, which answers: there is one for the program, so that nobody has to count who
/// holds it.
fn plain() -> Shared<Rules> {
    static PLAIN: OnceLock<Shared<Rules>> = OnceLock::new();
    let made = || Rules::of(ErrorEnvelopeSettings::default(), Answers::default(), None);
    PLAIN.get_or_init(|| Shared::new(made()).leak()).clone()
}

pub(crate) type LeaveIf = Box<dyn Fn(&Parts) -> bool + Send + Sync>;

impl Rules {
    pub(crate) fn new(
        settings: ErrorEnvelopeSettings,
        answers: Option<Answers>,
        leave_if: Option<LeaveIf>,
        within_context: bool,
    ) -> Self {
        let is_plain = answers.is_none() && leave_if.is_none() && settings.are_default();
        let mut rules = Self::of(settings, answers.unwrap_or_default(), leave_if);
        if within_context && rules.for_context == ForContext::IfThere {
            rules.for_context = ForContext::Always;
        }
        Self { plain: is_plain.then(plain), ..rules }
    }

    fn of(settings: ErrorEnvelopeSettings, answers: Answers, leave_if: Option<LeaveIf>) -> Self {
        let (paths, routes) = (settings.leave_paths, settings.leave_routes);
        let asks_no_request = settings.enabled && paths.is_empty() && routes.is_empty();
        Self {
            enabled: settings.enabled,
            for_context: if asks_no_request { ForContext::IfThere } else { ForContext::Never },
            answers,
            kinds: settings.leave_content_types,
            paths,
            routes,
            leave_if,
            keep_texts: settings.keep_texts,
            read_at_most: settings.read_at_most as usize,
            plain: None,
        }
    }

    /// Whether a failure is rewritten for a context outside, and nothing more of the request matters.
    #[inline]
    pub(crate) fn answers_in_context(&self, request: &Extensions) -> bool {
        match self.for_context {
            ForContext::Never => false,
            ForContext::IfThere => request.get::<RequestContext>().is_some(),
            ForContext::Always => true,
        }
    }

    /// What the answer to a request in a context goes by.
    #[inline]
    pub(crate) fn in_context(rules: &Shared<Self>) -> Shared<Self> {
        rules.plain.as_ref().unwrap_or(rules).clone()
    }

    /// Whether what answers this request stays as it is.
    #[inline]
    pub(crate) fn leave_request(&self, request: &dyn RequestHead) -> bool {
        !self.paths.is_empty() && self.is_left_path(whole_path(request))
            || !self.routes.is_empty() && self.is_left_route(request)
    }

    /// Whether this failure stays as it is.
    pub(crate) fn leave_response(&self, parts: &Parts) -> bool {
        parts.extensions.get::<LeaveAlone>().is_some()
            || parts.extensions.get::<NoFailure>().is_some()
            || !self.kinds.is_empty() && self.is_left_kind(parts)
            || self.leave_if.as_ref().is_some_and(|leave| leave(parts))
    }

    fn is_left_path(&self, path: &str) -> bool {
        self.paths.iter().any(|prefix| is_under(path, prefix))
    }

    fn is_left_route(&self, request: &dyn RequestHead) -> bool {
        let is_left = |route: &str| self.routes.iter().any(|left| left == route);
        let context = request.context();
        if let Some(route) = context.and_then(RequestContext::route) {
            return is_left(route);
        }
        // A context outside of the router has not seen the route, which log and metrics want as well.
        #[cfg(feature = "axum")]
        if let Some(matched) = request.extensions().get::<axum::extract::MatchedPath>() {
            if let Some(context) = context {
                context.set_route(matched.as_str());
            }
            return is_left(matched.as_str());
        }
        false
    }

    fn is_left_kind(&self, parts: &Parts) -> bool {
        let kind = parts.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        self.kinds.iter().any(|left| kinds::matches(left, kind))
    }
}

/// The path that the client asked for: a router within another one sees the rest of it alone.
fn whole_path(request: &dyn RequestHead) -> &str {
    #[cfg(feature = "axum")]
    if let Some(original) = request.extensions().get::<axum::extract::OriginalUri>() {
        return original.0.path();
    }
    request.uri().path()
}

/// Whether a path is `prefix`, or lies under it.
fn is_under(path: &str, prefix: &str) -> bool {
    let rest = path.strip_prefix(prefix.trim_end_matches('/'));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules")
            .field("enabled", &self.enabled)
            .field("kinds", &self.kinds)
            .field("paths", &self.paths)
            .field("routes", &self.routes)
            .field("keep_texts", &self.keep_texts)
            .field("read_at_most", &self.read_at_most)
            .finish_non_exhaustive()
    }
}
