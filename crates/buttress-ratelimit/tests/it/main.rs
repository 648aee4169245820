//! One test binary; one module for each promise the docs make.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    missing_docs,
    unreachable_pub,
    reason = "these are tests"
)]

mod crowded;
mod memory;
mod threads;
mod together;
#[cfg(all(feature = "conformance", feature = "redis"))]
mod conformance;
mod contract;
#[cfg(feature = "redis")]
#[path = "../storm/crowd.rs"]
mod crowd;
#[cfg(feature = "redis")]
mod fleet;
mod refusals;
mod headers;
mod policies;
mod counting;
mod oversized;
mod penalties;
mod hosts;
mod hosts;
mod hot;
mod late;
mod direct;
mod settings;
mod allocations;
mod signals;
mod waiting;
mod complaints;
mod support;
mod guide;
mod queued;
mod throttle;
