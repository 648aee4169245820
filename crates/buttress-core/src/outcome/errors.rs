use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;

use http::{Response, StatusCode};
use http_body::Body;

use super::{
    Advice, BodyKind, Classify, ClassifyEnd, HttpClassify, Judgement, LocalRefusal, Outcome,
    Reached, Verdict,
};
use crate::{Problem, causes};

/// Judges errors of a kind that core does not know: those of a client, of a driver.
///
/// It is asked for each error of a chain, the outermost first, until somebody knows more.
///
/// ```
/// use buttress_core::outcome::{Classify, HttpClassify, Judgement, Outcome, ReadError, Reached};
/// use http::Response;
/// use http_body_util::Empty;
/// use bytes::Bytes;
/// use std::{error::Error, io, sync::Arc};
///
/// #[derive(Debug, thiserror::Error)]
/// #[error("all connections are in use")]
/// struct PoolIsEmpty;
///
/// struct Pools;
///
/// impl ReadError for Pools {
///     fn read(&self, error: &(dyn Error + 'static)) -> Option<Judgement> {
///         let unsent = Judgement::new(Outcome::Failure).with_reached(Reached::No);
///         error.is::<PoolIsEmpty>().then_some(unsent)
///     }
/// }
///
/// let classify = HttpClassify::new().also(Arc::new(Pools));
/// let error = io::Error::other(PoolIsEmpty);
/// assert!(Classify::<Response<Empty<Bytes>>, _>::error(&classify, &error).is_unprocessed());
/// ```
pub trait ReadError: Send + Sync + 'static {
    /// What this error says; nothing, if it is not one that is known here.
    fn read(&self, error: &(dyn Error + 'static)) -> Option<Judgement>;
}

/// What an error says, or one of those behind it.
#[cold]
pub(super) fn read(
    error: &(dyn Error + 'static),
    readers: &[Arc<dyn ReadError>],
    of_status: impl Fn(StatusCode) -> Outcome,
) -> Judgement {
    let mut said = causes(error).filter_map(|error| {
        let own = readers.iter().find_map(|reader| reader.read(error));
        own.or_else(|| of_problem(error, &of_status)).or_else(|| of_connection(error))
    });
    said.next().unwrap_or(Judgement::new(Outcome::Failure).with_reached(Reached::Perhaps))
}

fn of_problem(
    error: &(dyn Error + 'static),
    of_status: impl Fn(StatusCode) -> Outcome,
) -> Option<Judgement> {
    let problem: &Problem = error.downcast_ref()?;
    if let Some(refused) = LocalRefusal::of(problem) {
        return Some(refused);
    }
    let judgement = Judgement::new(of_status(problem.status())).with_reached(Reached::Perhaps);
    Some(judgement.with_advice(problem.retry_after().map_or(Advice::None, Advice::After)))
}

/// A connection that was refused carried nothing; of any other error of the network nobody knows.
fn of_connection(error: &(dyn Error + 'static)) -> Option<Judgement> {
    let error: &io::Error = error.downcast_ref()?;
    let refused = error.kind() == io::ErrorKind::ConnectionRefused;
    refused.then_some(Judgement::new(Outcome::Failure).with_reached(Reached::No))
}

/// An [`HttpClassify`] for services whose error is a `Box<dyn Error + Send + Sync>`, as those behind tower's layers.
///
/// ```
/// use buttress_core::outcome::{Classify, HttpClassify};
/// use bytes::Bytes;
/// use http::Response;
/// use http_body_util::Empty;
/// use std::io;
///
/// let classify = HttpClassify::new().boxed_errors();
/// let error = tower::BoxError::from(io::Error::from(io::ErrorKind::ConnectionRefused));
/// assert!(Classify::<Response<Empty<Bytes>>, _>::error(&classify, &error).is_unprocessed());
/// ```
#[derive(Clone)]
pub struct BoxedErrors {
    http: HttpClassify,
}

impl BoxedErrors {
    pub(super) fn new(http: HttpClassify) -> Self {
        Self { http }
    }
}

impl<B: Body> Classify<Response<B>, Box<dyn Error + Send + Sync>> for BoxedErrors {
    fn error(&self, error: &Box<dyn Error + Send + Sync>) -> Judgement {
        self.http.read(&**error)
    }

    #[inline]
    fn response(&self, response: &Response<B>) -> Verdict {
        self.http.by_head(response)
    }
}

impl ClassifyEnd for BoxedErrors {
    fn end(&self, kind: BodyKind, trailers: Option<&http::HeaderMap>) -> Judgement {
        self.http.end(kind, trailers)
    }
}

impl fmt::Debug for BoxedErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BoxedErrors").field(&self.http).finish()
    }
}
