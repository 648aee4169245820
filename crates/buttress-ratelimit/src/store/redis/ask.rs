//! One question to Redis: how it is put, and what its answer changes here.

mod late;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use buttress_core::clock::Moment;
use buttress_core::engine::Answered;
use buttress_core::sync::Lock;
use buttress_redis::engine::Question;
use buttress_redis::{Call, Ending, Redis, RedisError, Reply, Tag};

use super::permits::Permit;
use super::reading::{self, Answer};
use super::refusals::Heard;
use super::script::{BUCKETS, Buckets, Operation, Way, counter, counters};
use super::state::State;
use crate::store::Receipt;
use crate::{Algorithm, Charge, Charges, Limit, Limits, MOST_POLICIES, Verdict};

/// A question, with what has to be known when it is answered.
pub(super) struct Ask {
    state: Arc<State>,
    operation: Operation,
    limits: Limits,
    charges: Charges,
    asked: Moment,
    way: Way,
    /// How many tokens are asked for in advance, for each charge.
    leases: [u32; MOST_POLICIES],
    /// The numbers of the permits, where it is about some.
    numbers: [u64; MOST_POLICIES],
    /// Whether it is known what became of it.
    settled: AtomicBool,
    /// Where to say what was counted, if somebody asks.
    receipt: Lock<Option<Receipt>>,
}

impl Question for Ask {
    type Answer = Verdict;

    fn call<'a>(&self, redis: &'a Redis) -> Call<'a> {
        let (call, late) = (self.called(redis), self.late());
        match late {
            Some(late) => call.or_late(move |reply| late.hear(reply)),
            None => call,
        }
    }

    /// Reads the answer, and remembers what it says.
    fn read(&self, reply: &Reply) -> Result<Verdict, RedisError> {
        let Self { operation, limits, charges, way, .. } = self;
        let Answer { verdict, leased, counted } =
            reading::read(reply, way.numbers(*operation), *operation, limits, charges)?;
        match operation {
            Operation::Take => self.settle(&verdict, leased),
            // Whatever was asked before this was answered may be a refusal that is none any more.
            Operation::GiveBack | Operation::Forget => {
                let now = self.state.clock.now();
                charges.as_slice().iter().for_each(|charge| self.state.refusals.clear(charge, now));
            }
            Operation::Count => self.tell(|| {
                let mut all = *charges;
                all.stamp(&verdict);
                all.with_costs(&counted)
            }),
            Operation::Look | Operation::Renew => {}
        }
        Ok(verdict)
    }

    /// Decides without Redis. What may have been counted there stays counted.
    fn instead(&self, _: &RedisError) -> Answered<Verdict> {
        self.give_up();
        let Self { state, operation, limits, charges, .. } = self;
        let processes = state.fleet.processes();
        if *operation == Operation::Count {
            let counted = state.instead.count(limits, charges, processes);
            self.tell(|| counted);
            return Answered::Local(Verdict::taken());
        }
        Answered::Local(state.instead.decide(*operation, limits, charges, processes))
    }
}

impl Ask {
    pub(super) fn new(
        state: Arc<State>,
        operation: Operation,
        limits: Limits,
        charges: &Charges,
        asked: Moment,
    ) -> Self {
        let of = |charge: &Charge| limits.of(charge).algorithm();
        let all = charges.as_slice();
        let are_buckets = all.iter().all(|charge| of(charge) == Algorithm::Gcra);
        let mut leases = [0; MOST_POLICIES];
        if are_buckets && operation == Operation::Take && state.leases.could_take(charges) {
            for (lease, charge) in leases.iter_mut().zip(all) {
                *lease = state.leases.wish(charge, charges.shard(), asked);
            }
        }
        let way = match operation {
            Operation::Take | Operation::Look if are_buckets => Way::Buckets,
            _ => Way::Counters,
        };
        let has_permits = all.iter().any(|charge| of(charge) == Algorithm::Concurrent);
        let number = if has_permits { state.permits.number() } else { 0 };
        let (numbers, settled) = ([number; MOST_POLICIES], AtomicBool::new(false));
        let charges = *charges;
        let receipt = Lock::new(None);
        Self { state, operation, limits, charges, asked, way, leases, numbers, settled, receipt }
    }

