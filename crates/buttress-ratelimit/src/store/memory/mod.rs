mod bucket;
mod cells;
mod checked;
mod heavy;
mod ledger;
mod outcome;
mod settings;
mod spot;
mod store;
mod table;
mod tally;
mod together;

use std::fmt;
use std::sync::{Arc, OnceLock};

use buttress_core::clock::{Clock, Moment};

pub use self::checked::Checked;
pub use self::heavy::Heaviest;
use self::outcome::Time;
pub use self::settings::WhenFull;
use self::settings::{Room, Settings};
use self::table::Table;
pub use self::tally::Usage;
use self::together::Books;
use crate::{Algorithm, Charge, Charges, Limit, Limits, Verdict};

/// Limits in the memory of this process. Clones count together.
#[derive(Clone)]
pub struct Memory {
    shared: Arc<Shared>,
}

struct Shared {
    settings: Settings,
    tables: OnceLock<Tables>,
}

/// One for each policy, made when the policies are known.
struct Tables {
    algorithms: Box<[Algorithm]>,
    tables: Box<[Table]>,
}

impl Memory {
    /// For how many keys a policy it is made unless it is said.
    pub const KEYS: usize = 65_536;

    /// For 65,536 keys a policy.
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
        let clock = Arc::new(clock);
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
        let mut time = Time::at(now);
        let outcome = self.books(limits).take_one(charge, &mut time);
        Checked::new(&outcome, outcome.standing(time.now()))
    }

    /// Takes all charges or none, at a time that is given.
    #[inline]
    pub fn take_at(&self, limits: &Limits, charges: &Charges, now: Moment) -> Verdict {
        self.books(limits).take(charges.as_slice(), Time::at(now))
    }

    /// Says what would be taken at a time that is given, and takes nothing.
    pub fn look_at(&self, limits: &Limits, charges: &Charges, now: Moment) -> Verdict {
        self.books(limits).look(charges.as_slice(), Time::at(now).now())
    }

    /// The `most` keys of a policy that have least left, the heaviest first: for people, not for each request.
    ///
    /// With [`Algorithm::Gcra`] these are keys that had taken more than half of their burst. About a thousand of those
    /// are remembered in 24 KiB, and where there are more, some may be missing that are not among the heaviest.
    #[must_use]
    pub fn heaviest(&self, limits: &Limits, policy: u8, most: usize) -> Vec<Heaviest> {
        let now = self.now();
        let table = self.books(limits).of(policy);
        Heaviest::of(
            table.map(|(table, limit)| table.heaviest(limit, now)).unwrap_or_default(),
            most,
        )
    }

    /// How full the table of a policy is. It looks at all of it: for people and metrics, not for each request.
    #[must_use]
    pub fn usage(&self, limits: &Limits, policy: u8) -> Usage {
        let now = self.now();
        let table = self.books(limits).of(policy);
        table.map(|(table, limit)| table.usage(limit, now)).unwrap_or_default()
    }

    fn now(&self) -> Moment {
        Time::of(&*self.shared.settings.clock).now()
    }

    #[inline]
    fn books<'a>(&'a self, limits: &'a Limits) -> Books<'a> {
        let tables = match self.shared.tables.get() {
            Some(tables) => tables,
            None => self.tables(limits.all().iter().map(Limit::algorithm)),
        };
        Books { tables: &tables.tables, limits }
    }

    /// The tables, made for these algorithms if there are none yet.
    #[cold]
    fn tables(&self, algorithms: impl Iterator<Item = Algorithm>) -> &Tables {
        let Settings { room, when_full, .. } = self.shared.settings;
        let room = room.within_reason();
        self.shared.tables.get_or_init(|| {
            let algorithms: Box<[_]> = algorithms.collect();
            let tables = algorithms.iter().map(|of| Table::new(*of, room, when_full)).collect();
            Tables { algorithms, tables }
        })
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
