use http::Extensions;

use super::{Judgement, Outcome, Reached};

/// In the extensions of a response, it says that what went wrong was the caller's: a request whose body did not come,
/// or broke off. The dependency could not have answered, so this says nothing of it.
///
/// ```
/// use buttress_core::outcome::{CallersFault, Classify, HttpClassify, Outcome};
/// use bytes::Bytes;
/// use http::{Response, StatusCode};
/// use http_body_util::Empty;
/// use std::io;
///
/// let mut late = Response::new(Empty::<Bytes>::new());
/// *late.status_mut() = StatusCode::REQUEST_TIMEOUT;
/// let judge = |response: &_| Classify::<_, io::Error>::response(&HttpClassify::new(), response).outcome();
/// assert_eq!(judge(&late), Some(Outcome::Failure));
///
/// late.extensions_mut().insert(CallersFault);
/// assert_eq!(judge(&late), Some(Outcome::Ignored));
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "a value that is written as its name")]
pub struct CallersFault;

impl CallersFault {
    /// What a response with these extensions says, if that is nothing. Some of it was sent.
    pub(super) fn judgement(extensions: &Extensions) -> Option<Judgement> {
        extensions.get::<Self>()?;
        Some(Judgement::new(Outcome::Ignored).with_reached(Reached::Perhaps))
    }
}
