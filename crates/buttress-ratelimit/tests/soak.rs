//! What takes minutes: `scripts/test --soak`.
#![allow(clippy::expect_used, clippy::unwrap_used, missing_docs, reason = "these are tests")]

#[path = "storm/keys.rs"]
mod keys;
