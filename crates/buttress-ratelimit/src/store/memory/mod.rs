mod bucket;
mod cells;
mod heavy;
mod ledger;
mod outcome;
mod table;
mod tally;
mod together;

use std::fmt;
use std::sync::{Arc, OnceLock};

use buttress_core::clock::{Clock, Moment, SystemClock};
use buttress_core::engine::Step;
use buttress_core::key::KeyParts;
use buttress_core::metrics::Metrics;
use buttress_core::stage::Never;
use buttress_core::{BuildError, Faults, Key};

use self::outcome::Time;
use self::table::Table;
pub use self::tally::Usage;
use self::together::Books;
use super::{LimitStore, Terms};
use crate::{Algorithm, Charges, Limits, Standing, Verdict};

/// Limits in the memory of this process. Clones count together.
#[derive(Clone)]
pub struct Memory {
    shared: Arc<Shared>,
}

struct Shared {
    settings: Settings,
    tables: OnceLock<Tables>,
}

#[derive(Clone)]
struct Settings {
    room: Room,
    when_full: WhenFull,
    clock: Arc<dyn Clock>,
}

struct Tables {
    algorithms: Box<[Algorithm]>,
    tables: Box<[Table]>,
}

/// What becomes of a new key, if all places where it could be counted are taken by keys that have to be remembered.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum WhenFull {
    /// Among them, the key that loses least is forgotten: it stands as if it had never asked. Who is in debt stays, so
    /// whoever comes with many keys does not get rid of a refusal. The default.
    ///
    /// What is counted at the same time is not forgotten: there the new key is refused.
    #[default]
    Forget,
    /// The new key is refused until a place is free.
    Refuse,
    /// The new key is let through, and not counted.
    Admit,
}

/// How large the table of a policy is.
#[derive(Clone, Copy, Debug)]
enum Room {
    Keys(usize),
    Bytes(usize),
}

/// A key that has taken much.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Heaviest {
    key: Key,
    standing: Standing,
}

impl Heaviest {
    fn new(key: Key, standing: Standing) -> Self {
        Self { key, standing }
    }

    /// Whose it is.
    #[must_use]
    pub const fn key(&self) -> Key {
        self.key
    }

    /// How it stands.
    #[must_use]
    pub const fn standing(&self) -> Standing {
        self.standing
    }
}

impl Memory {
    /// How many keys it is made for unless it is said.
    pub const KEYS: usize = 65_536;

    /// More than this is not asked for.
    const MOST: usize = u32::MAX as usize;

