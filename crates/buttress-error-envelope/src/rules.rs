use std::fmt;

use buttress_core::render::{Answers, LeaveAlone, NoFailure};
use buttress_core::stage::RequestHead;
use http::header::CONTENT_TYPE;
use http::response::Parts;

/// What an envelope goes by.
pub(crate) struct Rules {
    pub(crate) enabled: bool,
    pub(crate) answers: Answers,
    pub(crate) kinds: Vec<String>,
    pub(crate) paths: Vec<String>,
    pub(crate) routes: Vec<String>,
    pub(crate) leave_if: Option<LeaveIf>,
    pub(crate) keep_texts: bool,
    pub(crate) read_at_most: usize,
}

pub(crate) type LeaveIf = Box<dyn Fn(&Parts) -> bool + Send + Sync>;

impl Rules {
    /// Whether all failures in a context are rewritten, whatever was asked.
    #[inline]
    pub(crate) fn ask_no_request(&self) -> bool {
        self.enabled && self.paths.is_empty() && self.routes.is_empty()
    }

    /// Whether what answers this request stays as it is.
    #[inline]
    pub(crate) fn leave_request(&self, request: &dyn RequestHead) -> bool {
        !self.paths.is_empty() && self.is_left_path(request.uri().path())
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
        if let Some(context) = request.context() {
            return context.route().is_some_and(is_left);
        }
        #[cfg(feature = "axum")]
        if let Some(matched) = request.extensions().get::<axum::extract::MatchedPath>() {
            return is_left(matched.as_str());
        }
        false
    }

    fn is_left_kind(&self, parts: &Parts) -> bool {
        let kind = parts.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        self.kinds.iter().any(|left| match left.strip_suffix('*') {
            Some(start) => kind.get(..start.len()).is_some_and(|k| k.eq_ignore_ascii_case(start)),
            None => left.eq_ignore_ascii_case(kind),
        })
    }
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
