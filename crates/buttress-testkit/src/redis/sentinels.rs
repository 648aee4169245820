use std::net::SocketAddr;

use super::builder::{KIT, Mode};
use super::server::all;
use super::{Builder, Reply, Server};
use crate::until::Patience;

/// A master, two replicas, and three sentinels that watch them and replace the master when it is gone.
///
/// The sentinels take a master for gone after half a second. They demote one that comes back eight seconds later at
/// the earliest; so long it still claims to be one.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use buttress_testkit::redis::{Reply, Sentinels, Server};
///
/// let trio = Sentinels::start().await;
/// let old = trio.master().await;
/// old.freeze();
/// let new = trio.successor(old).await;
/// assert_eq!(new.info("replication", "role").await, "master");
/// assert_ne!(new.address(), old.address());
///
/// old.thaw();
/// assert_eq!(old.info("replication", "role").await, "master", "it does not know yet");
/// # }
/// ```
#[derive(Debug)]
pub struct Sentinels {
    nodes: Vec<Server>,
    sentinels: Vec<Server>,
}

impl Sentinels {
    /// By what name the sentinels know the master.
    pub const NAME: &'static str = "fleet";

    /// Starts all of them, and waits until each knows all others and the replicas have copied the master.
    ///
    /// # Panics
    ///
    /// If that takes more than 20 s.
    pub async fn start() -> Self {
        Server::builder().sentinels().await
    }

    /// The master and its replicas, in no order that lasts.
    #[must_use]
    pub fn nodes(&self) -> &[Server] {
        &self.nodes
    }

    /// The sentinels.
    #[must_use]
    pub fn sentinels(&self) -> &[Server] {
        &self.sentinels
    }

    /// Where the sentinels listen: what a client is told.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.sentinels.iter().map(Server::address).collect()
    }

    /// The master, as all sentinels name it that answer. Waits until they agree.
    pub async fn master(&self) -> &Server {
        let patience = Patience::new();
        loop {
            if let Some(master) = self.agreed().await {
                return master;
            }
            assert!(patience.again().await, "the sentinels do not agree on a master");
        }
    }

    /// Has the sentinels make another node the master, and returns it once it is one. The old one stays, as a
    /// replica.
    pub async fn fail_over(&self) -> &Server {
        let old = self.master().await;
        let patience = Patience::new();
        let new = loop {
            // One that has not heard of its replicas lately refuses; and on a machine that has no time for a replica to
            // become the master, it gives up. Then it is asked again.
            if self.leaves(old).await {
                let _ = self.sentinels[0].command(["SENTINEL", "FAILOVER", Self::NAME]).await;
            }
            if let Some(new) = self.next_after(old).await {
                break new;
            }
            assert!(patience.again().await, "no other master\n{}", self.sentinels[0].end_of_log());
        };
        self.demote(old).await;
        self.follow(new).await;
        new
    }

    /// Makes `old` a replica of the master and closes its connections, as the sentinels do by themselves some eight
    /// seconds later.
    pub async fn demote(&self, old: &Server) {
        let port = self.master().await.port().to_string();
        let mut client = old.client().await.expect("the old master answers");
        for order in [
            &["REPLICAOF", "127.0.0.1", &port][..],
            &["CONFIG", "REWRITE"],
            &["CLIENT", "KILL", "TYPE", "normal"],
            &["CLIENT", "KILL", "TYPE", "pubsub"],
        ] {
            let _ = client.command(order).await.expect("the old master answers").accepted();
        }
    }

    /// The master after `old`, once all sentinels that answer name it and it says so itself.
    pub async fn successor(&self, old: &Server) -> &Server {
        let patience = Patience::new();
        loop {
            if let Some(new) = self.next_after(old).await {
                return new;
            }
            assert!(patience.again().await, "no other master\n{}", self.sentinels[0].end_of_log());
        }
    }

    async fn next_after(&self, old: &Server) -> Option<&Server> {
        let new = self.agreed().await.filter(|new| new.port() != old.port())?;
        (new.said("replication", "role").await.as_deref() == Some("master")).then_some(new)
    }

    /// Whether the first sentinel has this master, and does not look for another.
    async fn leaves(&self, old: &Server) -> bool {
        let known = self.sentinels[0].asked(["SENTINEL", "MASTER", Self::NAME]).await;
        known.is_some_and(|known| {
            let text = |name| known.field(name).map(Reply::text).unwrap_or_default();
            text("port") == old.port().to_string()
                && !text("flags").contains("failover_in_progress")
        })
    }

    /// The master that all sentinels name that answer, if it is one.
    async fn agreed(&self) -> Option<&Server> {
        let mut named = None;
        for sentinel in &self.sentinels {
            let question = ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", Self::NAME];
            let Some(answer) = sentinel.asked(question).await else { continue };
            let port = answer.items()[1].integer();
            if named.is_some_and(|named| named != port) {
                return None;
            }
            named = Some(port);
        }
        self.nodes.iter().find(|node| named == Some(i64::from(node.port())))
    }

    /// Waits until all other nodes that answer copy `master`.
    async fn follow(&self, master: &Server) {
        let patience = Patience::new();
        for node in self.nodes.iter().filter(|node| node.port() != master.port()) {
            while node.said("replication", "role").await.is_some() && !node.follows(master).await {
                assert!(patience.again().await, "a node does not follow\n{}", node.end_of_log());
            }
        }
    }

    /// Waits until each sentinel knows the two others and both replicas.
    async fn meet(&self) {
        let patience = Patience::new();
        for sentinel in &self.sentinels {
            while !knows_all(sentinel).await {
                assert!(patience.again().await, "they do not meet\n{}", sentinel.end_of_log());
            }
        }
    }
}

