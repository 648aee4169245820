use std::error::Error;

use http::{Extensions, HeaderMap, Response, StatusCode, Version};
use http_body::Body;

use super::{HttpClassify, says};
use crate::outcome::{
    BodyKind, CallersFault, Classify, ClassifyEnd, Judgement, LocalRefusal, Outcome, Reached,
    Verdict, errors,
};
use crate::{Code, GrpcCode, Problem};

// Without this the compiler asks a `Box<dyn Error>` to be an `Error`, and does not say what else there is.
#[diagnostic::do_not_recommend]
impl<B: Body, E: Error + 'static> Classify<Response<B>, E> for HttpClassify {
    fn error(&self, error: &E) -> Judgement {
        self.read(error)
    }

    #[inline]
    fn response(&self, response: &Response<B>) -> Verdict {
        self.by_head(response)
    }
}

impl ClassifyEnd for HttpClassify {
    fn end(&self, kind: BodyKind, trailers: Option<&HeaderMap>) -> Judgement {
        match trailers {
            Some(trailers) if says::has_status(trailers) => self.by_code(trailers),
            // gRPC takes a call without a status for one that failed in an unknown way.
            _ if kind == BodyKind::Grpc => {
                Judgement::new(self.table.code(GrpcCode::UNKNOWN)).with_reached(Reached::Perhaps)
            }
            _ => Judgement::new(Outcome::Success),
        }
    }
}

impl HttpClassify {
    #[inline]
    pub(in crate::outcome) fn by_head<B: Body>(&self, response: &Response<B>) -> Verdict {
        let status = response.status();
        if status.as_u16() < 400
            && self.table.status(status) == Outcome::Success
            && !may_be_grpc(response)
        {
            return self.at_end(BodyKind::Other);
        }
        self.look_closer(status, response.headers(), response.extensions())
    }

    /// What an error says, or one of those behind it.
    pub(in crate::outcome) fn read(&self, error: &(dyn Error + 'static)) -> Judgement {
        errors::read(error, &self.readers, |status| self.table.status(status))
    }

    #[inline(never)]
    fn look_closer(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
        extensions: &Extensions,
    ) -> Verdict {
        if let Some(judgement) = LocalRefusal::judgement(extensions) {
            return Verdict::Now(judgement);
        }
        let reached = if is_late(extensions) { Reached::Perhaps } else { Reached::Answered };
        if status == StatusCode::OK && says::is_grpc(headers) {
            if !says::has_status(headers) {
                return self.at_end(BodyKind::Grpc);
            }
            let judgement = || self.by_code(headers).with_reached(reached);
            return Verdict::Now(CallersFault::judgement(extensions).unwrap_or_else(judgement));
        }
        match self.table.status(status) {
            Outcome::Success if status.as_u16() < 400 => self.at_end(BodyKind::Other),
            outcome => {
                let judgement = Judgement::new(outcome).with_reached(reached);
                let judgement = judgement.with_advice(says::http(headers));
                Verdict::Now(CallersFault::judgement(extensions).unwrap_or(judgement))
            }
        }
    }

    #[inline]
    fn at_end(&self, kind: BodyKind) -> Verdict {
        if self.follow_bodies { Verdict::AtEnd(kind) } else { Verdict::now(Outcome::Success) }
    }

    /// By the status of gRPC, which stands in trailers, or in the head where there is no body.
    fn by_code(&self, metadata: &HeaderMap) -> Judgement {
        let code = metadata.get(says::STATUS).map_or(GrpcCode::UNKNOWN, says::code);
        Judgement::new(self.table.code(code)).with_advice(says::grpc(metadata))
    }
}

/// Whether it stands in the place of an answer that did not come in time.
fn is_late(extensions: &Extensions) -> bool {
    extensions.get().is_some_and(|problem: &Problem| problem.code() == Code::TIMED_OUT)
}

/// Whether it has to be looked at more closely. Over HTTP/1 there is no gRPC but in tests, where no connection gave the
/// response its version; there a body of a known length is none.
#[inline]
fn may_be_grpc<B: Body>(response: &Response<B>) -> bool {
    response.version() >= Version::HTTP_2
        || response.body().size_hint().exact().is_none_or(|length| length == 0)
}
