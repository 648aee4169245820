//! The whole stack, over real sockets with real clients: one module for each promise.
//!
//! Each test starts servers of its own on free ports and stops them at its end, which fails if a
//! connection hangs or a panic gets out of the wall. Nothing sleeps: what has to wait, waits for an event.
#![allow(clippy::expect_used, clippy::unwrap_used, missing_docs, reason = "these are tests")]

mod addresses;
mod blocked;
mod broken;
mod crowd;
mod deadlines;
mod errors;
mod from_main;
mod grpc;
mod health;
mod hops;
mod hostile;
mod identity;
mod keys;
mod leaving;
mod limits;
mod limits_of_a_fleet;
#[path = "../load/mod.rs"]
mod load;
mod outbound;
mod overload;
mod panics;
mod redis;
mod restarts;
mod serving;
mod streaming;
mod support;
mod throttle;
mod trailers;
mod unread;
mod upgrades;
