mod forming;
mod moving;
mod view;

use std::collections::BTreeSet;
use std::net::SocketAddr;

pub(super) use self::forming::start;
use super::Server;
use crate::until::Patience;

/// Three primaries that share the slots, and a replica for each.
///
/// A primary is taken for gone after a second. One that is killed comes back with [`Server::restart`], as a replica.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use buttress_testkit::redis::{Cluster, Reply};
///
/// let cluster = Cluster::start().await;
/// let slot = cluster.slot_of("{visits}").await;
/// let old = cluster.primary_of(slot).await;
/// assert_eq!(old.command(["INCR", "{visits}"]).await, Reply::Integer(1));
///
/// let primaries = cluster.primaries().await;
/// let new = primaries.into_iter().find(|node| node.address() != old.address()).unwrap();
/// cluster.move_slot(slot, new).await;
/// assert!(old.command(["INCR", "{visits}"]).await.text().starts_with("MOVED"));
/// assert_eq!(new.command(["INCR", "{visits}"]).await, Reply::Integer(2));
/// # }
/// ```
#[derive(Debug)]
pub struct Cluster {
    nodes: Vec<Server>,
}

impl Cluster {
    /// Starts six nodes, and waits until each says that all is well and each replica has copied its primary.
    ///
    /// # Panics
    ///
    /// If that takes more than 20 s.
    pub async fn start() -> Self {
        Server::builder().cluster().await
    }

    /// All nodes, in no order that lasts.
    #[must_use]
    pub fn nodes(&self) -> &[Server] {
        &self.nodes
    }

    /// Where they listen: what a client is told.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.nodes.iter().map(Server::address).collect()
    }

    /// The slot of a key.
    pub async fn slot_of(&self, key: &str) -> u16 {
        let slot = self.any().await.command(["CLUSTER", "KEYSLOT", key]).await.integer();
        u16::try_from(slot).expect("a slot")
    }

    /// Who serves `slot`, as all nodes say that answer. Waits until they agree.
    pub async fn primary_of(&self, slot: u16) -> &Server {
        self.owner(slot, None).await
    }

    /// Who serves slots, as one node says that answers.
    pub async fn primaries(&self) -> Vec<&Server> {
        let slots = self.any().await.command(["CLUSTER", "SLOTS"]).await.accepted();
        let ports: BTreeSet<_> = slots.items().iter().map(view::port_in).collect();
        ports.into_iter().filter_map(|port| self.named(port)).collect()
    }

    /// Who copies the one that serves `slot`.
    pub async fn replicas_of(&self, slot: u16) -> Vec<&Server> {
        let primary = self.primary_of(slot).await;
        let mut replicas = Vec::new();
        for node in &self.nodes {
            if node.follows(primary).await {
                replicas.push(node);
            }
        }
        replicas
    }

    /// Kills the one that serves `slot`, and returns it. Its replica takes over: see
    /// [`successor`](Self::successor).
    pub async fn kill_primary_of(&self, slot: u16) -> &Server {
        let primary = self.primary_of(slot).await;
        primary.kill();
        primary
    }

    /// Who serves `slot` after `old`, once all nodes that answer agree, and say that all is well.
    pub async fn successor(&self, slot: u16, old: &Server) -> &Server {
        let new = self.owner(slot, Some(old)).await;
        self.healthy().await;
        new
    }

    /// Has a replica take `slot` over while its primary lives, and returns it once it serves.
    pub async fn fail_over(&self, slot: u16) -> &Server {
        let old = self.primary_of(slot).await;
        let replicas = self.replicas_of(slot).await;
        let replica = replicas.first().expect("a replica that is in step");
        let _ = replica.command(["CLUSTER", "FAILOVER"]).await.accepted();
        let new = self.successor(slot, old).await;
        let patience = Patience::new();
        while !old.follows(new).await {
            assert!(patience.again().await, "the old one does not follow\n{}", old.end_of_log());
        }
        new
    }

    /// Who serves `slot`, and is not `old`, as soon as all agree.
    async fn owner(&self, slot: u16, old: Option<&Server>) -> &Server {
        let patience = Patience::new();
        loop {
            let agreed = self.agreed(slot).await;
            if let Some(node) =
                agreed.filter(|node| old.is_none_or(|old| old.port() != node.port()))
            {
                return node;
            }
            if !patience.again().await {
                let views = self.views().await;
                panic!("the nodes do not agree on slot {slot}, or on nobody new:\n{views}");
            }
        }
    }

    /// One that answers.
    async fn any(&self) -> &Server {
        for node in &self.nodes {
            if node.asked(["PING"]).await.is_some() {
                return node;
            }
        }
        panic!("no node answers");
    }

    fn named(&self, port: i64) -> Option<&Server> {
        self.nodes.iter().find(|node| i64::from(node.port()) == port)
    }
}
