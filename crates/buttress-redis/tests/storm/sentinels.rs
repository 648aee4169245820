use std::net::SocketAddr;
use std::time::Duration;

use buttress_core::sync::Lock;
use buttress_testkit::redis::{Sentinels, Server};
use buttress_testkit::until::{until, within};

use crate::storm::blow::Blow;
use crate::storm::chance::Chance;
use crate::storm::leg::Fleet;
use crate::storm::pause;

/// A master, two replicas, three sentinels.
pub(crate) struct Trio {
    fleet: Sentinels,
    /// The master when the fault struck.
    struck: Lock<Option<SocketAddr>>,
}

/// Of the master, where nothing else is said.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// Another is made the master, and the old one is told.
    FailedOver,
    /// Another is made the master, and the old one still claims to be one.
    Usurped,
    /// Until it is replaced.
    Killed,
    /// Until it is replaced. Then it wakes, and still claims to be one.
    Frozen,
    /// Shorter than it takes to be replaced.
    Napped,
    Hit(Blow),
    SentinelKilled {
        which: usize,
    },
    SentinelsKilled,
    ReplicaFrozen,
}

impl Fleet for Trio {
    type Fault = Fault;

    const TELLS_ALL: bool = false;

    async fn start() -> Self {
        Self { fleet: Sentinels::start().await, struck: Lock::new(None) }
    }

    fn url(&self) -> String {
        let places: Vec<_> = self.fleet.addresses().iter().map(ToString::to_string).collect();
        format!("redis+sentinel://{}/{}", places.join(","), Sentinels::NAME)
    }

    fn servers(&self) -> Vec<&Server> {
        self.fleet.nodes().iter().collect()
    }

    fn fault(chance: &mut Chance) -> Fault {
        let so_long = chance.millis(50..400);
        let which = chance.one_of(&[0, 1, 2]);
        let mut all = vec![
            Fault::FailedOver,
            Fault::Usurped,
            Fault::Killed,
            Fault::Frozen,
            Fault::Napped,
            Fault::SentinelKilled { which },
            Fault::SentinelsKilled,
            Fault::ReplicaFrozen,
        ];
        all.extend(Blow::all(so_long).map(Fault::Hit));
        chance.one_of(&all)
    }

    async fn strike(&self, fault: &Fault) {
        let master = self.fleet.master().await;
        *self.struck.lock() = Some(master.address());
        match fault {
            Fault::FailedOver => drop(self.fleet.fail_over().await),
            Fault::Usurped => self.usurp().await,
            Fault::Killed => master.kill(),
            Fault::Frozen => master.freeze(),
            Fault::Napped => {
                master.freeze();
                pause(Duration::from_millis(200)).await;
                master.thaw();
            }
            Fault::Hit(blow) => blow.strike(master).await,
            Fault::SentinelKilled { which } => self.fleet.sentinels()[*which].kill(),
            Fault::SentinelsKilled => self.fleet.sentinels().iter().for_each(Server::kill),
            Fault::ReplicaFrozen => self.replica(master).freeze(),
        }
    }

    async fn mend(&self, fault: &Fault) {
        let master = self.struck();
        match fault {
            Fault::Killed | Fault::Usurped => drop(self.fleet.successor(master).await),
            Fault::Frozen => {
                self.fleet.successor(master).await;
                master.thaw();
            }
            Fault::Hit(blow) => blow.mend(master).await,
            Fault::SentinelKilled { which } => self.fleet.sentinels()[*which].restart().await,
            Fault::SentinelsKilled => {
                for sentinel in self.fleet.sentinels() {
                    sentinel.restart().await;
                }
            }
            Fault::ReplicaFrozen => self.replica(master).thaw(),
            Fault::FailedOver | Fault::Napped => {}
        }
    }

    async fn reachable(&self) -> String {
        until("the master says that it is one", async || {
            let master = self.fleet.master().await;
            let role = master.try_command(["ROLE"]).await.ok()?;
            (role.accepted().items()[0].text() == "master").then(|| master.address().to_string())
        })
        .await
    }

    /// A dead one is started, and an old master that still claims to be one is told, as the sentinels do late.
    async fn whole(&self) {
        let struck = *self.struck.lock();
        if let Some(struck) = struck {
            let node = self.node(struck);
            if node.try_command(["PING"]).await.is_err() {
                node.restart().await;
            }
            if self.fleet.master().await.address() != struck {
                self.fleet.demote(node).await;
            }
        }
        let whole = within(PATIENCE, async || self.is_whole().await.then_some(())).await;
        assert!(whole.is_some(), "the replicas do not follow");
    }

    async fn is_left(&self) -> bool {
        let mut ours = 0;
        for server in self.fleet.nodes() {
            let Ok(clients) = server.try_command(["CLIENT", "LIST"]).await else { return false };
            let clients = clients.accepted().text();
            ours += clients.matches("name=buttress").count();
        }
        for sentinel in self.fleet.sentinels() {
            let clients = sentinel.command(["CLIENT", "LIST"]).await.accepted().text();
            ours += clients.matches(" sub=1 ").count();
        }
        ours == 0
    }
}

/// Sentinels mend by themselves what is odd, and take their time.
const PATIENCE: Duration = Duration::from_secs(60);

impl Trio {
    fn node(&self, address: SocketAddr) -> &Server {
        let mut nodes = self.fleet.nodes().iter();
        nodes.find(|node| node.address() == address).unwrap()
    }

    fn struck(&self) -> &Server {
        let address = self.struck.lock().unwrap();
        self.node(address)
    }

    fn replica(&self, master: &Server) -> &Server {
        let mut nodes = self.fleet.nodes().iter();
        nodes.find(|node| node.address() != master.address()).unwrap()
    }

    async fn usurp(&self) {
        let order = ["SENTINEL", "FAILOVER", Sentinels::NAME];
        until("they agree to fail over", async || {
            (!self.fleet.sentinels()[0].command(order).await.is_error()).then_some(())
        })
        .await;
    }

    /// Whether all follow the master, and no sentinel thinks ill of it. Sentinels that reconfigure a node close all
    /// its connections, also the one that asks.
    async fn is_whole(&self) -> bool {
        let master = self.fleet.master().await.address();
        for node in self.fleet.nodes() {
            let Ok(info) = node.try_command(["INFO", "replication"]).await else { return false };
            let info = info.accepted().text();
            let says = |line: &str| info.lines().any(|said| said == line);
            let follows = format!("master_port:{}", master.port());
            let is_right = if node.address() == master {
                says("role:master")
            } else {
                says("role:slave") && says(&follows) && says("master_link_status:up")
            };
            if !is_right {
                return false;
            }
        }
        for sentinel in self.fleet.sentinels() {
            let known = sentinel.command(["SENTINEL", "MASTER", Sentinels::NAME]).await.accepted();
            if known.field("flags").is_none_or(|flags| flags.text() != "master") {
                return false;
            }
        }
        true
    }
}
