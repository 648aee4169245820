use buttress_core::Key;
use buttress_core::clock::Moment;

use super::cells::{Cells, Found};
use super::heavy::Heaviest;
use super::ledger::{Counts, Ledger, Page};
use super::outcome::{Ask, Outcome, Time};
use super::settings::{Room, WhenFull};
use super::tally::Usage;
use crate::algorithm::concurrent::Concurrent;
use crate::algorithm::counter::Counter;
use crate::algorithm::fixed::FixedWindow;
use crate::algorithm::log::SlidingLog;
use crate::algorithm::sliding::SlidingCounter;
use crate::parts::Lock;
use crate::room::has_room;
use crate::{Algorithm, Limit};

/// How many keys a bucket has where a table is as full as it should be: three of five places, so that two newcomers in
/// a thousand find both of their buckets full.
const KEYS_A_BUCKET: usize = 3;

/// The same of a page, which has eight places and no second page.
const KEYS_A_PAGE: usize = 4;

/// What one policy has counted.
pub(super) enum Table {
    Cells(Cells),
    Ledger(Box<dyn Counts>),
}

impl Table {
    pub(super) fn new(algorithm: Algorithm, room: Room, when_full: WhenFull) -> Self {
        let (parts, _) = parts(algorithm, room);
        match algorithm {
            Algorithm::Gcra => Self::Cells(Cells::new(parts, when_full)),
            Algorithm::FixedWindow => ledger::<FixedWindow>(parts, when_full),
            Algorithm::SlidingCounter => ledger::<SlidingCounter>(parts, when_full),
            Algorithm::SlidingLog => ledger::<SlidingLog>(parts, when_full),
            Algorithm::Concurrent => ledger::<Concurrent>(parts, when_full),
        }
    }

    /// Whether there is memory for tables of this size.
    pub(super) fn fit(algorithms: &[Algorithm], room: Room) -> bool {
        let bytes = algorithms.iter().try_fold(0_usize, |bytes, algorithm| {
            let (parts, size) = parts(*algorithm, room);
            bytes.checked_add(parts.checked_mul(size)?)
        });
        bytes.is_some_and(has_room)
    }

    /// What is decided by a look and an exchange, and need not be put together anywhere.
    #[expect(clippy::inline_always, reason = "a call would write the outcome down")]
    #[inline(always)]
    pub(super) fn take_at_once(&self, limit: &Limit, ask: Ask, now: Moment) -> Option<Outcome> {
        match self {
            Self::Cells(cells) => cells.take_at_once(limit, ask, now),
            Self::Ledger(_) => None,
        }
    }

    /// What is taken by an exchange, if the others are taken too.
    #[inline]
    pub(super) fn find(&self, limit: &Limit, ask: Ask, now: Moment) -> Option<Found<'_>> {
        match self {
            Self::Cells(cells) => cells.find(limit, ask, now),
            Self::Ledger(_) => None,
        }
    }

    pub(super) fn take(&self, limit: &Limit, ask: Ask, time: &mut Time<'_>) -> Outcome {
        match self {
            Self::Cells(cells) => cells.take(limit, ask, time),
            Self::Ledger(ledger) => ledger.take(limit, ask, time),
        }
    }

    pub(super) fn look(&self, limit: &Limit, ask: Ask, now: Moment) -> Outcome {
        match self {
            Self::Cells(cells) => cells.look(limit, ask, now),
            Self::Ledger(ledger) => ledger.look(limit, ask, now),
        }
    }

    pub(super) fn give_back(
        &self,
        limit: &Limit,
        ask: Ask,
        until: Option<u64>,
        time: &mut Time<'_>,
    ) {
        match self {
            Self::Cells(cells) => cells.give_back(limit, ask, until, time.now()),
            Self::Ledger(ledger) => ledger.give_back(limit, ask, until, time),
        }
    }

    pub(super) fn forget(&self, key: Key) {
        match self {
            Self::Cells(cells) => cells.forget(key),
            Self::Ledger(ledger) => ledger.forget(key),
        }
    }

    pub(super) fn heaviest(&self, limit: &Limit, now: Moment) -> Vec<Heaviest> {
        match self {
            Self::Cells(cells) => cells.heaviest(limit, now),
            Self::Ledger(ledger) => ledger.heaviest(limit, now),
        }
    }

    pub(super) fn usage(&self, limit: &Limit, now: Moment, sample: usize) -> Usage {
        match self {
            Self::Cells(cells) => cells.usage(now, sample),
            Self::Ledger(ledger) => ledger.usage(limit, now, sample),
        }
    }
}

/// How many parts a table has, and how large each of them is.
fn parts(algorithm: Algorithm, room: Room) -> (usize, usize) {
    const fn pages<C>(room: Room) -> (usize, usize) {
        let size = size_of::<Lock<Page<C>>>();
        match room {
            Room::Keys(keys) => (keys.div_ceil(KEYS_A_PAGE), size),
            Room::Bytes(bytes) => (bytes / size, size),
        }
    }
    match algorithm {
        Algorithm::Gcra => match room {
            Room::Keys(keys) => (keys.div_ceil(KEYS_A_BUCKET), Cells::BUCKET),
            Room::Bytes(bytes) => (Cells::buckets_in(bytes), Cells::BUCKET),
        },
        Algorithm::FixedWindow => pages::<FixedWindow>(room),
        Algorithm::SlidingCounter => pages::<SlidingCounter>(room),
        Algorithm::SlidingLog => pages::<SlidingLog>(room),
        Algorithm::Concurrent => pages::<Concurrent>(room),
    }
}

fn ledger<C: Counter + Send + Sync + 'static>(pages: usize, when_full: WhenFull) -> Table {
    Table::Ledger(Box::new(Ledger::<C>::new(pages, when_full)))
}
