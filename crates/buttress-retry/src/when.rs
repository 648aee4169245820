use std::fmt;
use std::sync::Arc;

use buttress_core::GrpcCode;
use buttress_core::outcome::Outcome;
use http::header::{EXPECT, UPGRADE};
use http::{HeaderMap, HeaderName, Method, Response, StatusCode};

use crate::Attempt;
use crate::head::Head;
use crate::sent::{GRPC_STATUS, Repeatable, Seen, Sent};

/// What is repeated: which requests, and after what.
#[derive(Clone)]
pub(crate) struct When {
    pub(crate) idempotent_methods: bool,
    pub(crate) grpc_all: bool,
    pub(crate) statuses: Statuses,
    /// One bit for each code.
    pub(crate) codes: u32,
    pub(crate) only: Option<Predicate>,
    pub(crate) never: Option<Predicate>,
}

pub(crate) type Predicate = Arc<dyn Fn(Sent<'_>, &Seen, Attempt) -> bool + Send + Sync>;

/// Whether a request may be sent again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Safety {
    /// As often as one likes.
    Repeatable,
    /// Only if nobody has begun to work on it.
    Unsafe,
    /// Never: it is more than a request.
    Never,
}

impl When {
    pub(crate) fn safety(&self, head: &Head) -> Safety {
        let headers = &head.headers;
        if head.method == Method::CONNECT
            || headers.contains_key(UPGRADE)
            || headers.contains_key(EXPECT)
        {
            return Safety::Never;
        }
        let is_repeatable = head.extensions.get::<Repeatable>().is_some()
            || has_idempotency_key(headers)
            || match &head.method {
                _ if head.is_grpc() => self.grpc_all,
                method if method.is_safe() => true,
                method => self.idempotent_methods && method.is_idempotent(),
            };
        if is_repeatable { Safety::Repeatable } else { Safety::Unsafe }
    }

    /// Whether this is an end after which one tries again.
    pub(crate) fn is_wanted(&self, sent: Sent<'_>, seen: &Seen, attempt: Attempt) -> bool {
        let wanted = match &self.only {
            Some(only) => only(sent, seen, attempt),
            None => self.is_wanted_by_itself(seen),
        };
        wanted && !self.never.as_ref().is_some_and(|never| never(sent, seen, attempt))
    }

    fn is_wanted_by_itself(&self, seen: &Seen) -> bool {
        let judgement = seen.judgement();
        if judgement.outcome() == Outcome::Rejected || judgement.is_unprocessed() {
            return true;
        }
        match (seen.grpc(), seen.status()) {
            (Some(code), _) => self.codes & (1 << code.as_u8()) != 0,
            (None, Some(status)) => self.statuses.contains(status),
            (None, None) => matches!(judgement.outcome(), Outcome::Failure | Outcome::Throttled),
        }
    }

    /// Whether what the dependency took for a success has to be looked at all the same.
    #[inline]
    pub(crate) fn may_want<B>(&self, response: &Response<B>) -> bool {
        self.statuses.contains(response.status())
            || self.only.is_some()
            || (self.codes & !FAILURES != 0 && response.headers().contains_key(GRPC_STATUS))
    }

    /// Takes these codes, and no others.
    pub(crate) fn set_codes(&mut self, codes: impl IntoIterator<Item = GrpcCode>) {
        self.codes = codes.into_iter().fold(0, |bits, code| bits | 1 << code.as_u8());
    }
}

/// Whether there is one by which the other side knows a call again: an empty one is as good as none.
fn has_idempotency_key(headers: &HeaderMap) -> bool {
    let mut keys = headers.get_all(IDEMPOTENCY_KEY).iter();
    keys.any(|key| !key.as_bytes().trim_ascii().is_empty())
}

/// The codes of gRPC that are no successes, if nobody says otherwise.
const FAILURES: u32 = 1 << 1 | 1 << 2 | 1 << 4 | 1 << 8 | 1 << 13 | 1 << 14 | 1 << 15;

pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

