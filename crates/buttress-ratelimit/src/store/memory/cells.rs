//! The table of [`Gcra`]: where a key belongs, and what happens to it there.

mod found;

use std::time::Duration;

use buttress_core::Key;
use buttress_core::clock::Moment;

pub(super) use self::found::Found;
use super::bucket::{Bucket, Exchanged, PLACES, Place};
use super::heavy::{Heaviest, Heavy};
use super::outcome::{Ask, Outcome, Time};
use super::settings::WhenFull;
use super::spot::{self, Spot, Vacancy};
use super::tally::{Tally, Usage, in_all};
use crate::algorithm::counter::Counter;
use crate::algorithm::gcra::Gcra;
use crate::parts::yield_now;
use crate::{Limit, Retry, Source};

pub(super) struct Cells {
    buckets: Box<[Bucket]>,
    when_full: WhenFull,
    tally: Box<Tally>,
    heavy: Heavy,
}

impl Cells {
    /// How large a bucket is, with what stands beside it.
    pub(super) const BUCKET: usize = size_of::<Bucket>() + Heavy::GROUP / Heavy::BUCKETS;

    /// How many buckets fit, with what stands beside them.
    pub(super) const fn buckets_in(bytes: usize) -> usize {
        bytes.saturating_sub(Heavy::LEAST) / Self::BUCKET
    }

    /// With so many buckets, of 64 bytes each.
    pub(super) fn new(buckets: usize, when_full: WhenFull) -> Self {
        let buckets: Box<[_]> = (0..buckets.max(1)).map(|_| Bucket::default()).collect();
        let heavy = Heavy::beside(buckets.len());
        Self { buckets, when_full, tally: Box::default(), heavy }
    }

    /// Nearly always all there is to do: one look and one exchange, in the first bucket of the key. Nothing where more
    /// is to be done, as [`take`](Self::take) does.
    #[expect(clippy::inline_always, reason = "a call would write the outcome down")]
    #[inline(always)]
    pub(super) fn take_at_once(&self, limit: &Limit, ask: Ask, now: Moment) -> Option<Outcome> {
        let print = spot::print(ask.key);
        let place = spot::first(&self.buckets, ask.key)?.find(print)?;
        let cell = Gcra::from_nanos(place.seen());
        match cell.take(limit, ask.cost, now) {
            Ok((next, wait)) if ask.cost > 0 => {
                if place.exchange(print, next.as_nanos()) != Exchanged::Yes {
                    return None;
                }
                self.note(limit, ask.key, next, now);
                Some(Outcome::of(Ok(wait), &next, limit, now))
            }
            Err(retry) if cell.level(now) <= limit.deepest => {
                Some(Outcome::of(Err(retry), &cell, limit, now))
            }
            _ => None,
        }
    }

    /// However long it takes.
    pub(super) fn take(&self, limit: &Limit, ask: Ask, time: &mut Time<'_>) -> Outcome {
        let at_once = if ask.forced { None } else { self.take_at_once(limit, ask, time.now()) };
        at_once.unwrap_or_else(|| self.take_wherever(limit, ask, time))
    }

    /// In the second bucket, after somebody was faster, or for the first time.
    #[inline(never)]
    fn take_wherever(&self, limit: &Limit, ask: Ask, time: &mut Time<'_>) -> Outcome {
        let Some(spot) = Spot::of(&self.buckets, ask.key) else { return Outcome::NO_POLICY };
        loop {
            let taken = match spot.find() {
                Some(place) => self.take_at(place, spot.print, limit, ask, time),
                None => self.take_first(&spot, limit, ask, time),
            };
            if let Some(outcome) = taken {
                return outcome;
            }
        }
    }

    pub(super) fn look(&self, limit: &Limit, ask: Ask, now: Moment) -> Outcome {
        let place = Spot::of(&self.buckets, ask.key).and_then(|spot| spot.find());
        let cell = place.map(|place| Gcra::from_nanos(place.seen())).unwrap_or_default();
        let cell = if cell.is_far_ahead(limit, now) { cell.settled(limit, now) } else { cell };
        Outcome::of(cell.room(limit, ask.cost, now), &cell, limit, now)
    }

    /// Gives back what [counted until](crate::Charge::until) then.
    pub(super) fn give_back(&self, limit: &Limit, ask: Ask, until: Option<u64>, now: Moment) {
        let Some(spot) = Spot::of(&self.buckets, ask.key) else { return };
        while let Some(place) = spot.find() {
            let cell = Gcra::from_nanos(place.seen());
            if cell.level(now) == 0 {
                return;
            }
            let less = cell.without(limit, ask.cost, until, now).as_nanos();
            match place.exchange(spot.print, less) {
                Exchanged::Yes => return,
                Exchanged::No => {}
                Exchanged::Astray => place.put_back(place.seen().saturating_sub(less)),
            }
        }
    }

    pub(super) fn forget(&self, key: Key) {
        let Some(spot) = Spot::of(&self.buckets, key) else { return };
        while let Some(place) = spot.find() {
            match place.exchange(spot.print, 0) {
                Exchanged::Yes => return,
                Exchanged::No => {}
                Exchanged::Astray => place.put_back(place.seen()),
            }
        }
    }

