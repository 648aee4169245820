use std::fmt;
use std::hash::{Hash, Hasher};

use http::StatusCode;

use super::GrpcCode;

/// A stable, machine-readable name of what went wrong, with what usually follows from it.
///
/// The family's own are constants of this type; an application adds its own beside them:
///
/// ```
/// use buttress_core::{Code, Problem};
/// use http::StatusCode;
///
/// const OUT_OF_STOCK: Code =
///     Code::new("OUT_OF_STOCK", StatusCode::CONFLICT).message("This article is sold out.");
///
/// let problem = Problem::new(OUT_OF_STOCK);
/// assert_eq!(problem.status(), 409);
/// assert_eq!(problem.code(), OUT_OF_STOCK);
/// assert!(!OUT_OF_STOCK.is_retryable());
/// assert_eq!(OUT_OF_STOCK.anchor().to_string(), "out-of-stock");
/// ```
///
/// Two codes are equal if their names are.
#[derive(Clone, Copy)]
pub struct Code {
    name: &'static str,
    status: StatusCode,
    retryable: bool,
    message: &'static str,
    meaning: &'static str,
    grpc: GrpcCode,
}

impl Code {
    /// A code with this name, in capitals, digits and underscores, answered with this status.
    ///
    /// Until said otherwise it is retryable if the status usually is (408, 425, 429, 502, 503, 504), its
    /// message says that the request could not be fulfilled, and its gRPC code is the one nearest to the status.
    ///
    /// # Panics
    ///
    /// If the name has other characters or the status is no error: while compiling, in a constant.
    #[must_use]
    pub const fn new(name: &'static str, status: StatusCode) -> Self {
        assert!(is_name(name), "a code is written in capitals, digits and underscores");
        let number = status.as_u16();
        assert!(number >= 400 && number < 600, "a problem has a status from 400 to 599");
        let retryable = matches!(status.as_u16(), 408 | 425 | 429 | 502 | 503 | 504);
        let message = "The request could not be fulfilled.";
        Self { name, status, retryable, message, meaning: "", grpc: GrpcCode::of_status(status) }
    }

    /// Sets what a client is told unless the problem says it better.
    #[must_use]
    pub const fn message(self, message: &'static str) -> Self {
        Self { message, ..self }
    }

    /// Says what it means, for a catalogue. Without it, the message has to do.
    #[must_use]
    pub const fn documented(self, meaning: &'static str) -> Self {
        Self { meaning, ..self }
    }

    /// Sets whether the same request may succeed later.
    #[must_use]
    pub const fn retryable(self, retryable: bool) -> Self {
        Self { retryable, ..self }
    }

    /// Sets the code that gRPC clients see.
    ///
    /// # Panics
    ///
    /// If it is `OK`: while compiling, in a constant.
    #[must_use]
    pub const fn grpc(self, grpc: GrpcCode) -> Self {
        assert!(grpc.as_u8() > 0, "a problem is not OK");
        Self { grpc, ..self }
    }

    /// The name, as in `RATE_LIMITED`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// The status that answers it.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        self.status
    }

    /// Whose fault it is.
    #[must_use]
    pub fn class(self) -> Class {
        Class::of(self.status)
    }

    /// Whether the same request may succeed later.
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        self.retryable
    }

    /// What a client is told by default.
    #[must_use]
    pub const fn default_message(self) -> &'static str {
        self.message
    }

    /// What it means, for whoever reads a catalogue.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        if self.meaning.is_empty() { self.message } else { self.meaning.trim_ascii() }
    }

    /// The code that gRPC clients see.
    #[must_use]
    pub const fn grpc_code(self) -> GrpcCode {
        self.grpc
    }

    /// Where the documentation of this code stands on its page: the name in small letters and dashes.
    #[must_use]
    pub const fn anchor(self) -> Anchor {
        Anchor { name: self.name }
    }
}

impl PartialEq for Code {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Code {}

impl Hash for Code {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// Whose fault a problem is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "HTTP knows no third")]
pub enum Class {
    /// The request's: sent again unchanged, it fails again, unless the code is retryable.
    Client,
    /// The server's.
    Server,
}

impl Class {
    pub(super) fn of(status: StatusCode) -> Self {
        if status.is_client_error() { Self::Client } else { Self::Server }
    }

    /// The name, for metrics and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
        }
    }
}

/// The anchor of a [`Code`] on its documentation page, printed by `Display`.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Anchor {
    name: &'static str,
}

impl fmt::Display for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;

        let dashed = |c: char| if c == '_' { '-' } else { c.to_ascii_lowercase() };
        self.name.chars().try_for_each(|c| f.write_char(dashed(c)))
    }
}

const fn is_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if !matches!(bytes[at], b'A'..=b'Z' | b'0'..=b'9' | b'_') {
            return false;
        }
        at += 1;
    }
    !bytes.is_empty()
}
