mod line;
mod turn;

use std::fmt;
use std::sync::Arc;

use buttress_core::clock::Timer;
use buttress_core::engine::Step;
use buttress_core::key::KeyParts;
use buttress_core::metrics::Metrics;
use buttress_core::{BuildError, Faults, Health, Keyer};

use self::line::Lines;
use self::turn::Place;
pub use self::turn::Turn;
use super::{Heaviest, LimitStore, Memory, Receipt, Replaced, Terms, Usage};
use crate::{Charges, Limits, SharedBans, Verdict};

/// A store that says yes when it is somebody's turn: for a quota with a [queue](crate::Quota::queue).
///
/// Another store decides, and says how long until the turn of what it has taken; this one lets that time pass. Who
/// stops waiting gives back what was taken. Turns are given in the order in which they were asked for.
///
/// ```
/// use std::time::Duration;
///
/// use buttress_core::clock::ManualClock;
/// use buttress_core::engine::Step;
/// use buttress_core::metrics::Metrics;
/// use buttress_core::key::Keyer;
/// use buttress_ratelimit::store::{LimitStore, Memory, Queued, Terms};
/// use buttress_ratelimit::{Charge, Charges, Limits, Quota};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), buttress_core::BuildError> {
/// let clock = ManualClock::new();
/// let limit = Quota::per_second(1).burst(1).queue(Duration::from_secs(5)).check()?;
/// let (limits, mut charges) = (Limits::from_iter([limit]), Charges::new());
/// charges.push(Charge::new(0, Keyer::random().key_of(["ada"]), 1));
///
/// let memory = Memory::new().clock(clock.clone());
/// let store = Queued::new(memory, clock.clone()).bind(&[Terms::new("a", limit)], None, &Metrics::none())?;
/// assert!(matches!(store.take(&limits, &charges), Step::Now(verdict) if verdict.is_taken()));
///
/// // The next one has to wait for a second.
/// let turn = tokio::spawn(async move { store.take(&limits, &charges).await });
/// while clock.sleepers() == 0 {
///     tokio::task::yield_now().await;
/// }
/// assert!(!turn.is_finished());
/// clock.advance(Duration::from_secs(1));
/// assert!(turn.await.unwrap().is_taken());
/// # Ok(())
/// # }
/// ```
///
/// # Cancellation
///
/// Dropping a [`Turn`] before its time leaves the line: all behind move up, and the charge of the last turn is given
/// back. So no turn is lost, and none goes before others. This holds among requests of one process that are charged
/// alike: the order of others is not known, so there the charge is given back, and the next request goes together with
/// the last of them.
///
/// # Cost
///
/// Nothing without a wait. A wait takes a lock, shared by all that wait, and allocates for its place and for its sleep,
/// the first in a line for the line, too. Over a store that has to be asked, each decision for which a policy has a
/// queue allocates once. Leaving a line wakes all behind.
#[derive(Clone)]
pub struct Queued<S, T: Timer> {
    store: S,
    timer: T,
    lines: Arc<Lines<T>>,
    most: usize,
}

impl<S, T: Timer> Queued<S, T> {
    /// Lets `timer` pass the time that `store` says. Clones have their lines together.
    #[must_use]
    pub fn new(store: S, timer: T) -> Self {
        Self { store, timer, lines: Arc::new(Lines::new()), most: usize::MAX }
    }

    /// Sets how many may wait at once, of all keys. Without it, as many as come in the time of their
    /// [queue](crate::Quota::queue).
    ///
    /// Who would be one too many is refused, gets back what was taken, and is told to come again when its turn would
    /// have been.
    #[must_use]
    pub fn most_waiting(self, most: usize) -> Self {
        Self { most, ..self }
    }
}

impl<S: LimitStore, T: Timer + Clone> LimitStore for Queued<S, T> {
    type Wait = Turn<S, T>;

    fn bind(
        self,
        terms: &[Terms],
        shard: Option<&KeyParts>,
        metrics: &Metrics,
    ) -> Result<Self, BuildError> {
        Ok(Self { store: self.store.bind(terms, shard, metrics)?, ..self })
    }

    fn check_setup(&self, faults: &mut Faults) {
        if self.most == 0 {
            faults.add("most_waiting", "must be at least 1");
        }
        self.store.check_setup(faults);
    }

