//! One test binary; one module for each promise the docs make.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    missing_docs,
    unreachable_pub,
    reason = "these are tests"
)]

mod address;
mod audit;
mod clock;
mod context;
mod deadline;
mod grpc_status;
mod headers;
mod keys;
mod metrics;
#[cfg(feature = "metrics")]
mod metrics_facade;
mod mistakes;
mod outcome;
mod probe;
mod problem;
mod quoting;
mod redact;
mod refusals;
mod render;
mod repeats;
mod secret;
mod stage;
mod trace;
