//! For which requests a policy is, and which are not counted at all.
//!
//! ```
//! use buttress_ratelimit::when::{GET, header, method, path_prefix};
//!
//! let crawlers = header("from", "bot@example.org").or(path_prefix("/sitemap"));
//! let counted = method(GET).and(crawlers.not());
//!
//! let read = http::Request::get("/orders/7").body(())?;
//! let crawled = http::Request::get("/sitemap/1").body(())?;
//! assert!(counted.holds(&read) && !counted.holds(&crawled));
//! # Ok::<_, http::Error>(())
//! ```
//!
//! # What cannot be known
//!
//! Some requests leave open whether a condition holds: a path with `..` in it, or with one more slash at its end, which
//! a server might resolve to another one; a caller whose address nobody has told, or only a proxy that hides it. To get
//! round a limit that way would be a hole. So an open condition is decided by its purpose: a limit counts such a
//! request, a deny list denies it, an exemption does not exempt it.
//!
//! # Errors
//!
//! An invalid condition, such as a network with bits beyond its prefix, is reported when the limits are built, with all
//! other mistakes.

mod hosts;
mod leaf;
mod reading;
mod words;

use std::fmt;

use buttress_core::Faults;
use buttress_core::stage::RequestHead;

use self::leaf::Leaf;
pub(crate) use self::leaf::client;
pub use self::words::{
    addresses, has_header, header, host, method, methods, path, path_prefix, probe, when_fn,
};

/// `GET`.
pub const GET: http::Method = http::Method::GET;
/// `HEAD`.
pub const HEAD: http::Method = http::Method::HEAD;
/// `POST`.
pub const POST: http::Method = http::Method::POST;
/// `PUT`.
pub const PUT: http::Method = http::Method::PUT;
/// `PATCH`.
pub const PATCH: http::Method = http::Method::PATCH;
/// `DELETE`.
pub const DELETE: http::Method = http::Method::DELETE;
/// `OPTIONS`.
pub const OPTIONS: http::Method = http::Method::OPTIONS;

/// Whether a request is meant. See the [module](self).
#[must_use = "a condition has no effect until it is part of a policy"]
pub struct Condition {
    kind: Kind,
    /// What is wrong with it.
    wrong: Vec<String>,
}

enum Kind {
    Leaf(Leaf),
    And(Box<[Kind; 2]>),
    Or(Box<[Kind; 2]>),
    Not(Box<Kind>),
}

impl Condition {
    fn of(leaf: Leaf) -> Self {
        Self { kind: Kind::Leaf(leaf), wrong: Vec::new() }
    }

    fn wrong(reasons: Vec<String>) -> Self {
        Self { wrong: reasons, ..Self::of(Leaf::Never) }
    }

    /// Both.
    pub fn and(self, other: Self) -> Self {
        self.beside(other, Kind::And)
    }

    /// One of both, or both.
    pub fn or(self, other: Self) -> Self {
        self.beside(other, Kind::Or)
    }

    /// The others.
    #[expect(clippy::should_implement_trait, reason = "it reads as `and` and `or` do")]
    pub fn not(self) -> Self {
        Self { kind: Kind::Not(Box::new(self.kind)), wrong: self.wrong }
    }

    /// Whether this request is meant, beyond doubt.
    #[must_use]
    pub fn holds(&self, request: &dyn RequestHead) -> bool {
        self.kind.holds(request, false)
    }

    /// Whether this request is meant, or may be.
    pub(crate) fn may_hold(&self, request: &dyn RequestHead) -> bool {
        self.kind.holds(request, true)
    }

    /// Whether no request is meant, as with a list of nothing: then a policy for it would limit nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.wrong.is_empty() && self.kind.is_empty()
    }

    pub(crate) fn check(&self, faults: &mut Faults, path: &str) {
        self.wrong.iter().for_each(|reason| faults.add(path, reason));
    }

    fn beside(self, other: Self, both: impl FnOnce(Box<[Kind; 2]>) -> Kind) -> Self {
        let wrong = [self.wrong, other.wrong].concat();
        Self { kind: both(Box::new([self.kind, other.kind])), wrong }
    }
}

impl Kind {
    /// `doubt` is what is answered where it cannot be known.
    fn holds(&self, request: &dyn RequestHead, doubt: bool) -> bool {
        match self {
            Self::Leaf(leaf) => leaf.holds(request).unwrap_or(doubt),
            Self::And(both) => both.iter().all(|one| one.holds(request, doubt)),
            Self::Or(both) => both.iter().any(|one| one.holds(request, doubt)),
            Self::Not(inner) => !inner.holds(request, !doubt),
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::Leaf(leaf) => leaf.is_empty(),
            Self::And(both) => both.iter().any(Self::is_empty),
            Self::Or(both) => both.iter().all(Self::is_empty),
            Self::Not(_) => false,
        }
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Leaf(leaf) => leaf.fmt(f),
            Self::And(both) => write!(f, "({:?} and {:?})", both[0], both[1]),
            Self::Or(both) => write!(f, "({:?} or {:?})", both[0], both[1]),
            Self::Not(inner) => write!(f, "not {inner:?}"),
        }
    }
}
