use http::{HeaderMap, HeaderName};

use super::hop::Hop;
use crate::trace::TRACEPARENT;

/// Which headers a request has, of those that a context reads and few requests have.
///
/// To ask the map for one hashes its whole name, and these are long: one look at all names costs less than that, unless
/// there are dozens.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Seen {
    pub(super) trace: bool,
    pub(super) deadline: bool,
    pub(super) attempt: bool,
}

impl Seen {
    #[inline]
    pub(super) fn of(headers: &HeaderMap, hop: &Hop) -> Self {
        let (deadline, attempt) = (hop.deadline_header(), hop.attempt_header());
        let is = |name: &HeaderName, wanted: Option<&HeaderName>| {
            wanted.is_some_and(|wanted| name == wanted)
        };
        let mut seen = Self::default();
        for name in headers.keys() {
            seen.trace |= *name == TRACEPARENT;
            seen.deadline |= is(name, deadline);
            seen.attempt |= is(name, attempt);
        }
        seen
    }
}
