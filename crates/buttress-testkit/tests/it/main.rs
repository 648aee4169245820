//! One test binary; one module for each tool.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "these are tests")]

mod allocations;
mod body;
mod contract;
mod mock;
#[cfg(feature = "proxy")]
mod proxy;
mod raw;
#[cfg(all(unix, feature = "redis"))]
mod redis;
