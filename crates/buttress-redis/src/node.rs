use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use buttress_core::clock::{Clock, TokioClock};
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use crate::RedisError;
use crate::backoff::Backoff;
use crate::link::{self, Link};
use crate::meters::Meters;
use crate::settings::Checked;
use crate::source::Source;

/// One server, and the connections to it. A task for each keeps it: only that connects, so callers of a server that
/// is down neither wait nor hurry.
#[derive(Debug)]
pub(crate) struct Node {
    places: Box<[ArcSwapOption<Link>]>,
    came: Notify,
    keepers: Vec<AbortHandle>,
}

impl Node {
    /// Begins to connect. Must be called where a tokio runtime runs.
    pub(crate) fn start(
        source: &Source,
        settings: &Arc<Checked>,
        meters: &Arc<Meters>,
    ) -> Arc<Self> {
        Arc::new_cyclic(|node: &std::sync::Weak<Self>| {
            let keepers = (0..settings.connections.get()).map(|place| {
                let keeper = Keeper {
                    node: node.clone(),
                    place,
                    settings: settings.clone(),
                    meters: meters.clone(),
                    clock: TokioClock::new(),
                };
                tokio::spawn(keeper.keep(source.clone())).abort_handle()
            });
            let places = (0..settings.connections.get()).map(|_| ArcSwapOption::empty()).collect();
            Self { places, came: Notify::new(), keepers: keepers.collect() }
        })
    }

    /// The connection at this place, or another one if that is down.
    pub(crate) fn link(&self, place: usize) -> Option<Arc<Link>> {
        let (before, from) = self.places.split_at(place.min(self.places.len()));
        from.iter().chain(before).find_map(ArcSwapOption::load_full)
    }

    /// Returns as soon as there is a connection.
    pub(crate) async fn connected(&self) -> Arc<Link> {
        loop {
            // First registered, then looked: one that comes in between is not missed.
            let came = self.came.notified();
            if let Some(link) = self.link(0) {
                return link;
            }
            came.await;
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.keepers.iter().for_each(AbortHandle::abort);
    }
}

/// Keeps one connection: makes it, watches over it, makes it anew.
struct Keeper {
    node: std::sync::Weak<Node>,
    place: usize,
    settings: Arc<Checked>,
    meters: Arc<Meters>,
    clock: TokioClock,
}

impl Keeper {
    async fn keep(self, mut source: Source) {
        let (mut backoff, mut told) = (Backoff::default(), false);
        let jitter = RandomState::new();
        for turn in 0_u64.. {
            let address = source.address().await;
            match link::connect(&address, &self.settings).await {
                Ok((link, driver)) => {
                    told = false;
                    let began = self.clock.now();
                    let Some(reason) = self.serve(link, driver, &mut source).await else { return };
                    backoff.lived(self.clock.now() - began);
                    tracing::warn!(target: "buttress", reason, place = self.place, "a connection to Redis ended");
                }
                Err(error) => self.failed(&error, &mut told),
            }
            source.lost();
            tokio::select! {
                () = link::pause(backoff.pause(jitter.hash_one(turn))) => {}
                // Another server has not failed yet.
                () = source.moved() => backoff = Backoff::default(),
            }
        }
    }

    /// Lets callers have the connection, until it ends. Nothing if nobody is left to have it.
    async fn serve(
        &self,
        link: Link,
        driver: link::Driver,
        source: &mut Source,
    ) -> Option<&'static str> {
        let link = Arc::new(link);
        {
            let node = self.node.upgrade()?;
            self.meters.connected(link.facts(), self.place);
            node.places.get(self.place)?.store(Some(link.clone()));
            node.came.notify_waiters();
        }
        let reason = tokio::select! {
            // First the watch: it is what ends the connection when it is dropped.
            biased;
            reason = link.watch(driver, self.settings.response_timeout) => reason,
            () = source.moved() => "the server is another one now",
        };
        self.meters.disconnected();
        self.node.upgrade()?.places.get(self.place)?.store(None);
        Some(reason)
    }

    /// One line for each time of being down, not one for each attempt.
    fn failed(&self, error: &RedisError, told: &mut bool) {
        self.meters.not_connected();
        if !std::mem::replace(told, true) && self.place == 0 {
            tracing::warn!(target: "buttress", %error, "Redis cannot be connected to");
        }
    }
}

/// How long a caller that wants to wait for a connection waits at most.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);
