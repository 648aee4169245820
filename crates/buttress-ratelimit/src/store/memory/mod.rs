mod bucket;
mod cells;
mod checked;
mod heavy;
mod ledger;
mod outcome;
mod report;
mod seen;
mod settings;
mod spot;
mod store;
mod table;
mod tables;
mod tally;
mod together;

use std::fmt;
use std::sync::{Arc, OnceLock};

use buttress_core::clock::{Clock, Moment};

pub use self::checked::Checked;
pub use self::heavy::Heaviest;
use self::outcome::Time;
pub use self::settings::WhenFull;
use self::settings::{Room, Settings, Watch};
use self::tables::Tables;
pub use self::tally::Usage;
use self::together::Books;
use crate::{Algorithm, Charge, Charges, Limit, Limits, Verdict};

/// Limits in the memory of this process. Clones count together.
///
/// It is for one set of policies. Another one is refused at build where its algorithms are others; where they are the
/// same, windows of one set may end by the times of the other, and so let more through.
///
/// ```
/// use buttress_core::Key;
/// use buttress_core::clock::Moment;
/// use buttress_ratelimit::store::Memory;
/// use buttress_ratelimit::{Charge, Limit, Limits, Quota, Retry};
/// use std::time::Duration;
///
/// let limits: Limits = [Limit::try_from(Quota::per_second(20).burst(2))?].into_iter().collect();
/// let memory = Memory::with_capacity(10_000);
/// let ada = Charge::new(0, Key::from_bytes([7; 16]), 1);
///
/// let now = Moment::FIRST;
/// assert!(memory.check(&limits, &ada, now).is_taken());
/// assert_eq!(memory.check(&limits, &ada, now).standing().remaining(), 0);
///
/// // It says to the nanosecond when to come again.
/// let wait = Duration::from_millis(50);
/// assert_eq!(memory.check(&limits, &ada, now).retry(), Some(Retry::After(wait)));
/// assert!(memory.check(&limits, &ada, now + wait).is_taken());
///
/// let usage = memory.usage(&limits, 0);
/// assert_eq!((usage.places(), usage.forgotten()), (16_670, 0));
/// # Ok::<_, buttress_core::BuildError>(())
/// ```
///
/// # Guarantees
///
/// - **Never more than the quota**, however many threads ask, and however late one of them is that had looked at the
///   clock before. The exceptions are told below, and counted.
/// - **All charges of a call or none.** All are looked at before the first is taken, so hardly anything is taken only
///   to be given back. What was rolled back, because somebody was faster with a later one, may for as long as that
///   decision takes refuse another request. It never admits one, unless several are rolled back at once: see
///   [below](#what-is-given-back).
/// - **Memory is taken once**, when the policies are known, and never grows. What is over frees its place by itself;
///   nothing sweeps.
/// - **A refusal writes nothing** with [`Algorithm::Gcra`]. (Only after a clock jumped back, or a limit was lowered,
///   the first one does: what would lock a key out for longer than a debt may be is drawn near.)
/// - **No clock locks out or lets through.** If it jumps ahead, all is over, as it should be. If it jumps back, a key
///   waits for a period and its burst at most, and has no more than it had; but a key that was over, and whose place
///   has been given to another one, is new then.
///
/// # What may be forgotten
///
/// A table has more places than the keys it is made for: five for three of them with [`Algorithm::Gcra`], else two for
/// one. Keys are spread by chance. With as many as it is made for, two in a thousand find no free place where they
/// belong, and eight in a thousand where there are two for one. What happens then says [`WhenFull`], and
/// [`usage`](Self::usage) counts it. A key that was forgotten stands as if it had never asked.
///
/// With [`Algorithm::Gcra`] a key is remembered by where it is and 32 bits of its hash. It meets ten other keys at
/// most, so one new key in 430 million shares the place of another one, and their quota. Nobody can choose whom to
/// meet, as keys are hashes with a secret.
///
/// # What is given back
///
/// What is [given back](super::LimitStore::give_back) is what is not there again by itself, as far as can be told: what
/// was counted until a [time](Charge::until) that has come is not given back again. It is never more than was taken, at
/// the rate that counts now. So of what is not given back, no more passes than the quota, from the first request on.
///
/// A span in between may have more with [`Algorithm::Gcra`]: where charges of one key overlap and one of them is given
/// back, the times of those that came after it are too late by its cost, and so they are given back for a little too
/// long. In any span there is the quota, and at most as much as was under way when it began and was given back within
/// it. Of what is rolled back, each thread has one call under way.
///
/// # Cost
///
/// No allocation and no lock with [`Algorithm::Gcra`]: one line of the memory is looked at and exchanged once, and a
/// second one for the one key in twenty that found its first full. A new key takes the turn of its line, which is held
/// for as long as it takes to look at two lines and to write three words. Others are eight to a lock.
///
/// | algorithm | bytes a key, with as many keys as it is made for |
/// |---|---|
/// | [`Gcra`](Algorithm::Gcra) | 21⅓, and 24 KiB for [the heaviest](Self::heaviest); 16 with four keys for five places, where two in a hundred find no free one |
/// | [`FixedWindow`](Algorithm::FixedWindow), [`Concurrent`](Algorithm::Concurrent), [`SlidingCounter`](Algorithm::SlidingCounter) | 68 |
/// | [`SlidingLog`](Algorithm::SlidingLog) | 1,076, whatever its count, as that may change |
#[derive(Clone)]
pub struct Memory {
    shared: Arc<Shared>,
}

