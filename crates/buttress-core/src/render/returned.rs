//! The problem that a handler of tonic returned as a status: tonic leaves the status among the extensions of its
//! answer.

use http::Extensions;
use http::header::CONTENT_TYPE;
use tonic::Status;

use super::is_grpc;
use crate::Problem;
use crate::problem::tonic::made_of;
use crate::stage::ResponseHead;

/// The problem, while nobody has settled it.
#[inline]
pub(super) fn problem(extensions: &Extensions) -> Option<&Problem> {
    let status = extensions.get::<Status>()?;
    if extensions.get::<Problem>().is_some() { None } else { made_of(status) }
}

/// Puts the problem in the place of the status, and says whether there was one. Not in an answer that has been made
/// another protocol's since, as that of gRPC-Web.
#[cold]
pub(super) fn adopt(response: &mut dyn ResponseHead) -> bool {
    let Some(problem) = problem(response.extensions()).cloned() else { return false };
    if !response.headers().get(CONTENT_TYPE).is_some_and(is_grpc) {
        return false;
    }
    let extensions = response.extensions_mut();
    extensions.remove::<Status>();
    extensions.insert(problem);
    true
}
