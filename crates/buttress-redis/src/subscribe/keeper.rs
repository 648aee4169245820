use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use buttress_core::clock::{Clock, TokioClock};

use super::inbox::Inbox;
use crate::RedisError;
use crate::backoff::Backoff;
use crate::link;
use crate::location::Address;
use crate::meters::Meters;
use crate::settings::Checked;

/// Keeps the connection of one subscription: makes it, watches over it, makes it anew.
pub(super) struct Keeper {
    inbox: Arc<Inbox>,
    settings: Arc<Checked>,
    meters: Arc<Meters>,
    clock: TokioClock,
    /// Whether it is known that nothing is heard: one line for each such time.
    told: bool,
}

impl Keeper {
    pub(super) fn new(inbox: Arc<Inbox>, settings: Arc<Checked>, meters: Arc<Meters>) -> Self {
        Self { inbox, settings, meters, clock: TokioClock::new(), told: false }
    }

    pub(super) async fn keep(mut self) {
        let (mut backoff, jitter) = (Backoff::default(), RandomState::new());
        for turn in 0_u64.. {
            let began = self.clock.now();
            match self.subscribed().await {
                Ok((link, driver)) => {
                    let reason = link.watch(driver, self.settings.response_timeout).await;
                    backoff.lived(self.clock.now() - began);
                    self.silent(&reason);
                }
                Err(error) => {
                    self.meters.not_connected();
                    self.silent(&error);
                }
            }
            link::pause(backoff.pause(jitter.hash_one(turn))).await;
        }
    }

    /// A connection that listens to all channels.
    async fn subscribed(&mut self) -> Result<(link::Link, link::Driver), RedisError> {
        let (settings, heard) = (&self.settings, self.inbox.hear());
        let (link, driver) = link::listen(self.address(), settings, heard).await?;
        link.subscribe(&self.inbox.channels(), settings.connect_timeout).await?;
        self.meters.subscribed();
        self.told = false;
        tracing::info!(target: "buttress", channels = ?self.inbox.channels(), "subscribed at Redis");
        Ok((link, driver))
    }

    fn address(&self) -> &Address {
        &self.settings.location.address
    }

    fn silent(&mut self, reason: &dyn std::fmt::Display) {
        if !std::mem::replace(&mut self.told, true) {
            tracing::warn!(target: "buttress", %reason, "nothing is heard from Redis");
        }
    }
}
