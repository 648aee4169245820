//! Many primaries that share the slots between them, and change.

mod follow;
mod refresh;
mod routes;
mod scripts;
pub(crate) mod slot;
pub(crate) mod topology;

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use buttress_core::clock::{Clock, TokioClock};
use buttress_core::sync::Lock;
use tokio::sync::Notify;
use tokio::task::AbortHandle;

pub(crate) use self::follow::Redirected;
use self::routes::Routes;
use self::scripts::Scripts;
use self::topology::Topology;
use crate::Script;
use crate::address::Address;
use crate::link::Link;
use crate::meters::Meters;
use crate::node::Node;
use crate::settings::Checked;
use crate::source::Source;

/// The servers of a cluster, and the task that learns which of them has what. Dropping it ends all tasks.
#[derive(Debug)]
pub(crate) struct Cluster {
    shared: Arc<Shared>,
    task: AbortHandle,
}

#[derive(Debug)]
struct Shared {
    settings: Arc<Checked>,
    meters: Arc<Meters>,
    routes: ArcSwap<Routes>,
    /// Held by whoever makes other routes of those that there are.
    changing: Lock<()>,
    changed: Notify,
    /// Calls for news of the topology.
    bell: Arc<Notify>,
    /// Who should be asked first: the last one that another server named.
    hint: Lock<Option<Address>>,
    /// Why nobody tells the topology.
    trouble: Lock<Option<String>>,
    scripts: Scripts,
    /// Servers that have no script of ours yet.
    fresh: Lock<Vec<Arc<Node>>>,
    clock: TokioClock,
}

/// How long a server stays that takes a slot over, before any other says that it has one.
const GUEST: Duration = Duration::from_secs(60);

impl Cluster {
    /// Begins to learn who is there. Must be called where a tokio runtime runs.
    pub(crate) fn start(seeds: &[Address], settings: &Arc<Checked>, meters: &Arc<Meters>) -> Self {
        let shared = Arc::new(Shared {
            settings: settings.clone(),
            meters: meters.clone(),
            routes: ArcSwap::default(),
            changing: Lock::new(()),
            changed: Notify::new(),
            bell: Arc::new(Notify::new()),
            hint: Lock::new(None),
            trouble: Lock::new(None),
            scripts: Scripts::default(),
            fresh: Lock::new(Vec::new()),
            clock: TokioClock::new(),
        });
        let task = tokio::spawn(refresh::run(shared.clone(), seeds.to_vec())).abort_handle();
        Self { shared, task }
    }

    /// A connection to the server of a slot.
    pub(crate) fn link(&self, slot: u16, place: usize) -> Option<Arc<Link>> {
        self.shared.routes.load().owner(slot)?.link(place)
    }

    /// A connection to any primary.
    pub(crate) fn any(&self) -> Option<Arc<Link>> {
        self.shared.routes.load().primaries().iter().find_map(|node| node.link(0))
    }

    /// The primary of a slot, or any that is connected: by chance.
    pub(crate) fn address(&self, slot: Option<u16>, random: u64) -> Option<Address> {
        let routes = self.shared.routes.load();
        match slot {
            Some(slot) => routes.address_of(slot).cloned(),
            None => routes.living(random).cloned(),
        }
    }

    pub(crate) fn is_primary(&self, address: &Address) -> bool {
        self.shared.routes.load().topology.primaries().contains(address)
    }

    /// Calls for news of the topology.
    pub(crate) fn ring(&self) {
        self.shared.bell.notify_one();
    }

    /// Returns as soon as there is a connection to each primary.
    pub(crate) async fn connected(&self) {
        loop {
            let changed = self.shared.changed.notified();
            let routes = self.shared.routes.load_full();
            let all = async {
                for node in routes.primaries() {
                    node.connected().await;
                }
            };
            if routes.primaries().is_empty() {
                changed.await;
                continue;
            }
            tokio::select! {
                () = all => return,
                () = changed => {}
            }
        }
    }

    /// Has a script brought to primaries that are new.
    pub(crate) fn note(&self, script: &Script) {
        self.shared.scripts.note(script);
    }

    /// How many primaries are connected, and how many there are.
    pub(crate) fn primaries(&self) -> (usize, usize) {
        self.shared.routes.load().connected()
    }

    /// What is wrong with it as a whole.
    pub(crate) fn trouble(&self) -> Option<String> {
        if let Some(trouble) = &*self.shared.trouble.lock() {
            return Some(format!("no node tells the slots: {trouble}"));
        }
        let routes = self.shared.routes.load();
        let (up, all) = routes.connected();
        if up < all {
            return Some(format!("{up} of {all} primaries can be reached"));
        }
        (!routes.topology.is_whole()).then(|| "some slots are not served".to_owned())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    /// Goes by another topology from now on, if there is one.
    fn adopt(&self, change: impl FnOnce(&Topology) -> Option<Topology>) {
        let _changing = self.changing.lock();
        let routes = self.routes.load();
        let Some(topology) = change(&routes.topology) else { return };
        let grace = self.settings.response_timeout;
        let routes = routes.next(topology, self.clock.now(), grace, |address| self.start(address));
        self.routes.store(Arc::new(routes));
        self.changed.notify_waiters();
    }

    /// Goes by what a server said of one slot, and has all of them asked anew.
    fn moved(&self, slot: u16, to: &Address) {
        self.adopt(|topology| topology.moved(slot, to));
        *self.hint.lock() = Some(to.clone());
        self.bell.notify_one();
    }

    /// The server at an address that another one named.
    fn node_at(&self, address: &Address) -> Arc<Node> {
        if let Some(node) = self.routes.load().node(address) {
            return node.clone();
        }
        let _changing = self.changing.lock();
        let routes = self.routes.load();
        if let Some(node) = routes.node(address) {
            return node.clone();
        }
        let node = self.start(address);
        let until = self.clock.now() + GUEST;
        self.routes.store(Arc::new(routes.with_guest(address, node.clone(), until)));
        self.bell.notify_one();
        node
    }

    fn start(&self, address: &Address) -> Arc<Node> {
        let source = Source::fixed(address.clone()).with_bell(self.bell.clone());
        let node = Node::start(&source, &self.settings, &self.meters);
        self.fresh.lock().push(node.clone());
        node
    }
}
