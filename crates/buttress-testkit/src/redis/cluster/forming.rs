//! From six servers to a cluster.

use super::{Cluster, Server};
use crate::redis::Builder;
use crate::redis::builder::Mode;
use crate::redis::server::all;
use crate::until::Patience;

const SLOTS: u16 = 16_384;
const PRIMARIES: u16 = 3;

pub(in crate::redis) async fn start(mut settings: Builder) -> Cluster {
    (settings.mode, settings.is_member) = (Mode::Cluster, true);
    let node = |_| settings.clone().start();
    let cluster = Cluster { nodes: all([0; 2 * PRIMARIES as usize].map(node)).await };
    cluster.share_slots().await;
    cluster.meet().await;
    cluster.replicate().await;
    cluster.healthy().await;
    for slot in [0, SLOTS / 2, SLOTS - 1] {
        cluster.owner(slot, None).await;
    }
    cluster
}

impl Cluster {
    fn first_three(&self) -> &[Server] {
        &self.nodes[..usize::from(PRIMARIES)]
    }

    async fn share_slots(&self) {
        for (node, index) in self.first_three().iter().zip(0..) {
            let bound = |index: u16| SLOTS / PRIMARIES * index;
            let end = if index + 1 == PRIMARIES { SLOTS } else { bound(index + 1) };
            let slots = (bound(index)..end).map(|slot| slot.to_string());
            let order = ["CLUSTER".to_owned(), "ADDSLOTS".to_owned()].into_iter().chain(slots);
            let _ = node.command(order).await.accepted();
            // Otherwise all begin with the same, and spend the first second on settling that.
            let epoch = (index + 1).to_string();
            let _ = node.command(["CLUSTER", "SET-CONFIG-EPOCH", &epoch]).await.accepted();
        }
    }

    async fn meet(&self) {
        for node in &self.nodes[1..] {
            let (port, bus) = (node.port().to_string(), node.bus().to_string());
            let order = ["CLUSTER", "MEET", "127.0.0.1", &port, &bus];
            let _ = self.nodes[0].command(order).await.accepted();
        }
    }

    /// Waits until each replica knows its primary, follows it, and all know that it does.
    async fn replicate(&self) {
        let patience = Patience::new();
        let pairs = || self.first_three().iter().zip(&self.nodes[usize::from(PRIMARIES)..]);
        for (primary, replica) in pairs() {
            let id = self.id_of(primary).await;
            while replica.command(["CLUSTER", "REPLICATE", &id]).await.is_error() {
                assert!(patience.again().await, "they do not meet\n{}", replica.end_of_log());
            }
        }
        for (primary, replica) in pairs() {
            while !replica.follows(primary).await {
                assert!(
                    patience.again().await,
                    "a replica does not follow\n{}",
                    replica.end_of_log()
                );
            }
        }
        for node in &self.nodes {
            while !lists_replicas(node).await {
                assert!(patience.again().await, "not all is known\n{}", node.end_of_log());
            }
        }
    }
}

/// Whether `node` knows of every primary with its replica.
async fn lists_replicas(node: &Server) -> bool {
    let slots = node.command(["CLUSTER", "SLOTS"]).await.accepted();
    // The bounds, the primary and the replica.
    let is_whole = |range: &crate::redis::Reply| range.items().len() == 4;
    slots.items().len() == usize::from(PRIMARIES) && slots.items().iter().all(is_whole)
}
