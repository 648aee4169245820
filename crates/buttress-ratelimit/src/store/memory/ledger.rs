//! The table of every other algorithm: eight keys behind a lock, which is held while they are looked through.

use std::num::NonZeroUsize;
use std::time::Duration;

use buttress_core::Key;
use buttress_core::clock::Moment;

use super::heavy::Heaviest;
use super::outcome::{Ask, Outcome, Time};
use super::settings::WhenFull;
use super::tally::{Tally, Usage, in_all};
use crate::algorithm::counter::{Counter, OUT_OF_ORDER};
use crate::parts::Lock;
use crate::{Limit, Retry, Source};

/// How many keys share a lock.
pub(super) const WAYS: usize = 8;

pub(super) struct Ledger<C> {
    pages: Box<[Lock<Page<C>>]>,
    when_full: WhenFull,
    tally: Tally,
}

pub(super) struct Page<C> {
    latest: Moment,
    entries: [Entry<C>; WAYS],
}

/// A key and what it has taken; an empty one is nobody's.
struct Entry<C> {
    key: Key,
    counter: C,
}

impl<C: Counter> Ledger<C> {
    /// With so many locks, of eight keys each.
    pub(super) fn new(pages: usize, when_full: WhenFull) -> Self {
        let pages = (0..pages.max(1)).map(|_| Lock::new(Page::new())).collect();
        Self { pages, when_full, tally: Tally::default() }
    }

    fn page(&self, key: Key) -> Option<&Lock<Page<C>>> {
        self.pages.get(key.shard(NonZeroUsize::new(self.pages.len())?))
    }

    /// All places are taken, and nobody gives way.
    fn without_place(&self, page: &Page<C>, limit: &Limit, ask: Ask, now: Moment) -> Outcome {
        let outcome = Outcome::of(Ok(0), &C::default(), limit, now);
        if self.when_full == WhenFull::Admit || ask.forced {
            self.tally.uncounted.up();
            return Outcome { source: Source::Uncounted, ..outcome };
        }
        self.tally.refused.up();
        let until = page.entries.iter().map(|entry| entry.counter.until(limit, now)).min();
        let retry = match until.unwrap_or_default().saturating_sub(now.as_nanos()) {
            0 => Retry::Unknown,
            wait => Retry::After(Duration::from_nanos(wait)),
        };
        let until = until.unwrap_or(outcome.until);
        Outcome { room: Err(retry), remaining: 0, until, source: Source::Crowded }
    }
}

