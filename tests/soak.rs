//! What takes minutes: `scripts/test --soak`.
#![allow(clippy::expect_used, clippy::unwrap_used, missing_docs, reason = "these are tests")]

#[path = "load/mod.rs"]
mod load;

use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_restarts_drop_nothing() {
    load::restarts::roll(200).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_attackers_are_ended() {
    load::attackers::withstand(134, Duration::from_secs(2)).await;
}

#[test]
fn a_hundred_million_keys_take_no_memory() {
    load::keys::storm(100_000_000);
}
