use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{AcqRel, Release};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use buttress_core::clock::{Clock, TokioClock};
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use crate::backoff::Backoff;
use crate::link::{self, Link};
use crate::meters::Meters;
use crate::settings::Checked;
use crate::source::Source;
use crate::{ErrorKind, RedisError};

/// One server, and the connections to it. A task for each keeps it: only that connects, so callers of a server that
/// is down neither wait nor hurry.
#[derive(Debug)]
pub(crate) struct Node {
    places: Arc<Places>,
    keepers: Vec<AbortHandle>,
}

/// Where callers find the connections that keepers put there.
#[derive(Debug)]
struct Places {
    links: Box<[ArcSwapOption<Link>]>,
    came: Notify,
    failed: ArcSwapOption<RedisError>,
    /// Whether it is told that not all is well: one line for each such time, not one for each attempt.
    told: AtomicBool,
}

impl Node {
    /// Begins to connect. Must be called where a tokio runtime runs.
    pub(crate) fn start(
        source: &Source,
        settings: &Arc<Checked>,
        meters: &Arc<Meters>,
    ) -> Arc<Self> {
        let count = settings.connections.get();
        let links = (0..count).map(|_| ArcSwapOption::empty()).collect();
        let (came, failed, told) = (Notify::new(), ArcSwapOption::empty(), AtomicBool::new(false));
        let places = Arc::new(Places { links, came, failed, told });
        let keepers = (0..count).map(|place| {
            let keeper = Keeper {
                places: places.clone(),
                place,
                settings: settings.clone(),
                meters: meters.clone(),
                clock: TokioClock::new(),
            };
            tokio::spawn(keeper.keep(source.clone())).abort_handle()
        });
        let keepers = keepers.collect();
        Arc::new(Self { places, keepers })
    }

    /// The connection at this place, or another one if that is down.
    pub(crate) fn link(&self, place: usize) -> Option<Arc<Link>> {
        let links = &self.places.links;
        let (before, from) = links.split_at(place.min(links.len()));
        from.iter().chain(before).find_map(ArcSwapOption::load_full)
    }

    /// Why there is no connection, as far as that is known.
    pub(crate) fn why_not(&self) -> RedisError {
        let known = self.places.failed.load_full().map(Arc::unwrap_or_clone);
        known.unwrap_or_else(|| RedisError::new(ErrorKind::Unreachable, ""))
    }

    /// Returns as soon as there is a connection.
    pub(crate) async fn connected(&self) -> Arc<Link> {
        loop {
            // First registered, then looked: one that comes in between is not missed.
            let came = self.places.came.notified();
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
    places: Arc<Places>,
    place: usize,
    settings: Arc<Checked>,
    meters: Arc<Meters>,
    clock: TokioClock,
}

impl Keeper {
    async fn keep(self, mut source: Source) {
        let (mut backoff, jitter) = (Backoff::default(), RandomState::new());
        for turn in 0_u64.. {
            let address = source.address().await;
            match link::connect(&address, &self.settings).await {
                Ok((link, driver)) => {
                    let began = self.clock.now();
                    let reason = self.serve(link, driver, &mut source).await;
                    backoff.lived(self.clock.now() - began);
                    self.tell(&reason);
                }
                Err(error) => self.failed(error),
            }
            source.lost();
            tokio::select! {
                () = link::pause(backoff.pause(jitter.hash_one(turn))) => {}
                // Another server has not failed yet.
                () = source.moved() => backoff = Backoff::default(),
            }
        }
    }

    /// Lets callers have the connection, until it ends.
    async fn serve(&self, link: Link, driver: link::Driver, source: &mut Source) -> &'static str {
        let link = Arc::new(link);
        let up = self.meters.connected(link.facts(), self.place);
        self.put(Some(link.clone()));
        // What was in the way is not any more, and no reason for what comes next.
        self.places.failed.store(None);
        // Not before all are back: the attempts of one end later than those of the other.
        if self.places.links.iter().all(|place| place.load().is_some()) {
            self.places.told.store(false, Release);
        }
        self.places.came.notify_waiters();
        let reason = tokio::select! {
            // First the watch: it is what ends the connection when it is dropped.
            biased;
            reason = link.watch(driver, self.settings.response_timeout) => reason,
            () = source.moved() => "the server is another one now",
        };
        self.put(None);
        drop(up);
        reason
    }

    fn put(&self, link: Option<Arc<Link>>) {
        if let Some(place) = self.places.links.get(self.place) {
            place.store(link);
        }
    }

    fn failed(&self, error: RedisError) {
        self.meters.not_connected();
        self.tell(&error);
        self.places.failed.store(Some(Arc::new(error)));
    }

    fn tell(&self, reason: &dyn fmt::Display) {
        if !self.places.told.swap(true, AcqRel) {
            tracing::warn!(target: "buttress", %reason, "a connection to Redis is down");
        }
    }
}

/// How long a caller that wants to wait for a connection waits at most.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);
