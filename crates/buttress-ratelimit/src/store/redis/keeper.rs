//! What has to be done now and then, by one task for as long as there is a handle.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Weak};
use std::time::Duration;

use buttress_core::Key;
use buttress_core::clock::{Moment, Timer, TokioTimer, millis};
use buttress_redis::{Ending, RedisError};
use tokio::task::JoinSet;

use super::ask::Ask;
use super::bans;
use super::fleet::SILENCE;
use super::leases;
use super::permits::Permit;
use super::redis_store::Handle;
use super::script::{BEAT, MIXED, Operation};
use super::seeking;
use super::state::State;
use crate::{Charge, Charges, Limits, MOST_POLICIES};

/// How often it looks.
const TICK: Duration = Duration::from_millis(250);
/// How often a process says that it is there.
const BEAT_EVERY: Duration = Duration::from_secs(2);
/// How many calls renew permits at the same time.
const RENEWALS: usize = 16;

/// Keeps a store until its last handle is gone, and carries its bans.
pub(super) fn begin(handle: &Arc<Handle>, runtime: &tokio::runtime::Handle) {
    runtime.spawn(keep(Arc::downgrade(handle)));
    // Apart, as it may take long: whoever says nothing meanwhile counts as gone.
    runtime.spawn(renew(Arc::downgrade(handle)));
    if handle.state.awaits_seed {
        runtime.spawn(seeking::seek(Arc::downgrade(handle)));
    }
    if let Some(shared) = handle.state.bans.get() {
        let (state, shared) = (handle.state.clone(), shared.clone());
        runtime.spawn(bans::share(Arc::downgrade(handle), state, shared));
    }
}

async fn keep(handle: Weak<Handle>) {
    let mut beat = Moment::FIRST;
    if let Some(handle) = handle.upgrade() {
        handle.state.bring().await;
    }
    while let Some(handle) = handle.upgrade() {
        let state = handle.state.clone();
        drop(handle);
        let now = state.clock.now();
        if beat == Moment::FIRST || now - beat >= BEAT_EVERY {
            beat = now;
            state.beat(SILENCE, now).await;
        }
        state.return_leases(Some(now));
        drop(state);
        TokioTimer.sleep(TICK).await;
    }
}

async fn renew(handle: Weak<Handle>) {
    let mut renewed = Moment::FIRST;
    while let Some(handle) = handle.upgrade() {
        let state = handle.state.clone();
        drop(handle);
        let now = state.clock.now();
        if now - renewed >= state.held_for / 3 {
            renewed = now;
            state.renew().await;
        }
        drop(state);
        TokioTimer.sleep(TICK).await;
    }
}

impl State {
    /// Brings the script that gives back, before anything is: with its source it would come after who asks next.
    async fn bring(&self) {
        let call = self.redis.run_for(&MIXED, self.tag, std::iter::empty::<Ending<'_>>());
        let _ = call.arg(Operation::Look.number()).send().await;
    }

    /// Says that this process is there, and hears how many are; with no silence allowed, that it goes.
    async fn beat(&self, silence: Duration, now: Moment) {
        if let Ok(processes) = self.say(silence).await {
            self.fleet.heard(u32::try_from(processes).unwrap_or(1), now);
        }
    }

    async fn say(&self, silence: Duration) -> Result<i64, RedisError> {
        let process = self.member.process().to_hex();
        let call = self.redis.run_for(&BEAT, self.tag, std::iter::once(Ending::new("")));
        call.arg(&process[..]).arg(millis(silence)).send().await?.integer()
    }

    /// Renews what is held, so that only what nobody holds any more ends by itself: several calls at a time, or where
    /// each is of a shard of its own, the first would be over before the last is renewed.
    async fn renew(self: &Arc<Self>) {
        let Some(limits) = self.limits.load_full() else { return };
        let mut held = self.permits.held();
        held.sort_unstable_by_key(|permit| permit.shard.map(Key::to_bytes));
        let mut calls = JoinSet::new();
        for permits in held.chunk_by(|one, other| one.shard == other.shard) {
            for permits in permits.chunks(MOST_POLICIES) {
                if calls.len() >= RENEWALS {
                    calls.join_next().await;
                }
                let (state, ask) = (self.clone(), self.renewal((*limits).clone(), permits));
                calls.spawn(async move { _ = state.send(ask).await });
            }
        }
        while calls.join_next().await.is_some() {}
    }

    /// Of one shard.
    fn renewal(self: &Arc<Self>, limits: Limits, permits: &[Permit]) -> Ask {
        let shard = permits.first().and_then(|permit| permit.shard);
        let mut charges = shard.map_or_else(Charges::new, |shard| Charges::new().at(shard));
        let mut numbers = [0; MOST_POLICIES];
        for (number, permit) in numbers.iter_mut().zip(permits) {
            *number = permit.number;
            charges.push(permit.charge);
        }
        let now = self.clock.now();
        Ask::new(self.clone(), Operation::Renew, limits, &charges, now).numbered(numbers)
    }

    /// Gives back tokens that were taken in advance, and not used for a while; all of them without a time.
    pub(super) fn return_leases(self: &Arc<Self>, now: Option<Moment>) {
        let Some(limits) = self.limits.load_full() else { return };
        for leases::Unused { policy, key, shard, tokens } in self.leases.unused(now) {
            let mut charges = shard.map_or_else(Charges::new, |shard| Charges::new().at(shard));
            charges.push(Charge::new(policy, key, tokens));
            let (state, now) = (self.clone(), self.clock.now());
            let limits = (*limits).clone();
            self.post(Ask::new(state, Operation::GiveBack, limits, &charges, now));
        }
    }

    /// The last handle has gone.
    pub(super) fn leave(self: &Arc<Self>) {
        self.is_left.store(true, Relaxed);
        self.return_leases(None);
        let here = tokio::runtime::Handle::try_current().ok();
        let Some(runtime) = here.as_ref().or(self.runtime.get()) else { return };
        if self.member.leave() {
            let state = self.clone();
            runtime.spawn(async move { drop(state.say(Duration::ZERO).await) });
        }
    }
}