pub(super) async fn start(mut settings: Builder) -> Sentinels {
    settings.is_member = true;
    let master = settings.clone().start().await;
    let replica = || settings.clone().replica_of(&master).start();
    let replicas = all([replica(), replica()]).await;
    let sentinel = || {
        let mut sentinel = Builder::new(settings.engine);
        (sentinel.mode, sentinel.tls, sentinel.is_member) = (Mode::Sentinel, settings.tls, true);
        sentinel.lines = lines(&master);
        sentinel.start()
    };
    let sentinels = all([sentinel(), sentinel(), sentinel()]).await;
    let nodes = std::iter::once(master).chain(replicas).collect();
    let trio = Sentinels { nodes, sentinels };
    for sentinel in &trio.sentinels {
        hurry(sentinel, "100").await;
    }
    trio.meet().await;
    for sentinel in &trio.sentinels {
        hurry(sentinel, "2000").await;
    }
    trio
}

fn lines(master: &Server) -> Vec<String> {
    let name = Sentinels::NAME;
    let mut lines = vec![
        format!("sentinel monitor {name} 127.0.0.1 {} 2", master.port()),
        format!("sentinel down-after-milliseconds {name} 500"),
        format!("sentinel failover-timeout {name} 3000"),
        format!("sentinel parallel-syncs {name} 2"),
    ];
    if master.settings().login.is_some() {
        lines.push(format!("sentinel auth-user {name} {KIT}\nsentinel auth-pass {name} {KIT}"));
    }
    lines
}

/// How often a sentinel tells others of itself. Before 7.0 that is every two seconds, always.
async fn hurry(sentinel: &Server, period: &str) {
    if sentinel.engine().version() >= (7, 0) {
        let order = ["SENTINEL", "DEBUG", "publish-period", period];
        let _ = sentinel.command(order).await.accepted();
    }
}

async fn knows_all(sentinel: &Server) -> bool {
    let master = sentinel.command(["SENTINEL", "MASTER", Sentinels::NAME]).await.accepted();
    let knows = |what: &str| master.field(what).is_some_and(|count| count.integer() == 2);
    if !(knows("num-slaves") && knows("num-other-sentinels")) {
        return false;
    }
    let replicas = sentinel.command(["SENTINEL", "REPLICAS", Sentinels::NAME]).await.accepted();
    let is_linked = |field: Option<&super::Reply>| field.is_some_and(|link| link.text() == "ok");
    replicas.items().iter().all(|replica| is_linked(replica.field("master-link-status")))
}
