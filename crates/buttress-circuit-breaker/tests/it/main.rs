//! The promises of the crate, a module each.
#![allow(
    clippy::cast_precision_loss,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    missing_docs,
    unreachable_pub,
    reason = "these are tests"
)]

mod door;
mod events;
#[cfg(all(feature = "conformance", feature = "redis"))]
mod fleet;
mod guide;
mod machine;
mod scenarios;
mod scripts;
