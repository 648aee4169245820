//! What takes minutes: `scripts/test --soak`.
#![allow(clippy::expect_used, clippy::unwrap_used, missing_docs, reason = "these are tests")]

#[cfg(feature = "redis")]
#[path = "storm/chance.rs"]
mod chance;
#[cfg(feature = "redis")]
#[path = "storm/crowd.rs"]
mod crowd;
#[cfg(feature = "redis")]
#[path = "storm/fleet.rs"]
mod fleet;
#[path = "storm/keys.rs"]
mod keys;
