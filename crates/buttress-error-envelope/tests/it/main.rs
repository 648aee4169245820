//! One test binary; one module for each promise the docs make.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    missing_docs,
    unreachable_pub,
    reason = "these are tests"
)]

mod alone;
mod bodies;
mod catalogue;
mod come_back;
mod contract;
mod cost;
#[cfg(feature = "tower")]
mod errors;
#[cfg(feature = "axum")]
mod extractors;
mod floods;
mod foreign;
mod formats;
mod heard;
mod json_api;
#[cfg(feature = "axum")]
mod leaks;
#[cfg(feature = "axum")]
mod leaks_of_heads;
mod left_alone;
mod negotiation;
#[cfg(feature = "axum")]
mod pointers;
#[cfg(feature = "axum")]
mod routers;
mod shapes;
mod support;
mod telling;
mod words;
