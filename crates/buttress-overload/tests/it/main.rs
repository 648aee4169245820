//! The promises of the crate, a module each.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    missing_docs,
    unreachable_pub,
    reason = "these are tests"
)]

mod adaptive;
mod allocations;
mod bulkhead;
mod contract;
mod deadline;
mod door;
mod endpoint_list;
mod endpoint_wait;
mod endpoints;
mod fallback;
mod guide;
mod health;
mod hostile;
mod lines;
mod outlier;
mod properties;
#[cfg(feature = "schemars")]
mod schemas;
mod shed;
mod signals;
mod simulator;
mod stray_waits;
mod throttle;
mod timeout;
