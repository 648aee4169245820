//! One way to Redis, against real servers: one module for each promise.
#![allow(clippy::expect_used, clippy::unwrap_used, missing_docs, reason = "these are tests")]

mod alone;
#[cfg(feature = "deadpool")]
mod blocking;
mod cluster;
mod connecting;
mod cost;
mod counters;
mod degrade;
mod ends;
mod engine;
mod faults;
mod guide;
mod joined;
mod late;
mod operations;
mod reporting;
mod seeds;
mod sentinels;
mod settings;
#[path = "../storm/mod.rs"]
mod storm;
mod stormy;
mod subscribe;
#[cfg(feature = "conformance")]
mod suites;
mod support;
#[cfg(feature = "tls")]
mod tls;
mod watch;
