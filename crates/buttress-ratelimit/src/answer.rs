use std::sync::Arc;
use std::time::Duration;

use buttress_core::{Code, Problem, ProblemType};

use crate::Retry;

/// Codes that this crate adds to those of [`Code`].
///
/// ```
/// use buttress_ratelimit::codes;
///
/// assert_eq!(codes::BANNED.status(), 429);
/// assert!(!codes::COST_ABOVE_LIMIT.is_retryable());
/// ```
pub mod codes {
    buttress_core::codes! {
        /// A single request costs more than the burst: waiting does not help.
        COST_ABOVE_LIMIT = TOO_MANY_REQUESTS, "This costs more than is ever allowed at once.",
            retryable = false, grpc = OUT_OF_RANGE;
        /// A client was refused again and again, and has to stay away for a time.
        BANNED = TOO_MANY_REQUESTS, "Too many requests, too often.";
        /// The request does not say whose quota to charge.
        LIMIT_KEY_MISSING = BAD_REQUEST, "The request does not say who sends it.";
    }
}

/// What a policy answers with: all of it made beforehand that does not depend on the request.
#[derive(Debug)]
pub(crate) struct Answers {
    overload: bool,
    exceeded: ProblemType,
    abnormal: ProblemType,
}

impl Answers {
    pub(crate) fn of(policy: &Arc<str>, overload: bool) -> Self {
        let exceeded = if overload {
            ProblemType::new(
                "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity",
                "Request cannot be satisfied due to temporary server capacity constraints",
            )
        } else {
            ProblemType::new(
                "https://iana.org/assignments/http-problem-types#quota-exceeded",
                "Request cannot be satisfied as assigned quota has been exceeded",
            )
        };
        let abnormal = ProblemType::new(
            "https://iana.org/assignments/http-problem-types#abnormal-usage-detected",
            "Request not satisfied due to detection of abnormal request pattern",
        );
        let named = |kind: ProblemType| kind.member("violated-policies", [policy.clone()]);
        Self { overload, exceeded: named(exceeded), abnormal: named(abnormal) }
    }

    /// A quota is used up, or can never be enough.
    pub(crate) fn refused(&self, retry: Retry) -> Problem {
        let code = match (retry, self.overload) {
            (Retry::Never, _) => codes::COST_ABOVE_LIMIT,
            (Retry::After(_) | Retry::Unknown, true) => Code::OVERLOADED,
            (Retry::After(_) | Retry::Unknown, false) => Code::RATE_LIMITED,
        };
        let problem = Problem::new(code).with_type(&self.exceeded);
        match retry {
            Retry::After(wait) => problem.with_retry_after(wait),
            Retry::Never | Retry::Unknown => problem,
        }
    }

    pub(crate) fn banned(&self, left: Duration) -> Problem {
        Problem::new(codes::BANNED).with_type(&self.abnormal).with_retry_after(left)
    }
}

/// The store cannot be asked, and the policy then denies.
pub(crate) fn unavailable() -> Problem {
    Problem::new(Code::UNAVAILABLE).with_retry_after(Duration::from_secs(1))
}

pub(crate) fn denied() -> Problem {
    Problem::new(Code::FORBIDDEN)
}

pub(crate) fn key_missing() -> Problem {
    Problem::new(codes::LIMIT_KEY_MISSING)
}
