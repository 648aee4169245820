use std::error::Error;
use std::fmt;

use buttress_core::Key;

/// Whose limit is asked for by hand: a key, and where it is kept.
///
/// ```
/// use buttress_ratelimit::{Quota, RateLimit, Subject, address, principal};
///
/// let spread = RateLimit::builder()
///     .policy("writes", Quota::per_minute(2).by((principal(), address())))
///     .shard_by(principal())
///     .build()?;
/// let network = "203.0.113.7/32".parse().ok();
/// let key = spread.writer("writes").unwrap().principal("ada").address(network).key();
/// assert!(spread.check("writes", key).is_err(), "nobody knows where it is kept");
///
/// let shard = spread.shard_writer().unwrap().principal("ada").key();
/// assert!(spread.check("writes", Subject::from(key).at(shard)).is_ok());
/// # Ok::<_, buttress_core::BuildError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Subject {
    pub(crate) key: Key,
    pub(crate) shard: Option<Key>,
}

impl Subject {
    /// Says where it is kept, if the limits are spread: by a key that
    /// [`RateLimit::shard_writer`](crate::RateLimit::shard_writer) has written.
    #[must_use]
    pub const fn at(self, shard: Key) -> Self {
        Self { shard: Some(shard), ..self }
    }
}

impl From<Key> for Subject {
    fn from(key: Key) -> Self {
        Self { key, shard: None }
    }
}

/// There is no such limit, or nothing of it that could be given back.
///
/// ```
/// use buttress_ratelimit::{Quota, RateLimit, everyone};
///
/// let limits = RateLimit::builder().policy("all", Quota::per_second(1).by(everyone())).build()?;
/// let error = limits.check("al", limits.writer("all").unwrap().key()).unwrap_err();
/// assert_eq!(error.to_string(), "there is no policy `al`");
/// # Ok::<_, buttress_core::BuildError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NoSuchLimit {
    policy: String,
    why: Why,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Why {
    Unknown,
    Unsharded,
    NotHeld,
}

impl NoSuchLimit {
    pub(crate) fn unknown(policy: &str) -> Self {
        Self { policy: policy.to_owned(), why: Why::Unknown }
    }

    pub(crate) fn unsharded(policy: &str) -> Self {
        Self { policy: policy.to_owned(), why: Why::Unsharded }
    }

    pub(crate) fn not_held(policy: &str) -> Self {
        Self { policy: policy.to_owned(), why: Why::NotHeld }
    }
}

impl fmt::Display for NoSuchLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let policy = &self.policy;
        match self.why {
            Why::Unknown => write!(f, "there is no policy `{policy}`"),
            Why::Unsharded => {
                write!(f, "the limits of `{policy}` are spread, and the shard is not said")
            }
            Why::NotHeld => write!(f, "this process holds no such permits of `{policy}`"),
        }
    }
}

impl Error for NoSuchLimit {}