impl Default for When {
    fn default() -> Self {
        let statuses = [408, 425, 429, 502, 503, 504];
        let mut when = Self {
            idempotent_methods: false,
            grpc_all: false,
            statuses: statuses.into_iter().filter_map(|s| StatusCode::from_u16(s).ok()).collect(),
            codes: 0,
            only: None,
            never: None,
        };
        when.set_codes([GrpcCode::UNAVAILABLE]);
        when
    }
}

impl fmt::Debug for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("When")
            .field("idempotent_methods", &self.idempotent_methods)
            .field("grpc_all", &self.grpc_all)
            .field("only", &self.only.is_some())
            .field("never", &self.never.is_some())
            .finish_non_exhaustive()
    }
}

/// A set of statuses, a bit for each from 100 to 611.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Statuses([u64; 8]);

impl Statuses {
    pub(crate) fn contains(&self, status: StatusCode) -> bool {
        let (word, bit) = Self::place(status);
        self.0.get(word).is_some_and(|bits| bits & bit != 0)
    }

    fn place(status: StatusCode) -> (usize, u64) {
        let at = status.as_u16() - 100;
        (usize::from(at / 64), 1 << (at % 64))
    }
}

impl FromIterator<StatusCode> for Statuses {
    fn from_iter<I: IntoIterator<Item = StatusCode>>(statuses: I) -> Self {
        let mut set = Self::default();
        for status in statuses {
            let (word, bit) = Self::place(status);
            if let Some(bits) = set.0.get_mut(word) {
                *bits |= bit;
            }
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn safety(when: &When, request: http::request::Builder) -> Safety {
        when.safety(&Head::of(&request.body(()).unwrap()))
    }

    #[test]
    fn what_may_be_sent_again() {
        use Safety::{Never, Repeatable, Unsafe};
        let when = When::default();
        for (method, expected) in [
            ("GET", Repeatable),
            ("HEAD", Repeatable),
            ("OPTIONS", Repeatable),
            ("TRACE", Repeatable),
            ("PUT", Unsafe),
            ("DELETE", Unsafe),
            ("POST", Unsafe),
            ("PATCH", Unsafe),
            ("BREW", Unsafe),
            ("CONNECT", Never),
        ] {
            assert_eq!(safety(&when, Request::builder().method(method)), expected, "{method}");
        }
        let by_choice = When { idempotent_methods: true, ..When::default() };
        assert_eq!(safety(&by_choice, Request::put("/")), Repeatable);
        assert_eq!(safety(&by_choice, Request::delete("/")), Repeatable);
        assert_eq!(safety(&by_choice, Request::post("/")), Unsafe);
        assert_eq!(safety(&when, Request::post("/").header("idempotency-key", "k")), Repeatable);
        for (keys, expected) in [(["", " \t"], Unsafe), (["", "k"], Repeatable)] {
            let [one, other] = keys;
            let post = Request::post("/").header("idempotency-key", one);
            assert_eq!(safety(&when, post.header("idempotency-key", other)), expected, "{keys:?}");
        }
        assert_eq!(safety(&when, Request::post("/").extension(super::Repeatable)), Repeatable);
        assert_eq!(safety(&when, Request::get("/").header("upgrade", "websocket")), Never);
        assert_eq!(safety(&when, Request::get("/").header("expect", "100-continue")), Never);
        let grpc = || Request::post("/").header("content-type", "application/grpc+proto");
        assert_eq!(safety(&when, grpc()), Unsafe);
        assert_eq!(safety(&When { grpc_all: true, ..When::default() }, grpc()), Repeatable);
    }

    #[test]
    fn a_set_of_statuses_holds_what_was_put_in() {
        let codes = [100, 163, 164, 599, 611, 612, 999];
        let set: Statuses = codes.iter().filter_map(|c| StatusCode::from_u16(*c).ok()).collect();
        let held: Vec<_> = (100..1_000)
            .filter(|code| set.contains(StatusCode::from_u16(*code).unwrap()))
            .collect();
        assert_eq!(held, [100, 163, 164, 599, 611], "what is no status is in no set");
    }
}