    fn called<'a>(&self, redis: &'a Redis) -> Call<'a> {
        let all = self.charges.as_slice();
        let endings = all.iter().map(|charge| {
            let word = self.state.endings.get(usize::from(charge.policy()));
            Ending::new(word.map_or("", String::as_str)).with(charge.key())
        });
        let tag = self.charges.shard().map_or(self.state.tag, Tag::from);
        match self.way {
            Way::Buckets => {
                let mut buckets = Buckets::new(self.operation);
                for (charge, lease) in all.iter().zip(self.leases) {
                    buckets.add(self.limits.of(charge), charge, lease);
                }
                redis.run_for(&BUCKETS, tag, endings).arg(buckets.as_bytes())
            }
            Way::Counters => {
                let script = counters(self.operation, self.only_kind());
                let call = redis.run_for(script, tag, endings).arg(self.operation.number());
                all.iter().zip(self.numbers).fold(call, |call, (charge, number)| {
                    let limit = self.limits.of(charge);
                    let name = self.name(limit, number);
                    counter(call, limit, charge, &name, self.state.held_for)
                })
            }
        }
    }

    /// Says there what was counted.
    pub(super) fn telling(self, receipt: Receipt) -> Self {
        *self.receipt.lock() = Some(receipt);
        self
    }

    /// Is about the permits with these numbers.
    pub(super) fn numbered(mut self, numbers: [u64; MOST_POLICIES]) -> Self {
        self.numbers = numbers;
        self
    }

    /// Asks for so many tokens in advance, beside its first charge.
    pub(super) fn leasing(mut self, tokens: u32) -> Self {
        if let Some(first) = self.leases.first_mut() {
            *first = tokens;
        }
        self
    }

    /// Says what was counted, if somebody asks.
    fn tell(&self, counted: impl FnOnce() -> Charges) {
        // Not under the lock: whoever is told may ask again.
        let receipt = self.receipt.lock().take();
        if let Some(receipt) = receipt {
            receipt.counted(&counted());
        }
    }

    fn settle(&self, verdict: &Verdict, leased: u8) {
        self.settled.store(true, Relaxed);
        let Self { state, charges, asked, .. } = self;
        let now = state.clock.now();
        let stands = charges.as_slice().iter().zip(verdict.standings());
        if let Some((at, retry)) = verdict.refusal() {
            if let Some((charge, standing)) = stands.clone().nth(usize::from(at)) {
                let heard = Heard { asked: *asked, now, at_most: state.believes(charge) };
                let limit = self.limits.of(charge);
                state.refusals.note(limit, charge, (retry, *standing), heard);
            }
        } else {
            self.hold(verdict);
        }
        for (at, ((charge, standing), lease)) in stands.zip(self.leases).enumerate() {
            if lease > 0 && leased >> at & 1 == 1 {
                state.leases.came(charge, lease, *standing, now);
                // They came too late to be taken along by whoever left: by now that is known, as leases have a lock.
                if state.is_left.load(Relaxed) {
                    state.return_leases(None);
                }
            } else if lease > 0 {
                state.leases.failed(charge, lease);
            }
        }
    }

    /// Holds the permits that were taken.
    pub(super) fn hold(&self, verdict: &Verdict) {
        let shard = self.charges.shard();
        let all = self.charges.as_slice().iter().zip(self.numbers);
        for (at, (charge, number)) in (0..).zip(all) {
            let is_permit = self.limits.of(charge).algorithm() == Algorithm::Concurrent;
            if is_permit && !verdict.is_missed(at) {
                let until = verdict.standings().get(usize::from(at)).map(|at| verdict.until(at));
                let charge = Charge { until: until.unwrap_or_default(), ..*charge };
                self.state.permits.hold(Permit { charge, shard, number });
            }
        }
    }

    /// The algorithm of all charges, if it is the same.
    fn only_kind(&self) -> Option<Algorithm> {
        let mut kinds =
            self.charges.as_slice().iter().map(|charge| self.limits.of(charge).algorithm());
        let first = kinds.next()?;
        kinds.all(|other| other == first).then_some(first)
    }

    /// What a permit is called.
    fn name(&self, limit: &Limit, number: u64) -> String {
        match limit.algorithm() {
            Algorithm::Concurrent => self.state.permits.name(number),
            _ => String::new(),
        }
    }
}