/// What a table does, whatever it counts.
pub(super) trait Counts: Send + Sync {
    fn take(&self, limit: &Limit, ask: Ask, time: &mut Time<'_>) -> Outcome;
    fn look(&self, limit: &Limit, ask: Ask, now: Moment) -> Outcome;
    fn give_back(&self, limit: &Limit, ask: Ask, until: Option<u64>, time: &mut Time<'_>);
    fn forget(&self, key: Key);
    fn heaviest(&self, limit: &Limit, now: Moment) -> Vec<Heaviest>;
    fn usage(&self, limit: &Limit, now: Moment, sample: usize) -> Usage;
}

impl<C: Counter + Send + Sync> Counts for Ledger<C> {
    fn take(&self, limit: &Limit, ask: Ask, time: &mut Time<'_>) -> Outcome {
        let Some(page) = self.page(ask.key) else { return Outcome::NO_POLICY };
        let mut page = page.lock();
        let now = page.moved_to(time);
        page.settle(limit, ask.key, now);
        let counter = page.counter(limit, ask.key, now);
        let room = if ask.forced { Ok(0) } else { counter.room(limit, ask.cost, now) };
        if room.is_err() || ask.cost == 0 {
            return Outcome::of(room, &counter, limit, now);
        }
        let may_forget = self.when_full == WhenFull::Forget && !C::STAYS;
        let Some((entry, is_full)) = page.room(limit, ask.key, now, may_forget) else {
            return self.without_place(&page, limit, ask, now);
        };
        if is_full {
            self.tally.forgotten.up();
        }
        let added = entry.counter.add(limit, ask.cost, now);
        let room = if ask.forced { Ok(added.into()) } else { room };
        Outcome::of(room, &entry.counter, limit, now)
    }

    fn look(&self, limit: &Limit, ask: Ask, now: Moment) -> Outcome {
        let Some(page) = self.page(ask.key) else { return Outcome::NO_POLICY };
        let page = page.lock();
        let now = page.latest_of(now);
        let counter = page.counter(limit, ask.key, now);
        Outcome::of(counter.room(limit, ask.cost, now), &counter, limit, now)
    }

    fn give_back(&self, limit: &Limit, ask: Ask, until: Option<u64>, time: &mut Time<'_>) {
        let Some(page) = self.page(ask.key) else { return };
        let mut page = page.lock();
        let now = page.moved_to(time);
        if let Some(entry) = page.settle(limit, ask.key, now) {
            entry.counter.remove(limit, ask.cost, until, now);
        }
    }

    fn forget(&self, key: Key) {
        let Some(page) = self.page(key) else { return };
        let mut page = page.lock();
        let known = page.entries.iter_mut().filter(|entry| entry.key == key);
        known.for_each(|entry| entry.counter = C::default());
    }

    fn heaviest(&self, limit: &Limit, now: Moment) -> Vec<Heaviest> {
        let mut found = Vec::new();
        for page in &self.pages {
            let page = page.lock();
            for Entry { key, counter } in &page.entries {
                let mut counter = counter.clone();
                counter.settle(limit, now);
                if !counter.is_empty() {
                    let standing = Outcome::of(Ok(0), &counter, limit, now).standing(now);
                    found.push(Heaviest::new(*key, standing));
                }
            }
        }
        found
    }

    fn usage(&self, limit: &Limit, now: Moment, sample: usize) -> Usage {
        let is_live = |entry: &&Entry<C>| {
            let mut counter = entry.counter.clone();
            counter.settle(limit, now);
            !counter.is_empty()
        };
        let live = |page: &Lock<Page<C>>| page.lock().entries.iter().filter(is_live).count();
        let some = self.pages.get(..sample.div_ceil(WAYS)).unwrap_or(&self.pages);
        Usage {
            places: self.pages.len() * WAYS,
            live: in_all(some.iter().map(live).sum(), some.len(), self.pages.len()),
            bytes: size_of_val(&*self.pages),
            ..Usage::of(&self.tally)
        }
    }
}

impl<C: Counter> Page<C> {
    fn new() -> Self {
        let entry = || Entry { key: Key::from_bytes([0; 16]), counter: C::default() };
        Self { latest: Moment::FIRST, entries: std::array::from_fn(|_| entry()) }
    }

    /// The time of this page. It does not go back because threads were late, but it does if the clock has jumped.
    fn moved_to(&mut self, time: &mut Time<'_>) -> Moment {
        let now = if time.now() < self.latest { time.again() } else { time.now() };
        self.latest = self.latest_of(now);
        self.latest
    }

    fn latest_of(&self, now: Moment) -> Moment {
        if self.latest - now <= OUT_OF_ORDER { self.latest.max(now) } else { now }
    }

    /// Settles a key that has an entry, for good: what a clock that jumped back left far ahead has to come near once,
    /// and not from wherever it is looked at.
    fn settle(&mut self, limit: &Limit, key: Key, now: Moment) -> Option<&mut Entry<C>> {
        let entry = self.entries.iter_mut().find(|entry| entry.is_of(key))?;
        entry.counter.settle(limit, now);
        Some(entry)
    }

    /// What a key has taken, settled.
    fn counter(&self, limit: &Limit, key: Key, now: Moment) -> C {
        let known = self.entries.iter().find(|entry| entry.is_of(key));
        let mut counter = known.map(|entry| entry.counter.clone()).unwrap_or_default();
        counter.settle(limit, now);
        counter
    }

    /// The entry of a key, or a place for one; and whether another key is forgotten for it.
    fn room(
        &mut self,
        limit: &Limit,
        key: Key,
        now: Moment,
        may_forget: bool,
    ) -> Option<(&mut Entry<C>, bool)> {
        self.entries.iter_mut().for_each(|entry| entry.counter.settle(limit, now));
        let known = self.entries.iter().position(|entry| entry.is_of(key));
        let free = || self.entries.iter().position(|entry| entry.counter.is_empty());
        let (at, is_full) = match known.or_else(free) {
            Some(at) => (at, false),
            None if may_forget => (self.lightest(limit, now)?, true),
            None => return None,
        };
        let entry = self.entries.get_mut(at)?;
        if is_full {
            entry.counter = C::default();
        }
        entry.key = key;
        Some((entry, is_full))
    }

    fn lightest(&self, limit: &Limit, now: Moment) -> Option<usize> {
        let weights = self.entries.iter().map(|entry| entry.counter.weight(limit, now)).enumerate();
        weights.min_by_key(|(_, weight)| *weight).map(|(at, _)| at)
    }
}

impl<C: Counter> Entry<C> {
    fn is_of(&self, key: Key) -> bool {
        self.key == key && !self.counter.is_empty()
    }
}