    fn check_terms(&self, terms: &[Terms], shard: Option<&KeyParts>, faults: &mut Faults) {
        self.store.check_terms(terms, shard, faults);
    }

    fn check_limits(&self, limits: &Limits, faults: &mut Faults) {
        self.store.check_limits(limits, faults);
    }

    fn memory(&self) -> Option<&Memory> {
        self.store.memory()
    }

    fn gives_turns(&self) -> bool {
        true
    }

    fn rule_set(&self) -> Option<&str> {
        self.store.rule_set()
    }

    fn is_shared(&self) -> bool {
        self.store.is_shared()
    }

    fn keyer(&self) -> Option<Keyer> {
        self.store.keyer()
    }

    fn finds_keyer(&self) -> bool {
        self.store.finds_keyer()
    }

    fn take(&self, limits: &Limits, charges: &Charges) -> Step<Verdict, Self::Wait> {
        match self.store.take(limits, charges) {
            Step::Now(verdict) if verdict.delay().is_zero() => Step::Now(verdict),
            Step::Now(verdict) => {
                let mut place = self.place(limits, charges);
                match place.join(verdict) {
                    None => Step::Later(Turn::waiting(place)),
                    Some(refused) => Step::Now(refused),
                }
            }
            Step::Later(asked) => {
                let queues = |charge| !limits.of(charge).queue().is_zero();
                let place = charges.as_slice().iter().any(queues);
                let place = place.then(|| self.place(limits, charges));
                Step::Later(Turn::asked(asked, place))
            }
        }
    }

    fn look(&self, limits: &Limits, charges: &Charges) -> Step<Verdict, Self::Wait> {
        Self::as_it_is(self.store.look(limits, charges))
    }

    fn count(&self, limits: &Limits, charges: &Charges) {
        self.store.count(limits, charges);
    }

    fn count_with(&self, limits: &Limits, charges: &Charges, receipt: Receipt) {
        self.store.count_with(limits, charges, receipt);
    }

    fn give_back(&self, limits: &Limits, charges: &Charges) {
        self.store.give_back(limits, charges);
    }

    fn holds(&self, limits: &Limits, charges: &Charges) -> bool {
        self.store.holds(limits, charges)
    }

    fn forget(&self, limits: &Limits, charges: &Charges) -> Step<Verdict, Self::Wait> {
        Self::as_it_is(self.store.forget(limits, charges))
    }

    fn usage(&self, limits: &Limits, policy: u8) -> Option<Usage> {
        self.store.usage(limits, policy)
    }

    fn glance(&self, limits: &Limits, policy: u8) -> Option<Usage> {
        self.store.glance(limits, policy)
    }

    fn heaviest(&self, limits: &Limits, policy: u8, most: usize) -> Option<Vec<Heaviest>> {
        self.store.heaviest(limits, policy, most)
    }

    fn carry_bans(&self, bans: &SharedBans) -> bool {
        self.store.carry_bans(bans)
    }

    fn health(&self) -> Health {
        self.store.health()
    }
}

/// The timer stays, and how many may wait.
impl<S, T: Timer + Clone> Replaced for Queued<S, T> {
    type By<E: LimitStore> = Queued<E, T>;

    fn replaced_by<E: LimitStore>(self, store: E) -> Queued<E, T> {
        Queued::new(store, self.timer).most_waiting(self.most)
    }
}

impl<S: LimitStore, T: Timer + Clone> Queued<S, T> {
    fn place(&self, limits: &Limits, charges: &Charges) -> Box<Place<S, T>> {
        Box::new(Place {
            store: self.store.clone(),
            timer: self.timer.clone(),
            lines: self.lines.clone(),
            limits: limits.clone(),
            charges: *charges,
            most: self.most,
            number: None,
        })
    }

    /// What nobody has to wait for, however long the queue is.
    fn as_it_is(step: Step<Verdict, S::Wait>) -> Step<Verdict, Turn<S, T>> {
        match step {
            Step::Now(verdict) => Step::Now(verdict),
            Step::Later(asked) => Step::Later(Turn::asked(asked, None)),
        }
    }
}

impl<S: fmt::Debug, T: Timer> fmt::Debug for Queued<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queued")
            .field("store", &self.store)
            .field("timer", &self.timer)
            .finish_non_exhaustive()
    }
}
