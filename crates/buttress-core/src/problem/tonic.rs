//! `Problem` to and from tonic's `Status`: here, because no other crate may write these impls.

use std::error::Error;
use std::sync::Arc;

use tonic::metadata::MetadataMap;
use tonic::{Code as StatusCode, Status};

use super::{Code, GrpcCode, IntoProblem, Problem};
use crate::render;

impl From<Problem> for Status {
    /// What a gRPC client sees. The problem goes along as the source, so that it comes back whole.
    fn from(problem: Problem) -> Self {
        let code = StatusCode::from_i32(problem.code().grpc_code().as_u8().into());
        let metadata = MetadataMap::from_headers(render::grpc_metadata(&problem));
        let mut status = Self::with_metadata(code, problem.message(), metadata);
        status.set_source(Arc::new(problem));
        status
    }
}

impl IntoProblem for Status {
    /// The problem that a client of ours sees when this status reaches it.
    ///
    /// The message is passed on where it is about the request. Where the server is at fault it may tell
    /// too much, so there it stays in the source.
    fn into_problem(self) -> Problem {
        if let Some(problem) = self.source().and_then(|source| source.downcast_ref::<Problem>()) {
            return problem.clone();
        }
        let code = of_status(self.code());
        let problem = match self.message() {
            "" => Problem::new(code),
            message if code.status().is_client_error() => {
                Problem::new(code).with_message(message.to_owned())
            }
            _ => Problem::new(code),
        };
        problem.with_source(self)
    }
}

fn of_status(code: StatusCode) -> Code {
    // A status that says OK is no answer to an error: whoever made it did not know.
    let number = u8::try_from(code as i32).ok().filter(|number| *number > 0).unwrap_or(2);
    let code = match code {
        StatusCode::InvalidArgument | StatusCode::OutOfRange => Code::BAD_REQUEST,
        StatusCode::DeadlineExceeded => Code::TIMED_OUT,
        StatusCode::NotFound => Code::NOT_FOUND,
        StatusCode::AlreadyExists | StatusCode::Aborted => Code::CONFLICT,
        StatusCode::PermissionDenied => Code::FORBIDDEN,
        StatusCode::ResourceExhausted => Code::RATE_LIMITED,
        StatusCode::FailedPrecondition => Code::PRECONDITION_FAILED,
        StatusCode::Unimplemented => Code::NOT_IMPLEMENTED,
        StatusCode::Unavailable => Code::UNAVAILABLE,
        StatusCode::Unauthenticated => Code::UNAUTHENTICATED,
        _ => Code::INTERNAL,
    };
    // A refinement of the family's code: the same to HTTP, and what it was to gRPC.
    code.grpc(GrpcCode::from_u8(number))
}
