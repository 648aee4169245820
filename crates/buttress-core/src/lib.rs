#![doc = include_str!("../README.md")]
//!
//! ## Guarantees
//!
//! - No unsafe code, no panic on any input. (A future that is polled after it has completed panics, as std's do.)
//! - Nothing malformed from outside gets into the context, and so to the next hop: no id, trace, address or
//!   deadline.
//! - Texts for the client and texts for the log are different fields.
//!
//! ## Cancellation
//!
//! `Drop` gives back whatever a request took: see [`stage`](stage#cancellation).
//!
//! ## Cost
//!
//! A request that passes allocates twice for its [`Context`], and not at all for the shell or for a stage
//! that does not ask for it. Each type says what it costs.
//!
//! ## Errors
//!
//! Wrong settings are a [`BuildError`] with every [`Fault`]; a caller gets a response made from a
//! [`Problem`]. The error of the inner service stays as it is.
//!
//! ## Features
//!
//! None is on by default; each only adds.
//!
//! | feature | what it adds |
//! |---|---|
//! | `axum` | `IntoResponse` for [`Problem`]; the context reads axum's peer address and route template |
//! | `tonic` | [`Problem`] to and from `tonic::Status` |
//! | `metrics` | [`metrics`] that report to the `metrics` facade |
//! | `tokio` | `TokioClock` and `TokioTimer` |
//! | `quanta` | `CounterClock`, which goes by the counter of the processor |
//! | `schemars` | JSON schemas of the settings |
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod address;
pub mod audit;
mod causes;
pub mod clock;
mod context;
pub mod deadline;
pub mod engine;
mod error;
mod flood;
mod hex;
pub mod key;
pub mod metrics;
mod number;
pub mod outcome;
mod probe;
mod problem;
mod random;
pub mod redact;
pub mod render;
mod reply;
mod secret;
pub mod stage;
pub mod sync;
pub mod trace;

pub use self::address::ClientAddress;
pub use self::audit::Audit;
pub use self::causes::causes;
pub use self::context::{
    Context, ContextBuilder, ContextSettings, PeerAddress, Principal, Repeats, RequestContext,
    RequestId, Scoped, Trust,
};
pub use self::deadline::Deadline;
pub use self::error::{BuildError, Fault, Faults};
pub use self::key::{Key, KeyFor, KeySeed, Keyer};
pub use self::outcome::{Classify, HttpClassify, Judgement, Outcome};
pub use self::probe::{Health, HealthStatus, Probe, ProbeFn, ProbeFuture, probe_fn};
pub use self::problem::{
    Anchor, Class, Code, DependencyFailed, Detail, GrpcCode, IntoProblem, Place, Problem,
    ProblemType,
};
pub use self::random::Dice;
pub use self::redact::Redact;
pub use self::reply::Reply;
pub use self::secret::Secret;

/// What the macros need, wherever they are used.
#[doc(hidden)]
pub mod __private {
    pub use http::StatusCode;
}
