//! What the nodes say of the cluster.

use super::{Cluster, Server};
use crate::redis::Reply;
use crate::until::Patience;

impl Cluster {
    /// Who serves `slot`, if all nodes that answer say the same.
    pub(super) async fn agreed(&self, slot: u16) -> Option<&Server> {
        let mut named = None;
        for node in &self.nodes {
            let Some(slots) = node.asked(["CLUSTER", "SLOTS"]).await else { continue };
            let port = port_of(&slots, slot)?;
            if named.is_some_and(|named| named != port) {
                return None;
            }
            named = Some(port);
        }
        self.named(named?)
    }

    /// What each node says of all, and the end of its log, for whoever has to find out why they do not agree.
    pub(super) async fn views(&self) -> String {
        let mut views = Vec::new();
        for node in &self.nodes {
            let seen = node.asked(["CLUSTER", "NODES"]).await.map(|nodes| nodes.text());
            let (seen, log) = (seen.unwrap_or_else(|| "no answer\n".to_owned()), node.end_of_log());
            views.push(format!("{}:\n{seen}{log}", node.address()));
        }
        views.join("\n")
    }

    /// Waits until all nodes that answer say that all slots are served.
    pub(super) async fn healthy(&self) {
        let patience = Patience::new();
        for node in &self.nodes {
            while node.asked(["CLUSTER", "INFO"]).await.is_some_and(|info| !is_ok(&info)) {
                assert!(patience.again().await, "the cluster is not well\n{}", node.end_of_log());
            }
        }
    }

    /// The name that the nodes have for `node`.
    pub(super) async fn id_of(&self, node: &Server) -> String {
        node.command(["CLUSTER", "MYID"]).await.accepted().text()
    }
}

fn is_ok(info: &Reply) -> bool {
    info.text().lines().any(|line| line == "cluster_state:ok")
}

/// Where the primary of a range is: first slot, last slot, the primary (host, port, …), its replicas.
pub(super) fn port_in(range: &Reply) -> i64 {
    range.items()[2].items()[1].integer()
}

fn port_of(slots: &Reply, slot: u16) -> Option<i64> {
    let holds = |range: &&Reply| {
        let [first, last] = [0, 1].map(|bound| range.items()[bound].integer());
        (first..=last).contains(&i64::from(slot))
    };
    slots.items().iter().find(holds).map(port_in)
}
