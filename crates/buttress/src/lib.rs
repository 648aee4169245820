#![cfg_attr(all(feature = "axum", feature = "outbound"), doc = include_str!("../README.md"))]
#![cfg_attr(
    not(all(feature = "axum", feature = "outbound")),
    doc = "Tower layers that make a Rust service fit for production."
)]
//!
//! ## Features
//!
//! None is on by default; each only adds.
//!
//! | feature | what it adds |
//! |---|---|
//! | `axum` | handlers return [`Problem`]s; the context knows axum's peer address and route template |
//! | `circuit-breaker` | [`circuit_breaker`]: stop calling what is down; with `redis`, for a fleet |
//! | `error-envelope` | [`Inbound`] gives every failure one shape; with `axum`, extractors that refuse with problems |
//! | `health` | [`Inbound`] answers probes; checks in the background; with `tonic`, `grpc.health.v1` |
//! | `health-disk`, `health-http` | checks of a file system, and of another service |
//! | `outbound` | [`Outbound`]: the wall before a dependency, with the three crates that it is made of |
//! | `overload` | [`overload`]: deadlines, timeouts, bulkheads, load shedding, limits, outliers, fallbacks |
//! | `ratelimit` | [`Inbound`] limits how much is asked, before and after authentication; with `redis`, for a fleet |
//! | `redis` | [`redis`]: the one way to Redis, for what a fleet shares |
//! | `redis-tls`, `redis-deadpool` | TLS to Redis, on rustls; connections of `deadpool-redis` for calls that wait at the server |
//! | `reqwest` | a client of `reqwest` behind [`Outbound`] |
//! | `retry` | [`retry`]: retries and hedges that never multiply a failure |
//! | `tower` | with `error-envelope`: the errors of tower's own middleware become problems |
//! | `tonic` | [`Problem`] to and from `tonic::Status`; a channel behind [`Outbound`] |
//! | `metrics` | metrics report to the `metrics` facade |
//! | `tokio` | `TokioTimer`, which sleeps on tokio: the timer of whatever waits (queues, timeouts, retries), so most other features bring it along; and `TokioClock`, for tests on paused time |
//! | `quanta` | a clock that goes by the counter of the processor |
//! | `serve` | [`serve`](mod@serve): a server with limits against slow and hostile clients, and a shutdown in phases |
//! | `systemd` | sockets that systemd has opened; ready, stopping and watchdog |
//! | `tls` | TLS for the server, on rustls |
//! | `schemars` | JSON schemas of the settings |
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "error-envelope")]
mod catalogue;
pub mod inbound;
#[cfg(feature = "outbound")]
pub mod outbound;
pub mod prelude;
#[cfg(feature = "serve")]
pub mod serve;

#[cfg(feature = "circuit-breaker")]
#[doc(no_inline)]
pub use buttress_circuit_breaker as circuit_breaker;
pub use buttress_core::{
    Anchor, Audit, BuildError, Class, Classify, ClientAddress, Code, Context, ContextBuilder,
    ContextSettings, Deadline, DependencyFailed, Detail, Dice, Fault, Faults, GrpcCode, Health,
    HealthStatus, HttpClassify, IntoProblem, Judgement, Key, KeyFor, KeySeed, Keyer, Outcome,
    PeerAddress, Place, Principal, Probe, ProbeFn, ProbeFuture, Problem, ProblemType, Redact,
    Repeats, Reply, RequestContext, RequestId, Scoped, Secret, Trust, causes, codes, probe_fn,
};
#[doc(no_inline)]
pub use buttress_core::{
    address, audit, clock, deadline, engine, key, metrics, outcome, redact, render, stage, sync,
    trace,
};
#[cfg(feature = "error-envelope")]
#[doc(no_inline)]
pub use buttress_error_envelope as error_envelope;
#[cfg(feature = "health")]
#[doc(no_inline)]
pub use buttress_health as health;
#[cfg(feature = "overload")]
#[doc(no_inline)]
pub use buttress_overload as overload;
#[cfg(feature = "ratelimit")]
#[doc(no_inline)]
pub use buttress_ratelimit as ratelimit;
#[cfg(feature = "redis")]
#[doc(no_inline)]
pub use buttress_redis as redis;
#[cfg(feature = "retry")]
#[doc(no_inline)]
pub use buttress_retry as retry;

#[cfg(feature = "error-envelope")]
pub use self::catalogue::catalogue;
pub use self::inbound::{Inbound, InboundBuilder, InboundSettings};
#[cfg(feature = "outbound")]
pub use self::outbound::{Outbound, OutboundBuilder, OutboundSettings};
#[cfg(feature = "serve")]
pub use self::serve::serve;
