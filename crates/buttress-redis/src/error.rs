use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use buttress_core::{Code, IntoProblem, Problem};

/// Why Redis did not do what it was asked.
///
/// The [kind](Self::kind) is what a caller decides by. The words are for a log: they may repeat what the server
/// said, so no client should see them.
///
/// ```
/// use buttress_redis::{ErrorKind, Redis, Script};
///
/// static COUNT: Script = Script::new("count", 1, "return redis.call('INCR', KEYS[1])");
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), buttress_core::BuildError> {
/// // Nobody listens there.
/// let redis = Redis::builder("redis://127.0.0.1:1").build()?;
/// let error = redis.run(&COUNT, "visits").send().await.unwrap_err();
///
/// assert_eq!(error.kind(), ErrorKind::Unreachable);
/// assert!(!error.may_have_run());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RedisError {
    kind: ErrorKind,
    words: Cow<'static, str>,
}

/// The kinds of a [`RedisError`], by what a caller can do about them.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// There is no connection. It did not run.
    Unreachable,
    /// The time was over before it was sent. It did not run.
    TimedOut,
    /// The time was over, or the connection was lost, after it was sent: nobody here knows whether it ran.
    Ambiguous,
    /// The server would not: it is out of memory, loads its data, or does not know the user. It did not run.
    Refused,
    /// The script itself failed. What it had written before that stays written.
    Script,
    /// The answer is none that was expected, so it may have run.
    Protocol,
    /// As many calls as are allowed are under way. It did not run.
    Overloaded,
}

impl ErrorKind {
    pub(crate) const ALL: [Self; 7] = [
        Self::Unreachable,
        Self::TimedOut,
        Self::Ambiguous,
        Self::Refused,
        Self::Script,
        Self::Protocol,
        Self::Overloaded,
    ];

    /// The word of metrics and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::TimedOut => "timed_out",
            Self::Ambiguous => "ambiguous",
            Self::Refused => "refused",
            Self::Script => "script",
            Self::Protocol => "protocol",
            Self::Overloaded => "overloaded",
        }
    }

    const fn meaning(self) -> &'static str {
        match self {
            Self::Unreachable => "Redis cannot be reached",
            Self::TimedOut => "there was no time left to ask Redis",
            Self::Ambiguous => "Redis did not answer, and may have done it",
            Self::Refused => "Redis refused",
            Self::Script => "the script failed",
            Self::Protocol => "Redis answered something else",
            Self::Overloaded => "too many calls to Redis are under way",
        }
    }
}

impl RedisError {
    pub(crate) fn new(kind: ErrorKind, words: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, words: words.into() }
    }

    /// For a reader of a [reply](crate::Reply) that has the right shape, but no meaning: of the kind
    /// [`Protocol`](ErrorKind::Protocol).
    #[must_use]
    pub fn unexpected(words: &'static str) -> Self {
        Self::new(ErrorKind::Protocol, words)
    }

    /// What a caller decides by.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Whether the server may have done some of it. If not, it is safe to ask again.
    #[must_use]
    pub const fn may_have_run(&self) -> bool {
        matches!(self.kind, ErrorKind::Ambiguous | ErrorKind::Script | ErrorKind::Protocol)
    }
}

impl fmt::Display for RedisError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.words {
            "" => f.write_str(self.kind.meaning()),
            words => write!(f, "{}: {words}", self.kind.meaning()),
        }
    }
}

impl fmt::Debug for RedisError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisError").field("kind", &self.kind).field("words", &self.words).finish()
    }
}

impl Error for RedisError {}

impl IntoProblem for RedisError {
    fn into_problem(self) -> Problem {
        let code = match self.kind {
            ErrorKind::Overloaded => Code::OVERLOADED,
            ErrorKind::TimedOut | ErrorKind::Ambiguous => Code::TIMED_OUT,
            _ => Code::DEPENDENCY_FAILED,
        };
        Problem::new(code).with_source(self)
    }
}
