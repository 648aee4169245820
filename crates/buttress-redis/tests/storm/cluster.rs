use std::fmt::Write;
use std::net::SocketAddr;
use std::time::Duration;

use buttress_core::sync::Lock;
use buttress_testkit::redis::{Cluster, Server};
use buttress_testkit::until::{until, within};

use crate::storm::blow::Blow;
use crate::storm::callers::{KEYS, key};
use crate::storm::chance::Chance;
use crate::storm::leg::Fleet;
use crate::storm::pause;

/// Three primaries, a replica for each.
pub(crate) struct Shards {
    cluster: Cluster,
    slots: Vec<u16>,
    /// The primary of the key when the fault struck.
    struck: Lock<Option<SocketAddr>>,
}

/// Of the primary of a key.
#[derive(Debug)]
pub(crate) struct Fault {
    key: u8,
    what: What,
    to: usize,
}

#[derive(Clone, Copy, Debug)]
enum What {
    FailedOver,
    /// The slot goes to another one at once.
    Moved,
    /// The slot is on its way while it is held.
    Moving,
    /// Until it is replaced.
    Killed,
    /// Until it is replaced. Then it wakes.
    Frozen,
    /// Shorter than it takes to be replaced.
    Napped,
    Hit(Blow),
    ReplicaFrozen,
}

impl Fleet for Shards {
    type Fault = Fault;

    const TELLS_ALL: bool = false;

    async fn start() -> Self {
        let cluster = Cluster::start().await;
        let mut slots = Vec::new();
        for number in 0..KEYS {
            slots.push(cluster.slot_of(&format!("{{{}}}", key(number))).await);
        }
        Self { cluster, slots, struck: Lock::new(None) }
    }

    fn url(&self) -> String {
        let places: Vec<_> = self.cluster.addresses().iter().map(ToString::to_string).collect();
        format!("redis+cluster://{}", places.join(","))
    }

    fn servers(&self) -> Vec<&Server> {
        self.cluster.nodes().iter().collect()
    }

    fn fault(chance: &mut Chance) -> Fault {
        let so_long = chance.millis(50..700);
        let mut all = vec![
            What::FailedOver,
            What::Moved,
            What::Moving,
            What::Killed,
            What::Frozen,
            What::Napped,
            What::ReplicaFrozen,
        ];
        all.extend(Blow::all(so_long).map(What::Hit));
        let what = chance.one_of(&all);
        let key = u8::try_from(chance.number(0..KEYS.into())).unwrap();
        Fault { key, what, to: chance.one_of(&[0, 1]) }
    }

    async fn strike(&self, fault: &Fault) {
        let slot = self.slots[usize::from(fault.key)];
        let primary = self.cluster.primary_of(slot).await;
        *self.struck.lock() = Some(primary.address());
        match fault.what {
            What::FailedOver => self.fail_over(slot).await,
            What::Moved => self.cluster.move_slot(slot, self.other(slot, fault.to).await).await,
            What::Moving => self.cluster.begin_move(slot, self.other(slot, fault.to).await).await,
            What::Killed => primary.kill(),
            What::Frozen => primary.freeze(),
            What::Napped => {
                primary.freeze();
                pause(Duration::from_millis(450)).await;
                primary.thaw();
            }
            // A script is forgotten by all, or calls to the others would show nothing.
            What::Hit(Blow::ScriptsFlushed) => {
                for node in self.cluster.nodes() {
                    Blow::ScriptsFlushed.strike(node).await;
                }
            }
            What::Hit(blow) => blow.strike(primary).await,
            What::ReplicaFrozen => {
                self.cluster.replicas_of(slot).await.into_iter().for_each(Server::freeze);
            }
        }
    }

    async fn mend(&self, fault: &Fault) {
        let (slot, primary) = (self.slots[usize::from(fault.key)], self.struck());
        match fault.what {
            What::Moving => {
                self.cluster.finish_move(slot, self.other(slot, fault.to).await).await;
            }
            What::Killed => drop(self.cluster.successor(slot, primary).await),
            What::Frozen => {
                self.cluster.successor(slot, primary).await;
                primary.thaw();
            }
            What::Hit(blow) => blow.mend(primary).await,
            What::ReplicaFrozen => self.cluster.nodes().iter().for_each(Server::thaw),
            What::FailedOver | What::Moved | What::Napped => {}
        }
    }

    async fn reachable(&self) -> String {
        let mut who = String::new();
        for slot in &self.slots {
            let address = self.cluster.primary_of(*slot).await.address();
            let _ = write!(who, "{address} ");
        }
        until("all are well", async || self.are_well().await.then_some(())).await;
        who
    }

    /// A dead one is started, and each primary has a replica that is in step.
    async fn whole(&self) {
        let struck = *self.struck.lock();
        if let Some(struck) = struck {
            let node = self.node(struck);
            if node.try_command(["PING"]).await.is_err() {
                node.restart().await;
            }
        }
        let whole = within(PATIENCE, async || self.is_whole().await.then_some(())).await;
        assert!(whole.is_some(), "not each primary has a replica");
    }

    async fn is_left(&self) -> bool {
        for server in self.cluster.nodes() {
            let clients = server.command(["CLIENT", "LIST"]).await.accepted().text();
            if clients.contains("name=buttress") {
                return false;
            }
        }
        true
    }
}

const PATIENCE: Duration = Duration::from_secs(60);

impl Shards {
    fn node(&self, address: SocketAddr) -> &Server {
        let mut nodes = self.cluster.nodes().iter();
        nodes.find(|node| node.address() == address).unwrap()
    }

    fn struck(&self) -> &Server {
        let address = self.struck.lock().unwrap();
        self.node(address)
    }

    /// A replica that cannot catch up within five seconds gives up. Then it is asked again.
    async fn fail_over(&self, slot: u16) {
        let old = self.cluster.primary_of(slot).await.address();
        let is_over = async || (self.cluster.primary_of(slot).await.address() != old).then_some(());
        let over = within(PATIENCE, async || {
            let replica = *self.cluster.replicas_of(slot).await.first()?;
            let _ = replica.try_command(["CLUSTER", "FAILOVER"]).await;
            within(Duration::from_secs(10), is_over).await
        });
        assert!(over.await.is_some(), "no replica takes over");
    }

    /// One of the two primaries that do not serve the slot.
    async fn other(&self, slot: u16, which: usize) -> &Server {
        let owner = self.cluster.primary_of(slot).await.address();
        let primaries = self.cluster.primaries().await;
        let mut others = primaries.into_iter().filter(|primary| primary.address() != owner);
        others.nth(which).unwrap()
    }

    /// Whether all nodes that answer say so.
    async fn are_well(&self) -> bool {
        for node in self.cluster.nodes() {
            let Ok(info) = node.try_command(["CLUSTER", "INFO"]).await else { continue };
            if !info.text().lines().any(|line| line == "cluster_state:ok") {
                return false;
            }
        }
        true
    }

    async fn is_whole(&self) -> bool {
        if !self.are_well().await {
            return false;
        }
        for slot in &self.slots {
            if self.cluster.replicas_of(*slot).await.is_empty() {
                return false;
            }
        }
        true
    }
}
