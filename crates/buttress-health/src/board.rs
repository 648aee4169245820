use std::sync::Arc;

use buttress_core::clock::Moment;

use crate::hops::{HopId, Via};
use crate::parts::ArcSwapOption;
use crate::parts::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use crate::slot::{Seen, Slot};
use crate::verdict::Verdict;
use crate::ways::Ways;
use crate::{CheckStatus, Status};

/// What all checks together mean, kept so that a request has nothing to add up.
///
/// A verdict belongs to a generation: each change of a check starts a new one. It also ends by itself, when
/// the first result that it rests on is too old. Whoever finds none that holds makes one, and leaves it
/// for others; two that do so at the same time lose nothing but the time.
pub(crate) struct Board {
    pub(crate) slots: Box<[Slot]>,
    pub(crate) groups: Box<[Group]>,
    /// The name among services that ask each other.
    pub(crate) own: HopId,
    generation: AtomicU64,
    /// One for each verdict that was made.
    editions: AtomicU64,
    /// One for each result that came in.
    pub(crate) results: AtomicU64,
    verdict: ArcSwapOption<Verdict>,
    ways: ArcSwapOption<Ways>,
    startup_left: AtomicUsize,
    held: bool,
    draining: AtomicBool,
}

/// A group, and who is in it.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) name: String,
    /// In their order.
    pub(crate) members: Box<[usize]>,
}

impl Board {
    /// One that is `held` stays starting.
    pub(crate) fn new(slots: Box<[Slot]>, own: HopId, held: bool) -> Self {
        let mut names: Vec<&String> = slots.iter().flat_map(|slot| &slot.groups).collect();
        names.sort_unstable();
        names.dedup();
        let members = |name: &str| {
            let all = slots.iter().enumerate();
            all.filter(|(_, slot)| slot.is_in(name)).map(|(at, _)| at).collect()
        };
        let group = |name: &String| Group { name: name.clone(), members: members(name) };
        Self {
            groups: names.into_iter().map(group).collect(),
            startup_left: AtomicUsize::new(slots.iter().filter(|slot| slot.startup).count()),
            slots,
            own,
            generation: AtomicU64::new(0),
            editions: AtomicU64::new(0),
            results: AtomicU64::new(0),
            verdict: ArcSwapOption::empty(),
            ways: ArcSwapOption::empty(),
            held,
            draining: AtomicBool::new(false),
        }
    }

    /// Whether the start is over. It never begins again.
    pub(crate) fn is_started(&self) -> bool {
        !self.held && self.startup_left.load(Ordering::Acquire) == 0
    }