    pub(super) fn heaviest(&self, limit: &Limit, now: Moment) -> Vec<Heaviest> {
        let standing = |key| {
            let outcome = self.look(limit, Ask { key, cost: 0, forced: false }, now);
            (outcome.until > now.as_nanos()).then(|| Heaviest::new(key, outcome.standing(now)))
        };
        self.heavy.keys().filter_map(standing).collect()
    }

    pub(super) fn usage(&self, now: Moment, sample: usize) -> Usage {
        let all = self.buckets.len();
        let some = self.buckets.get(..sample.div_ceil(PLACES)).unwrap_or(&self.buckets);
        let places = some.iter().flat_map(Bucket::places);
        let live = places.filter(|place| place.seen() > now.as_nanos()).count();
        Usage {
            places: all * PLACES,
            live: in_all(live, some.len(), all),
            bytes: size_of_val(&*self.buckets) + self.heavy.bytes(),
            ..Usage::of(&self.tally)
        }
    }

    /// For a key that is known: one look, and one exchange if there is room. Nothing if somebody was faster.
    fn take_at(
        &self,
        place: Place<'_>,
        print: u32,
        limit: &Limit,
        ask: Ask,
        time: &mut Time<'_>,
    ) -> Option<Outcome> {
        let cell = Gcra::from_nanos(place.seen());
        if cell.level(time.now()) > limit.deepest && cell.is_far_ahead(limit, time.again()) {
            let near = cell.settled(limit, time.now());
            place.exchange(print, near.as_nanos());
            return None;
        }
        let now = time.now();
        let room = if ask.forced { Ok(0) } else { cell.room(limit, ask.cost, now) };
        if room.is_err() || ask.cost == 0 {
            return Some(Outcome::of(room, &cell, limit, now));
        }
        let mut next = cell;
        let counted = next.add(limit, ask.cost, now);
        let room = if ask.forced { Ok(counted.into()) } else { room };
        if place.exchange(print, next.as_nanos()) != Exchanged::Yes {
            return None;
        }
        self.note(limit, ask.key, next, now);
        Some(Outcome::of(room, &next, limit, now))
    }

    /// For a key that has no place. Nothing if it has one by now.
    #[cold]
    #[inline(never)]
    fn take_first(
        &self,
        spot: &Spot<'_>,
        limit: &Limit,
        ask: Ask,
        time: &mut Time<'_>,
    ) -> Option<Outcome> {
        let nothing = Gcra::default();
        let room = if ask.forced { Ok(0) } else { nothing.room(limit, ask.cost, time.now()) };
        if room.is_err() || ask.cost == 0 {
            return Some(Outcome::of(room, &nothing, limit, time.now()));
        }
        let _turn = spot.first.turn();
        // Another thread may have forgotten it because its time was over, by a later look at the clock than ours. From
        // our older one it would have a little more than it should.
        let now = time.again();
        let mut cell = nothing;
        let counted = cell.add(limit, ask.cost, now);
        let room = if ask.forced { Ok(counted.into()) } else { room };
        while spot.find().is_none() {
            let (place, is_full) = match spot.vacancy(now) {
                Vacancy::Free(place) => (place, false),
                Vacancy::Full(least) if self.when_full == WhenFull::Forget => (least, true),
                Vacancy::Full(least) => return Some(self.without_place(limit, ask, least, now)),
                Vacancy::Unclear => {
                    yield_now();
                    continue;
                }
            };
            // Another time than the one that was seen, so that an exchange for that one fails.
            let empty_at = cell.as_nanos() + u64::from(cell.as_nanos() == place.seen());
            if place.give_to(spot.print, empty_at) {
                if is_full {
                    self.tally.forgotten.up();
                }
                self.note(limit, ask.key, cell, now);
                return Some(Outcome::of(room, &cell, limit, now));
            }
        }
        None
    }

    /// All places of a newcomer are taken, and nobody gives way; the first does when `least` is over.
    fn without_place(&self, limit: &Limit, ask: Ask, least: Place<'_>, now: Moment) -> Outcome {
        let outcome = Outcome::of(Ok(0), &Gcra::default(), limit, now);
        if self.when_full == WhenFull::Refuse && !ask.forced {
            self.tally.refused.up();
            let wait = Gcra::from_nanos(least.seen()).level(now);
            let room = Err(Retry::After(Duration::from_nanos(wait)));
            return Outcome { room, remaining: 0, until: least.seen(), source: Source::Crowded };
        }
        self.tally.uncounted.up();
        Outcome { source: Source::Uncounted, ..outcome }
    }

    #[inline]
    fn note(&self, limit: &Limit, key: Key, cell: Gcra, now: Moment) {
        if cell.level(now) > limit.tolerance / 2 {
            self.heavy.note(key, cell.as_nanos(), limit.tolerance / 8);
        }
    }
}

#[cfg(test)]
#[cfg(buttress_loom)]
mod models;
#[cfg(test)]
#[cfg(not(buttress_loom))]
mod tests;
