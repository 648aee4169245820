//! One test binary; one module for each promise the docs make.
#![allow(clippy::unwrap_used, missing_docs, reason = "these are tests")]
#[cfg(all(feature = "error-envelope", feature = "ratelimit"))]
mod catalogue;
mod inbound;
#[cfg(all(feature = "error-envelope", feature = "health"))]
mod inbound_errors;
#[cfg(feature = "ratelimit")]
mod inbound_limits;
#[cfg(feature = "outbound")]
mod outbound;
#[cfg(all(feature = "axum", feature = "serve"))]
mod serve;
