//! What takes minutes: `scripts/test --soak`. Twenty of them, one after the other, for three topologies.
//!
//! `BUTTRESS_SOAK_SECONDS` makes it shorter, or longer, and `BUTTRESS_SOAK_SEED` repeats the faults of a run that
//! failed: it says its seeds.
#![allow(clippy::expect_used, clippy::unwrap_used, missing_docs, reason = "these are tests")]

#[path = "storm/cluster.rs"]
mod cluster;
#[path = "storm/sentinels.rs"]
mod sentinels;
#[path = "storm/mod.rs"]
mod storm;

use std::env;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use buttress_core::clock::{Clock, SystemClock};
use tokio::sync::Mutex;

use crate::cluster::Shards;
use crate::sentinels::Trio;
use crate::storm::alone::Alone;
use crate::storm::chance::Chance;
use crate::storm::ledger::Tally;
use crate::storm::leg::{Fleet, Leg};

/// All topologies together.
const SECONDS: u64 = 20 * 60;
/// So many faults there are for one handle, before it goes and all is looked at.
const ROUNDS: usize = 20;

/// They would be in each other's way, and late.
static TURN: Mutex<()> = Mutex::const_new(());

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_server_and_its_network_break() {
    storm::<Alone>().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sentinels_and_their_master_break() {
    storm::<Trio>().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_breaks_and_moves() {
    storm::<Shards>().await;
}

/// Some legs in a row, for a third of the time.
async fn storm<F: Fleet>() {
    let _turn = TURN.lock().await;
    let ends = SystemClock.now() + Duration::from_secs(named("SECONDS").unwrap_or(SECONDS) / 3);
    let mut seed = named("SEED").unwrap_or_else(|| RandomState::new().hash_one(0));
    let mut all = Tally::default();
    while SystemClock.now() < ends {
        all += Leg { seed, rounds: ROUNDS, ends, callers: 128, rush: 10_000 }.run::<F>().await;
        seed = Chance::new(seed).next();
    }
    println!("{all:?}");
    assert!(all.done > 0 && all.not > 0 && all.unsure > 0, "some of each: {all:?}");
}

fn named(what: &str) -> Option<u64> {
    let said = env::var(format!("BUTTRESS_SOAK_{what}")).ok()?;
    Some(said.parse().expect("a number"))
}
