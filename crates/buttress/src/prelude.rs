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

pub use crate::stage::{Gate, RequestHead, ResponseHead, Stage};
pub use crate::{Code, Detail, Inbound, IntoProblem, Problem, RequestContext};
#[cfg(feature = "ratelimit")]
pub use buttress_ratelimit::{Quota, RateLimit};
