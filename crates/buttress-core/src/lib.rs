//! The vocabulary that every Buttress layer shares.

pub mod address;
pub mod clock;
mod error;
mod hex;
pub mod metrics;
mod probe;
pub mod redact;
mod secret;
pub mod sync;
pub mod trace;

pub use self::address::ClientAddress;
pub use self::error::{BuildError, Fault, Faults};
pub use self::probe::{Health, HealthStatus, Probe, ProbeFn, ProbeFuture, probe_fn};
pub use self::redact::Redact;
pub use self::secret::Secret;
