use http::HeaderMap;

use super::{Judgement, Outcome, Reached};

/// Judges calls: by their error, or by the head of their response.
///
/// [`HttpClassify`](super::HttpClassify) is for HTTP and gRPC, [`classify_fn`](super::classify_fn) makes one of a
/// closure. Here is one of one's own, for a store that answers `Busy`:
///
/// ```
/// use buttress_core::outcome::{Classify, ClassifyEnd, Judgement, Outcome, Verdict};
///
/// enum Stored { Done, Busy }
/// struct Stores;
///
/// impl ClassifyEnd for Stores {}
///
/// impl Classify<Stored, std::io::Error> for Stores {
///     fn error(&self, _: &std::io::Error) -> Judgement {
///         Judgement::new(Outcome::Failure)
///     }
///
///     fn response(&self, stored: &Stored) -> Verdict {
///         Verdict::now(match stored {
///             Stored::Done => Outcome::Success,
///             Stored::Busy => Outcome::Throttled,
///         })
///     }
/// }
///
/// assert_eq!(Stores.response(&Stored::Busy).outcome(), Some(Outcome::Throttled));
/// assert_eq!(Stores.response(&Stored::Done).outcome(), Some(Outcome::Success));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not judge calls that end with `{Res}` or `{Err}`",
    label = "this cannot say how such a call ended",
    note = "`HttpClassify` judges responses whose body is a `http_body::Body`, and errors that are `std::error::Error`",
    note = "errors in a `Box<dyn Error + Send + Sync>` are judged by `HttpClassify::new().boxed_errors()`",
    note = "for anything else, `classify_fn(|result: Result<&Res, &Err>| …)` makes one of a closure"
)]
pub trait Classify<Res, Err>: ClassifyEnd {
    /// Judges a call that ended with an error.
    fn error(&self, error: &Err) -> Judgement;

    /// Judges a call by the head of its response, or says that its end decides.
    fn response(&self, response: &Res) -> Verdict;
}

/// Judges calls by the end of their bodies. Apart from [`Classify`], because a body knows neither response nor error.
pub trait ClassifyEnd: Send + Sync + 'static {
    /// The body ended cleanly, with these trailers.
    fn end(&self, kind: BodyKind, trailers: Option<&HeaderMap>) -> Judgement {
        let _ = (kind, trailers);
        Judgement::new(Outcome::Success)
    }

    /// The body broke off.
    fn broken(&self) -> Judgement {
        Judgement::new(Outcome::Failure).with_reached(Reached::Perhaps)
    }
}

/// Of bodies that nobody judges: whichever end is clean is a success.
impl ClassifyEnd for () {}

/// What the head of an answer allows to say.
///
/// ```
/// use buttress_core::outcome::{BodyKind, Outcome, Verdict};
///
/// assert_eq!(Verdict::now(Outcome::Failure).outcome(), Some(Outcome::Failure));
/// assert_eq!(Verdict::AtEnd(BodyKind::Grpc).outcome(), None);
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "either it is known, or it is not")]
#[must_use = "a verdict changes nothing until somebody heeds it"]
pub enum Verdict {
    /// It is known already.
    Now(Judgement),
    /// The trailers, or the end of the body, decide.
    AtEnd(BodyKind),
}

impl Verdict {
    /// It is known already.
    pub const fn now(outcome: Outcome) -> Self {
        Self::Now(Judgement::new(outcome))
    }

    /// How the call ended, if that is known already.
    #[must_use]
    pub const fn outcome(self) -> Option<Outcome> {
        match self {
            Self::Now(judgement) => Some(judgement.outcome()),
            Self::AtEnd(_) => None,
        }
    }

    /// How the call ended, for who hears nothing beyond the head: what only the end would have shown counts as a
    /// success.
    ///
    /// ```
    /// use buttress_core::outcome::{BodyKind, Judgement, Outcome, Verdict};
    ///
    /// assert_eq!(Verdict::now(Outcome::Failure).by_the_head().outcome(), Outcome::Failure);
    /// assert_eq!(Verdict::AtEnd(BodyKind::Grpc).by_the_head(), Judgement::new(Outcome::Success));
    /// ```
    #[inline]
    pub const fn by_the_head(self) -> Judgement {
        match self {
            Self::Now(judgement) => judgement,
            Self::AtEnd(_) => Judgement::new(Outcome::Success),
        }
    }
}

/// What the head says of the body that follows. See [`Verdict`] for an example.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum BodyKind {
    /// Its trailers have to bring a status.
    Grpc,
    /// A clean end is enough.
    Other,
}
