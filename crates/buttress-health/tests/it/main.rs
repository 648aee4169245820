//! One test binary; one module for each promise the docs make.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    missing_docs,
    unreachable_pub,
    reason = "these are tests"
)]

mod access;
mod background;
mod changes;
#[cfg(feature = "http")]
mod circular;
mod contract;
mod cost;
mod crowd;
mod drift;
mod early;
mod endpoints;
#[cfg(feature = "grpc")]
mod grpc;
mod guide;
mod health_json;
mod hostile;
mod hysteresis;
mod liveness;
mod own_paths;
mod ready_made;
mod restarts;
mod settings;
mod signals;
mod sockets;
mod summary;
mod support;
mod traces;
