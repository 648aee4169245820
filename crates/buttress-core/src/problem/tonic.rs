//! `Problem` to and from tonic's `Status`: here, because no other crate may write these impls.

use std::error::Error;
use std::sync::Arc;

use tonic::metadata::MetadataMap;
use tonic::{Code as StatusCode, Status};

use super::{Code, GrpcCode, IntoProblem, Problem};
use crate::{Redact, render};

impl From<Problem> for Status {
    /// What a gRPC client sees. The problem goes along as the source, so that it comes back whole. Of one that quotes
    /// somebody else the message is redacted, by the rules that hold without settings. It is cut as that of a
    /// [`GrpcStatus`](crate::render::GrpcStatus) is.
    ///
    /// Where a server of tonic answers with it as it is, a context outside settles it as it does any problem: with the
    /// details, the words and the id that it gives all others. A status that was given other words or details since
    /// stays as it is.
    fn from(problem: Problem) -> Self {
        let code = StatusCode::from_i32(problem.code().grpc_code().as_u8().into());
        let metadata = MetadataMap::from_headers(render::grpc_metadata(&problem));
        let message = match problem.message() {
            quoting if problem.quotes() => Redact::shared().text(quoting, usize::MAX),
            message => message.into(),
        };
        let message = render::grpc_message(&message);
        let mut status = Self::with_metadata(code, message, metadata);
        status.set_source(Arc::new(problem));
        status
    }
}

/// The problem that this status was made of, unless it says something else by now.
pub(crate) fn made_of(status: &Status) -> Option<&Problem> {
    let problem = status.source()?.downcast_ref::<Problem>()?;
    let made = Status::from(problem.clone());
    let is_same = made.code() == status.code() && made.message() == status.message();
    (is_same && status.details().is_empty()).then_some(problem)
}

impl IntoProblem for Status {
    /// The problem that a client of ours sees when this status reaches it.
    ///
    /// The message is passed on if it is about the request, and is redacted when rendered. If the server is at fault it
    /// may tell too much, so then it stays in the source.
    fn into_problem(self) -> Problem {
        if let Some(problem) = self.source().and_then(|source| source.downcast_ref::<Problem>()) {
            return problem.clone();
        }
        let code = Code::of_grpc(GrpcCode::from_u8(u8::try_from(self.code() as i32).unwrap_or(2)));
        let problem = match self.message() {
            "" => Problem::new(code),
            message if code.status().is_client_error() => {
                Problem::new(code).with_message(message.to_owned()).with_words_of_others()
            }
            _ => Problem::new(code),
        };
        problem.with_source(self)
    }
}
