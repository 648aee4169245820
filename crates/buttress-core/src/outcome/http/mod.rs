mod date;
mod judge;
mod says;
mod table;

use std::fmt;
use std::sync::Arc;

use http::StatusCode;

pub(crate) use self::says::forbid_retry;
use self::table::Table;
use super::{BoxedErrors, Outcome, ReadError};
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
/// | a [`LocalRefusal`](super::LocalRefusal), or an error with the problem of one in its chain | rejected call |
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
    table: Table,
    follow_bodies: bool,
    readers: Vec<Arc<dyn ReadError>>,
}

impl HttpClassify {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self { table: Table::DEFAULT, follow_bodies: true, readers: Vec::new() }
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

    /// Whether a response that begins well is judged at the end of its body, as it is by default. If not, a body that
    /// breaks off and a status in the trailers of gRPC are not seen.
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
            self.table.set_status(status, outcome);
        }
        self
    }

    fn with_codes(mut self, codes: impl IntoIterator<Item = GrpcCode>, outcome: Outcome) -> Self {
        for code in codes {
            self.table.set_code(code, outcome);
        }
        self
    }
}

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
