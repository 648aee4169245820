//! Slots on the move.

use super::{Cluster, Server};
use crate::redis::Reply;
use crate::redis::builder::KIT;
use crate::until::Patience;

impl Cluster {
    /// Moves `slot` and its keys to another primary, and waits until all nodes know.
    pub async fn move_slot(&self, slot: u16, to: &Server) {
        self.begin_move(slot, to).await;
        self.finish_move(slot, to).await;
    }

    /// Opens `slot` on both sides, without moving a key: from now on, its present owner answers `ASK` for keys that
    /// it does not have.
    pub async fn begin_move(&self, slot: u16, to: &Server) {
        let from = self.primary_of(slot).await;
        let (giver, taker) = (self.id_of(from).await, self.id_of(to).await);
        set_slot(to, slot, "IMPORTING", &giver).await;
        set_slot(from, slot, "MIGRATING", &taker).await;
    }

    /// Moves the keys of `slot`, which was [opened](Self::begin_move), and then the slot, and waits until all nodes
    /// know.
    pub async fn finish_move(&self, slot: u16, to: &Server) {
        let from = self.primary_of(slot).await;
        while let Some(keys) = keys_in(from, slot).await {
            migrate(from, to, keys).await;
        }
        let taker = self.id_of(to).await;
        // First where it goes: from then on there is always one that serves it.
        set_slot(to, slot, "NODE", &taker).await;
        set_slot(from, slot, "NODE", &taker).await;
        let patience = Patience::new();
        while self.agreed(slot).await.is_none_or(|owner| owner.port() != to.port()) {
            assert!(patience.again().await, "not all know where slot {slot} went");
        }
    }
}

async fn set_slot(node: &Server, slot: u16, state: &str, other: &str) {
    let slot = slot.to_string();
    let _ = node.command(["CLUSTER", "SETSLOT", &slot, state, other]).await.accepted();
}

/// Some of the keys, unless there is none left.
async fn keys_in(node: &Server, slot: u16) -> Option<Vec<Vec<u8>>> {
    let slot = slot.to_string();
    let keys = node.command(["CLUSTER", "GETKEYSINSLOT", &slot, "100"]).await.accepted();
    let bytes = |key: &Reply| match key {
        Reply::Bulk(bytes) => bytes.clone(),
        other => panic!("not a key: {other:?}"),
    };
    let keys: Vec<_> = keys.items().iter().map(bytes).collect();
    (!keys.is_empty()).then_some(keys)
}

async fn migrate(from: &Server, to: &Server, keys: Vec<Vec<u8>>) {
    let port = to.port().to_string();
    let mut order = vec!["MIGRATE", "127.0.0.1", &port, "", "0", "5000"];
    if to.settings().login.is_some() {
        order.extend(["AUTH2", KIT, KIT]);
    }
    order.push("KEYS");
    let words = order.into_iter().map(|word| word.as_bytes().to_vec()).chain(keys);
    let _ = from.command(words).await.accepted();
}
