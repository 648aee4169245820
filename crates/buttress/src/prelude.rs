//! The few names that most services use.
//!
//! ```
//! use buttress::prelude::*;
//!
//! fn find(id: u64) -> Result<&'static str, Problem> {
//!     (id == 7).then_some("a lamp").ok_or_else(|| Problem::new(Code::NOT_FOUND))
//! }
//! assert_eq!(find(8).unwrap_err().status(), 404);
//! ```

#[cfg(feature = "outbound")]
pub use crate::Outbound;
#[cfg(feature = "tokio")]
pub use crate::clock::TokioTimer;
pub use crate::clock::{ms, secs};
#[cfg(feature = "serve")]
pub use crate::serve::Server;
pub use crate::stage::{Gate, RequestHead, ResponseHead, Stage};
pub use crate::{Code, Context, Detail, Inbound, IntoProblem, Principal, Problem, RequestContext};
#[cfg(feature = "circuit-breaker")]
pub use buttress_circuit_breaker::CircuitBreaker;
#[cfg(feature = "health")]
pub use buttress_health::{Check, HealthChecks};
#[cfg(feature = "ratelimit")]
pub use buttress_ratelimit::{Quota, RateLimit};
#[cfg(feature = "retry")]
pub use buttress_retry::{Backoff, Budget, Hedge, Jitter, Retry};
