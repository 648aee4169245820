//! One way to Redis, against real servers: one module for each promise.
#![allow(clippy::expect_used, clippy::unwrap_used, missing_docs, reason = "these are tests")]

mod alone;
mod cluster;
mod cost;
mod faults;
mod operations;
mod sentinels;
mod support;
