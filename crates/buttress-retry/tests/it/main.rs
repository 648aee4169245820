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
mod amplification;
mod bodies;
mod contract;
mod deadlines;
mod earnings;
#[cfg(feature = "hyper")]
mod errors;
mod exact;
mod guide;
mod health;
mod hedges;
mod marks;
mod policy;
mod repeats;
mod scenarios;
mod settings;
mod signals;
mod support;
mod wire;