    /// For 65,536 keys a policy.
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(Self::KEYS)
    }

    /// For so many keys a policy.
    #[must_use]
    pub fn with_capacity(keys: usize) -> Self {
        Self::with_room(Room::Keys(keys))
    }

    /// In so many bytes a policy, at most.
    #[must_use]
    pub fn with_bytes(bytes: usize) -> Self {
        Self::with_room(Room::Bytes(bytes))
    }

    fn with_room(room: Room) -> Self {
        let clock = Arc::new(SystemClock);
        Self::from_settings(Settings { room, when_full: WhenFull::default(), clock })
    }

    fn from_settings(settings: Settings) -> Self {
        Self { shared: Arc::new(Shared { settings, tables: OnceLock::new() }) }
    }

    /// Goes by this clock. What was counted is left behind.
    #[must_use]
    pub fn clock(self, clock: impl Clock) -> Self {
        let clock = Arc::new(clock);
        Self::from_settings(Settings { clock, ..self.shared.settings.clone() })
    }

    /// Does this about new keys when it is full. What was counted is left behind.
    #[must_use]
    pub fn when_full(self, when_full: WhenFull) -> Self {
        Self::from_settings(Settings { when_full, ..self.shared.settings.clone() })
    }

    /// Takes all charges or none, at this time.
    #[inline]
    pub fn take_at(&self, limits: &Limits, charges: &Charges, now: Moment) -> Verdict {
        self.books(limits).take(charges.as_slice(), Time::at(now))
    }

    /// Says what would be taken at this time, and takes nothing.
    pub fn look_at(&self, limits: &Limits, charges: &Charges, now: Moment) -> Verdict {
        self.books(limits).look(charges.as_slice(), Time::at(now).now())
    }

    /// The `most` keys of a policy that have least left, the heaviest first.
    #[must_use]
    pub fn heaviest(&self, limits: &Limits, policy: u8, most: usize) -> Vec<Heaviest> {
        let books = self.books(limits);
        let at = usize::from(policy);
        let (Some(table), Some(limit)) = (books.tables.get(at), limits.all().get(at)) else {
            return Vec::new();
        };
        let mut found = table.heaviest(limit, self.now());
        found.sort_unstable_by_key(|heavy| {
            let Heaviest { key, standing } = heavy;
            (standing.remaining(), std::cmp::Reverse(standing.resets_in()), key.to_bytes())
        });
        found.dedup_by_key(|heavy| heavy.key);
        found.truncate(most);
        found
    }

    /// How full the table of a policy is. It looks at all of it.
    #[must_use]
    pub fn usage(&self, limits: &Limits, policy: u8) -> Usage {
        let books = self.books(limits);
        let at = usize::from(policy);
        match (books.tables.get(at), limits.all().get(at)) {
            (Some(table), Some(limit)) => table.usage(limit, self.now()),
            _ => Usage::default(),
        }
    }

    fn now(&self) -> Moment {
        Time::of(&*self.shared.settings.clock).now()
    }

    #[inline]
    fn books<'a>(&'a self, limits: &'a Limits) -> Books<'a> {
        let tables = match self.shared.tables.get() {
            Some(tables) => tables,
            None => self.tables(limits.all().iter().map(crate::Limit::algorithm)),
        };
        Books { tables: &tables.tables, limits }
    }

    #[cold]
    fn tables(&self, algorithms: impl Iterator<Item = Algorithm>) -> &Tables {
        let Settings { room, when_full, .. } = self.shared.settings;
        let room = match room {
            Room::Keys(keys) => Room::Keys(keys.min(Self::MOST)),
            Room::Bytes(bytes) => Room::Bytes(bytes),
        };
        self.shared.tables.get_or_init(|| {
            let algorithms: Box<[_]> = algorithms.collect();
            let tables = algorithms.iter().map(|of| Table::new(*of, room, when_full)).collect();
            Tables { algorithms, tables }
        })
    }
}

impl LimitStore for Memory {
    type Wait = Never;

    fn bind(self, terms: &[Terms], _: Option<&KeyParts>, _: &Metrics) -> Result<Self, BuildError> {
        let mut faults = Faults::new();
        match self.shared.settings.room {
            Room::Keys(1..=Self::MOST) | Room::Bytes(64..) => {}
            Room::Keys(keys) => {
                faults.add("memory.keys", format_args!("must be 1 to {}, not {keys}", Self::MOST));
            }
            Room::Bytes(_) => faults.add("memory.bytes", "must be 64 at least"),
        }
        let algorithms = || terms.iter().map(|terms| terms.limit().algorithm());
        if faults.clone().finish(()).is_ok()
            && *self.tables(algorithms()).algorithms != *algorithms().collect::<Vec<_>>()
        {
            faults.add("memory", "counts for other policies already");
        }
        faults.finish(self)
    }

    #[inline]
    fn take(&self, limits: &Limits, charges: &Charges) -> Step<Verdict, Never> {
        let time = Time::of(&*self.shared.settings.clock);
        Step::Now(self.books(limits).take(charges.as_slice(), time))
    }

    fn look(&self, limits: &Limits, charges: &Charges) -> Step<Verdict, Never> {
        Step::Now(self.books(limits).look(charges.as_slice(), self.now()))
    }

    fn count(&self, limits: &Limits, charges: &Charges) {
        let time = Time::of(&*self.shared.settings.clock);
        self.books(limits).count(charges.as_slice(), time);
    }

    fn give_back(&self, limits: &Limits, charges: &Charges) {
        self.books(limits).give_back(charges.as_slice(), self.now());
    }

    fn forget(&self, limits: &Limits, charges: &Charges) -> Step<Verdict, Never> {
        Step::Now(self.books(limits).forget(charges.as_slice(), self.now()))
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Settings { room, when_full, clock } = &self.shared.settings;
        f.debug_struct("Memory")
            .field("room", room)
            .field("when_full", when_full)
            .field("clock", clock)
            .finish_non_exhaustive()
    }
}