struct Shared {
    settings: Settings,
    tables: OnceLock<Tables>,
}

impl Memory {
    /// Whether it was asked to be as this one, whatever the clock is.
    pub(crate) fn is_made_as(&self, other: &Self) -> bool {
        let of = |memory: &Self| (memory.shared.settings.room, memory.shared.settings.when_full);
        of(self) == of(other)
    }

    /// For how many keys a policy it is made unless it is said.
    pub const KEYS: usize = 65_536;

    /// For 65,536 keys a policy: 1.4 MB with [`Algorithm::Gcra`].
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(Self::KEYS)
    }

    /// For so many keys a policy.
    #[must_use]
    pub fn with_capacity(keys: usize) -> Self {
        Self::from_settings(Settings::new(Room::Keys(keys)))
    }

    /// In so many bytes a policy, at most.
    #[must_use]
    pub fn with_bytes(bytes: usize) -> Self {
        Self::from_settings(Settings::new(Room::Bytes(bytes)))
    }

    /// Goes by this clock. A new memory: what was counted before is not in it.
    #[must_use]
    pub fn clock(self, clock: impl Clock) -> Self {
        let clock = Watch::Own(Arc::new(clock));
        Self::from_settings(Settings { clock, ..self.shared.settings.clone() })
    }

    /// Does this about new keys when it is full. A new memory: what was counted before is not in it.
    #[must_use]
    pub fn when_full(self, when_full: WhenFull) -> Self {
        Self::from_settings(Settings { when_full, ..self.shared.settings.clone() })
    }

    fn from_settings(settings: Settings) -> Self {
        Self { shared: Arc::new(Shared { settings, tables: OnceLock::new() }) }
    }

    /// Takes one charge, if there is room for it, at a time that is given: the shortest way to a decision.
    ///
    /// It does not look at the clock. Times of several threads may be a little out of order; what is much older than
    /// what was given before is a clock that jumped back.
    #[inline]
    pub fn check(&self, limits: &Limits, charge: &Charge, now: Moment) -> Checked {
        let (books, mut time) = (self.books(limits), Time::at(now));
        let outcome = books.take_at_once(charge, time.now());
        let outcome = outcome.unwrap_or_else(|| books.take_one(charge, &mut time));
        Checked::new(&outcome, outcome.standing(time.now()))
    }

    /// Takes all charges or none, at a time that is given.
    #[inline]
    pub fn take_at(&self, limits: &Limits, charges: &Charges, now: Moment) -> Verdict {
        let mut verdict = Verdict::taken();
        self.books(limits).take(charges.as_slice(), Time::at(now), &mut verdict);
        verdict
    }

    /// Says what would be taken at a time that is given, and takes nothing.
    pub fn look_at(&self, limits: &Limits, charges: &Charges, now: Moment) -> Verdict {
        self.books(limits).look(charges.as_slice(), Time::at(now).now())
    }

    /// Gives back, at a time that is given, what was taken.
    pub fn give_back_at(&self, limits: &Limits, charges: &Charges, now: Moment) {
        self.books(limits).give_back(charges.as_slice(), Time::at(now));
    }

    fn now(&self) -> Moment {
        Time::of(&self.shared.settings.clock).now()
    }

    #[inline]
    fn books<'a>(&'a self, limits: &'a Limits) -> Books<'a> {
        let tables = match self.shared.tables.get() {
            Some(tables) => tables,
            None => self.tables(limits.all().iter().map(Limit::algorithm)),
        };
        Books { tables, limits }
    }

    /// The tables, made for these algorithms if there are none yet.
    #[cold]
    fn tables(&self, algorithms: impl Iterator<Item = Algorithm>) -> &Tables {
        self.shared.tables.get_or_init(|| Tables::new(algorithms, &self.shared.settings))
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.settings.fmt(f)
    }
}
