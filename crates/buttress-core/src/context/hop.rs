use std::sync::Arc;

use http::HeaderName;

use super::repeats::ATTEMPT_HEADER;
use crate::clock::SharedClock;
use crate::deadline::DEADLINE_HEADER;

pub(crate) const ID_HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// What a request needs for the next hop: whose time it is, and what the headers are called.
///
/// A copy for each request, and a small one as long as the names are the default. A reference would need a
/// count, which all threads would then write to.
#[derive(Clone, Debug)]
pub(super) struct Hop {
    pub(super) clock: SharedClock,
    /// Other names than the default.
    pub(super) names: Option<Arc<Names>>,
}

/// What the headers are called.
#[derive(Debug)]
pub(super) struct Names {
    pub(super) id: HeaderName,
    pub(super) deadline: Option<HeaderName>,
    pub(super) attempt: Option<HeaderName>,
}

impl Names {
    fn are_default(&self) -> bool {
        self.id == ID_HEADER
            && self.deadline == Some(DEADLINE_HEADER)
            && self.attempt == Some(ATTEMPT_HEADER)
    }
}

static DEFAULT_NAMES: Names =
    Names { id: ID_HEADER, deadline: Some(DEADLINE_HEADER), attempt: Some(ATTEMPT_HEADER) };

impl Hop {
    pub(super) fn new(clock: SharedClock, names: Names) -> Self {
        Self { clock, names: (!names.are_default()).then(|| Arc::new(names)) }
    }

    pub(super) fn id_header(&self) -> &HeaderName {
        &self.names().id
    }

    pub(super) fn deadline_header(&self) -> Option<&HeaderName> {
        self.names().deadline.as_ref()
    }

    pub(super) fn attempt_header(&self) -> Option<&HeaderName> {
        self.names().attempt.as_ref()
    }

    fn names(&self) -> &Names {
        self.names.as_deref().unwrap_or(&DEFAULT_NAMES)
    }
}