    /// Whether it stays starting.
    pub(crate) fn is_held(&self) -> bool {
        self.held
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    /// Whether it was not draining before.
    pub(crate) fn drain(&self) -> bool {
        !self.draining.swap(true, Ordering::AcqRel)
    }

    /// As [`is_draining`](Self::is_draining), for who has changed something that is looked at after it was
    /// [marked](Self::drain): one of the two sees what the other did, as both are exchanges.
    pub(crate) fn was_draining(&self) -> bool {
        self.draining.fetch_or(false, Ordering::AcqRel)
    }

    /// What holds now for the whole, or for one group.
    pub(crate) fn status(&self, verdict: &Verdict, group: Option<usize>) -> Status {
        if self.is_draining() {
            return Status::Draining;
        }
        verdict.status(group)
    }

    /// The group of this name.
    pub(crate) fn group(&self, name: &str) -> Option<usize> {
        self.groups.binary_search_by(|group| (*group.name).cmp(name)).ok()
    }

    /// The checks of the whole, or of one group.
    pub(crate) fn members(&self, group: Option<usize>) -> impl Iterator<Item = &Slot> {
        let (all, some) = match group.and_then(|group| self.groups.get(group)) {
            Some(group) => (&[][..], &*group.members),
            None => (&*self.slots, &[][..]),
        };
        all.iter().chain(some.iter().filter_map(|at| self.slots.get(*at)))
    }

    /// Whether a check counts for the whole, or for one group.
    pub(crate) fn is_member(&self, at: usize, group: Option<usize>) -> bool {
        let Some(group) = group else { return true };
        self.groups.get(group).is_some_and(|group| group.members.binary_search(&at).is_ok())
    }

    /// What a slot has to say now.
    pub(crate) fn judge(&self, slot: &Slot, now: Moment) -> CheckStatus {
        slot.judge(now, &self.own).0
    }

    /// The verdict that holds at `now`.
    pub(crate) fn verdict(&self, now: Moment) -> Arc<Verdict> {
        let generation = self.generation.load(Ordering::Acquire);
        if let Some(verdict) = &*self.verdict.load()
            && verdict.generation == generation
            && now < verdict.until
        {
            return verdict.clone();
        }
        let edition = self.editions.fetch_add(1, Ordering::Relaxed);
        let verdict = Arc::new(Verdict::of(self, generation, edition, now));
        self.verdict.store(Some(verdict.clone()));
        verdict
    }

    /// The same, and the time to judge by: not before what it was made of, which another thread may have seen since.
    pub(crate) fn verdict_and_time(&self, now: Moment) -> (Arc<Verdict>, Moment) {
        let verdict = self.verdict(now);
        let now = now.max(verdict.made);
        (verdict, now)
    }

    /// Where the checks lead, as of this verdict: a check that leads elsewhere ends it.
    pub(crate) fn ways(&self, verdict: &Verdict, now: Moment) -> Arc<Ways> {
        if let Some(ways) = &*self.ways.load()
            && ways.edition == verdict.edition
        {
            return ways.clone();
        }
        let ways = Arc::new(Ways::of(self, verdict.edition, now.max(verdict.made)));
        self.ways.store(Some(ways.clone()));
        ways
    }

    /// What holds for one who is on the way of some checks, which do not count then; nothing if no check leads there.
    pub(crate) fn status_for(
        &self,
        via: &Via<'_>,
        ways: &Ways,
        group: Option<usize>,
    ) -> Option<Status> {
        let status = ways.without(via, self, group)?;
        Some(if self.is_draining() { Status::Draining } else { self.held_or(status) })
    }

    pub(crate) fn judge_for(&self, slot: &Slot, via: &Via<'_>, now: Moment) -> CheckStatus {
        match &slot.hops {
            Some(hops) if hops.lead_to(via) => CheckStatus::Circular,
            _ => self.judge(slot, now),
        }
    }

    pub(crate) fn held_or(&self, status: Status) -> Status {
        if self.held { Status::Starting } else { status }
    }

    /// Puts a result in its place; whether that may change what all checks together mean.
    ///
    /// The old result counts as too old by the clock as it is *after* the exchange: whoever has judged by
    /// the old one has read the clock before.
    pub(crate) fn put(&self, slot: &Slot, seen: Seen, clock: impl FnOnce() -> Moment) -> bool {
        if seen.last_success.is_some()
            && !slot.succeeded.swap(true, Ordering::AcqRel)
            && slot.startup
        {
            self.startup_left.fetch_sub(1, Ordering::AcqRel);
        }
        let status = seen.status;
        let old = slot.seen.swap(Some(Arc::new(seen)));
        self.results.fetch_add(1, Ordering::AcqRel);
        let now = clock();
        let same = old.is_some_and(|old| old.status == status && now < old.expires);
        // One that leads elsewhere changes what others mean without a change of its own.
        let turned = slot.hops.as_ref().is_some_and(|hops| hops.have_turned());
        let changed = !same || turned;
        if changed {
            self.generation.fetch_add(1, Ordering::AcqRel);
        }
        changed
    }
}

#[cfg(test)]
#[cfg(buttress_loom)]
mod models;

#[cfg(test)]
#[cfg(feature = "http")]
#[cfg(not(buttress_loom))]
mod tests;
