use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use buttress_core::clock::{Clock, TokioClock};
use tokio::time::timeout;

use super::inbox::Inbox;
use crate::address::Address;
use crate::backoff::Backoff;
use crate::link;
use crate::meters::Meters;
use crate::settings::Checked;
use crate::way::Way;
use crate::{ErrorKind, RedisError};

/// Keeps the connection of one subscription: makes it, watches over it, makes it anew.
pub(super) struct Keeper {
    inbox: Arc<Inbox>,
    way: Way,
    settings: Arc<Checked>,
    meters: Arc<Meters>,
    clock: TokioClock,
    /// Whether it is known that nothing is heard: one line for each such time.
    told: bool,
}

impl Keeper {
    pub(super) fn new(
        inbox: Arc<Inbox>,
        way: Way,
        settings: Arc<Checked>,
        meters: Arc<Meters>,
    ) -> Self {
        Self { inbox, way, settings, meters, clock: TokioClock::new(), told: false }
    }

    pub(super) async fn keep(mut self) {
        let (mut backoff, jitter) = (Backoff::default(), RandomState::new());
        for turn in 0_u64.. {
            let began = self.clock.now();
            match self.subscribed(jitter.hash_one(turn)).await {
                Ok((address, link, driver)) => {
                    let reason = self.listen(&address, &link, driver).await;
                    backoff.lived(self.clock.now() - began);
                    self.silent(&reason);
                }
                Err(error) => {
                    self.meters.not_connected();
                    self.silent(&error);
                }
            }
            self.way.lost();
            link::pause(backoff.pause(jitter.hash_one(turn))).await;
        }
    }

    /// A connection that listens to all channels.
    async fn subscribed(
        &mut self,
        random: u64,
    ) -> Result<(Address, link::Ear, link::Driver), RedisError> {
        let (settings, heard) = (&self.settings, self.inbox.hear());
        let known = timeout(settings.connect_timeout, self.way.address(None, random)).await;
        let nowhere = |_| RedisError::new(ErrorKind::Unreachable, "nobody knows a server");
        let address = known.map_err(nowhere)?;
        let (link, driver) = link::listen(&address, settings, heard).await?;
        link.subscribe(&self.inbox.channels(), settings.connect_timeout).await?;
        self.meters.subscribed();
        self.told = false;
        tracing::info!(target: "buttress", channels = ?self.inbox.channels(), "subscribed at Redis");
        Ok((address, link, driver))
    }

    /// Returns when the connection should be replaced, with the reason.
    async fn listen(
        &self,
        address: &Address,
        link: &link::Ear,
        driver: link::Driver,
    ) -> &'static str {
        tokio::select! {
            // First the watch: it is what ends the connection when it is dropped.
            biased;
            reason = link.watch(driver, self.settings.response_timeout) => reason,
            () = self.way.left(address) => "the server is another one now",
        }
    }

    fn silent(&mut self, reason: &dyn std::fmt::Display) {
        if !std::mem::replace(&mut self.told, true) {
            tracing::warn!(target: "buttress", %reason, "nothing is heard from Redis");
        }
    }
}
