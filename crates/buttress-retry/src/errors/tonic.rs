use std::error::Error;

use buttress_core::outcome::{BodyKind, ClassifyEnd, HttpClassify, Judgement, ReadError};
use http::HeaderName;
use tonic::Status;

/// Reads the [`Status`] that a client of tonic fails with, by its code and by what it says of coming back.
///
/// It is for [`run_if`](crate::RetryPolicy::run_if), where a typed client is called. A status that was made of another
/// error is left to that one. What a channel fails with are errors of hyper inside: `HyperErrors` knows them.
///
/// ```
/// use buttress_core::outcome::{Outcome, ReadError};
/// use buttress_retry::errors::TonicErrors;
/// use tonic::Status;
///
/// let judged = TonicErrors.read(&Status::unavailable("later perhaps")).unwrap();
/// assert_eq!(judged.outcome(), Outcome::Failure);
/// let judged = TonicErrors.read(&Status::not_found("no such lamp")).unwrap();
/// assert_eq!(judged.outcome(), Outcome::Success, "it did answer");
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "a value that is written as its name")]
pub struct TonicErrors;

impl ReadError for TonicErrors {
    fn read(&self, error: &(dyn Error + 'static)) -> Option<Judgement> {
        let status: &Status = error.downcast_ref()?;
        if status.source().is_some() {
            return None;
        }
        let mut metadata = status.metadata().clone().into_headers();
        metadata.insert(GRPC_STATUS, i32::from(status.code()).into());
        Some(HttpClassify::new().end(BodyKind::Grpc, Some(&metadata)))
    }
}

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
