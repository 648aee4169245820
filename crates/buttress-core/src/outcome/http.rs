use std::error::Error;
use std::fmt;
use std::sync::Arc;

use http::{Extensions, HeaderMap, Response, StatusCode, Version};
use http_body::Body;

use super::{
    BodyKind, BoxedErrors, Classify, ClassifyEnd, Judgement, LocalRefusal, Outcome, Reached,
    ReadError, Verdict, errors, says,
};
use crate::GrpcCode;

/// Judges calls over HTTP and gRPC. The default everywhere.
///
/// | what came back | is a |
/// |---|---|
/// | 408, 500, 502, 503, 504, 507, 508, 509, 511, 520–530, and what is no status at all (from 600 on) | failure |
/// | 429; gRPC `RESOURCE_EXHAUSTED` | throttled call |
/// | 421, 425; gRPC `CANCELLED` | call that is ignored |
/// | any other status: what the client did wrong, the dependency did well to say | success |
/// | gRPC `UNKNOWN`, `DEADLINE_EXCEEDED`, `INTERNAL`, `UNAVAILABLE`, `DATA_LOSS`; no status in the end | failure |
/// | any other code of gRPC | success |
/// | a body that breaks off | failure |
/// | an error | failure, unless its chain says better |
/// | a [`LocalRefusal`], or an error with the problem of one in its chain | rejected call |
///
/// A response below 400 is judged at the end of its body, and so is gRPC that has no status in its head.
///
/// What the other side says of coming back is heeded: `Retry-After`, in seconds or as a date;
/// `grpc-retry-pushback-ms`, where a negative number or nonsense means never; `x-no-retry: 1`, with which
/// an inner hop says that it has tried again already. What is malformed is not there.
///
/// ```
/// use buttress_core::outcome::{Classify, HttpClassify, Outcome};
/// use http::{Response, StatusCode};
/// use http_body_util::Empty;
/// use bytes::Bytes;
/// use std::{io, time::Duration};
///
/// // Of this dependency a 404 is a failure, and a 503 says that we are too fast.
/// let classify = HttpClassify::new()
///     .failures([StatusCode::NOT_FOUND])
///     .throttled([StatusCode::SERVICE_UNAVAILABLE]);
///
/// let busy = Response::builder().status(503).header("retry-after", "7").body(Empty::<Bytes>::new()).unwrap();
/// let buttress_core::outcome::Verdict::Now(judgement) =
///     Classify::<_, io::Error>::response(&classify, &busy)
/// else { panic!("known by the head") };
/// assert_eq!(judgement.outcome(), Outcome::Throttled);
/// let now = buttress_core::clock::Timestamp::EPOCH;
/// assert_eq!(judgement.wait_advised(now), Some(Duration::from_secs(7)));
///
/// let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
/// let judgement = Classify::<Response<Empty<Bytes>>, _>::error(&classify, &refused);
/// assert!(judgement.is_unprocessed(), "so anything may be sent again");
/// ```
///
/// # Cost
///
/// No allocation. What a success costs is said in the [module](super#cost).
#[derive(Clone)]
pub struct HttpClassify {
    statuses: [Outcome; STATUSES],
    codes: [Outcome; CODES],
    follow_bodies: bool,
    readers: Vec<Arc<dyn ReadError>>,
}

/// From 100 to 611; what is above is judged as the last.
const STATUSES: usize = 512;
const CODES: usize = 17;

impl HttpClassify {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self {
            statuses: DEFAULT_STATUSES,
            codes: DEFAULT_CODES,
            follow_bodies: true,
            readers: Vec::new(),
        }
    }

    /// Takes these statuses for failures.
    #[must_use]
    pub fn failures(self, statuses: impl IntoIterator<Item = StatusCode>) -> Self {
        self.with_statuses(statuses, Outcome::Failure)
    }

    /// Takes these statuses for throttled calls.
    #[must_use]
    pub fn throttled(self, statuses: impl IntoIterator<Item = StatusCode>) -> Self {
        self.with_statuses(statuses, Outcome::Throttled)
    }

    /// Does not count calls with these statuses.
    #[must_use]
    pub fn ignored(self, statuses: impl IntoIterator<Item = StatusCode>) -> Self {
        self.with_statuses(statuses, Outcome::Ignored)
    }

    /// Takes these statuses for successes.
    #[must_use]
    pub fn successes(self, statuses: impl IntoIterator<Item = StatusCode>) -> Self {
        self.with_statuses(statuses, Outcome::Success)
    }

    /// Takes these codes of gRPC for failures.
    #[must_use]
    pub fn grpc_failures(self, codes: impl IntoIterator<Item = GrpcCode>) -> Self {
        self.with_codes(codes, Outcome::Failure)
    }

    /// Takes these codes of gRPC for throttled calls.
    #[must_use]
    pub fn grpc_throttled(self, codes: impl IntoIterator<Item = GrpcCode>) -> Self {
        self.with_codes(codes, Outcome::Throttled)
    }

    /// Does not count calls with these codes of gRPC.
    #[must_use]
    pub fn grpc_ignored(self, codes: impl IntoIterator<Item = GrpcCode>) -> Self {
        self.with_codes(codes, Outcome::Ignored)
    }

    /// Takes these codes of gRPC for successes.
    #[must_use]
    pub fn grpc_successes(self, codes: impl IntoIterator<Item = GrpcCode>) -> Self {
        self.with_codes(codes, Outcome::Success)
    }

    /// Whether a response that begins well is judged at the end of its body, as it is by default. If not, a body that breaks off
    /// and a status in the trailers of gRPC are not seen.
    #[must_use]
    pub fn follow_bodies(self, follow: bool) -> Self {
        Self { follow_bodies: follow, ..self }
    }

    /// Asks `reader` about errors, too, and after those that were given before.
    #[must_use]
    pub fn also(mut self, reader: Arc<dyn ReadError>) -> Self {
        self.readers.push(reader);
        self
    }

    /// The same for errors in a `Box<dyn Error + Send + Sync>`, as tower's layers have them.
    #[must_use]
    pub fn boxed_errors(self) -> BoxedErrors {
        BoxedErrors::new(self)
    }

    fn with_statuses(
        mut self,
        statuses: impl IntoIterator<Item = StatusCode>,
        outcome: Outcome,
    ) -> Self {
        for status in statuses {
            self.statuses[place(status)] = outcome;
        }
        self
    }

    fn with_codes(mut self, codes: impl IntoIterator<Item = GrpcCode>, outcome: Outcome) -> Self {
        for code in codes {
            self.codes[usize::from(code.as_u8())] = outcome;
        }
        self
    }
}

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
                Judgement::new(self.of_code(GrpcCode::UNKNOWN)).with_reached(Reached::Perhaps)
            }
            _ => Judgement::new(Outcome::Success),
        }
    }
}

