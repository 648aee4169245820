use std::sync::Arc;

use buttress_core::stage::ResponseHead;
use http::StatusCode;

/// Which requests count, as far as their answer decides on it. All are charged when they come, and what does not count
/// gets its charge back.
#[derive(Clone)]
pub(crate) struct Counting {
    counts: Counts,
    refunds: Option<Statuses>,
}

#[derive(Clone)]
enum Counts {
    Everything,
    Failures,
    Successes,
    Status(Statuses),
}

type Statuses = Arc<dyn Fn(StatusCode) -> bool + Send + Sync>;

impl Counting {
    pub(crate) const EVERYTHING: Self = Self { counts: Counts::Everything, refunds: None };

    pub(crate) fn only_failures(self) -> Self {
        Self { counts: Counts::Failures, ..self }
    }

    pub(crate) fn only_successes(self) -> Self {
        Self { counts: Counts::Successes, ..self }
    }

    pub(crate) fn only_status(self, counts: Statuses) -> Self {
        Self { counts: Counts::Status(counts), ..self }
    }

    pub(crate) fn refund_status(self, refunds: Statuses) -> Self {
        Self { refunds: Some(refunds), ..self }
    }

    /// Whether nothing depends on the answer.
    pub(crate) fn is_settled_at_once(&self) -> bool {
        matches!(self.counts, Counts::Everything) && self.refunds.is_none()
    }

    /// Whether a request with this answer counts.
    pub(crate) fn counts(&self, response: &dyn ResponseHead) -> bool {
        let status = response.status();
        let counts = match &self.counts {
            Counts::Everything => true,
            Counts::Failures => has_failed(response),
            Counts::Successes => !has_failed(response),
            Counts::Status(counts) => counts(status),
        };
        counts && !self.refunds.as_ref().is_some_and(|refunds| refunds(status))
    }

    /// Whether a request counts that has an error in place of an answer.
    pub(crate) fn counts_errors(&self) -> bool {
        !matches!(self.counts, Counts::Successes)
    }
}

/// Of gRPC only what has failed before its first message is known at the head.
fn has_failed(response: &dyn ResponseHead) -> bool {
    let is_error = |grpc: &http::HeaderValue| grpc != "0";
    response.status().as_u16() >= 400 || response.headers().get("grpc-status").is_some_and(is_error)
}
