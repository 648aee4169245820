//! One test binary; one module for each promise the docs make.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    missing_docs,
    unreachable_pub,
    reason = "these are tests"
)]

mod allocations;
mod audited;
mod complaints;
#[cfg(all(feature = "conformance", feature = "redis"))]
mod conformance;
mod contract;
mod counting;
#[cfg(feature = "redis")]
#[path = "../storm/crowd.rs"]
mod crowd;
mod crowded;
mod direct;
#[cfg(feature = "redis")]
mod fleet;
#[cfg(feature = "conformance")]
mod generous;
mod guide;
mod headers;
mod hosts;
mod hot;
mod late;
mod lists;
mod memory;
mod oversized;
mod penalties;
mod policies;
mod queued;
mod refusals;
mod reported;
mod settings;
mod signals;
mod support;
mod threads;
mod throttle;
mod together;
mod told;
mod waiting;