impl HttpClassify {
    #[inline]
    pub(super) fn by_head<B: Body>(&self, response: &Response<B>) -> Verdict {
        let status = response.status();
        if status.as_u16() < 400
            && self.of_status(status) == Outcome::Success
            && !may_be_grpc(response)
        {
            return self.at_end(BodyKind::Other);
        }
        self.look_closer(status, response.headers(), response.extensions())
    }

    /// What an error says, or one of those behind it.
    pub(super) fn read(&self, error: &(dyn Error + 'static)) -> Judgement {
        errors::read(error, &self.readers, |status| self.of_status(status))
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
        if status == StatusCode::OK && says::is_grpc(headers) {
            return match says::has_status(headers) {
                true => Verdict::Now(self.by_code(headers)),
                false => self.at_end(BodyKind::Grpc),
            };
        }
        match self.of_status(status) {
            Outcome::Success if status.as_u16() < 400 => self.at_end(BodyKind::Other),
            outcome => Verdict::Now(Judgement::new(outcome).with_advice(says::http(headers))),
        }
    }

    #[inline]
    fn at_end(&self, kind: BodyKind) -> Verdict {
        if self.follow_bodies { Verdict::AtEnd(kind) } else { Verdict::now(Outcome::Success) }
    }

    #[inline]
    fn of_status(&self, status: StatusCode) -> Outcome {
        self.statuses[place(status)]
    }

    fn of_code(&self, code: GrpcCode) -> Outcome {
        self.codes[usize::from(code.as_u8()).min(CODES - 1)]
    }

    /// By the status of gRPC, which stands in trailers, or in the head where there is no body.
    fn by_code(&self, metadata: &HeaderMap) -> Judgement {
        let code = metadata.get(says::STATUS).map_or(GrpcCode::UNKNOWN, says::code);
        Judgement::new(self.of_code(code)).with_advice(says::grpc(metadata))
    }
}

/// Whether it has to be looked at more closely. Over HTTP/1 there is no gRPC but in tests, where no connection gave the
/// response its version; there a body of a known length is none.
#[inline]
fn may_be_grpc<B: Body>(response: &Response<B>) -> bool {
    response.version() >= Version::HTTP_2
        || response.body().size_hint().exact().is_none_or(|length| length == 0)
}

#[inline]
fn place(status: StatusCode) -> usize {
    usize::from(status.as_u16() - 100).min(STATUSES - 1)
}

const DEFAULT_STATUSES: [Outcome; STATUSES] = {
    let mut all = [Outcome::Success; STATUSES];
    let mut place = 0;
    while place < STATUSES {
        all[place] = match place + 100 {
            408 | 500 | 502..=504 | 507..=509 | 511 | 520..=530 | 600.. => Outcome::Failure,
            429 => Outcome::Throttled,
            421 | 425 => Outcome::Ignored,
            _ => Outcome::Success,
        };
        place += 1;
    }
    all
};

const DEFAULT_CODES: [Outcome; CODES] = {
    let mut all = [Outcome::Success; CODES];
    let mut code = 0;
    while code < CODES {
        all[code] = match code {
            2 | 4 | 13..=15 => Outcome::Failure,
            8 => Outcome::Throttled,
            1 => Outcome::Ignored,
            _ => Outcome::Success,
        };
        code += 1;
    }
    all
};

impl Default for HttpClassify {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for HttpClassify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClassify")
            .field("follow_bodies", &self.follow_bodies)
            .field("readers", &self.readers.len())
            .finish_non_exhaustive()
    }
}
