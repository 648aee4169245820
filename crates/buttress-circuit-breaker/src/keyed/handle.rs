use std::fmt;

use buttress_core::key::{Key, KeyFor, Keyer};
use buttress_core::outcome::Judgement;
use buttress_core::stage::RequestHead;
use buttress_core::sync::Shared;
use buttress_core::{BuildError, Health, Probe, ProbeFuture, Problem};

use crate::inner::World;
use crate::machine::{Refused, Snapshot, Table, TableUsage};
use crate::meters::Meters;
use crate::refusal::Refusals;
use crate::{BreakerTicket, ByResult, Call, CircuitBreakerSettings, Force, State, Trip};

/// The handle of a table of circuit breakers, one for each key. Clones are the same table.
///
/// ```
/// use buttress_circuit_breaker::{CircuitBreaker, State};
/// use buttress_core::key::host;
/// use buttress_core::{Code, Problem};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), buttress_core::BuildError> {
/// let table = CircuitBreaker::after(1).named("shards").build_table(host(), 1_024)?.table().clone();
/// let [one, other] = ["shard-1", "shard-2"].map(|shard| table.keyer().key_of([shard]));
///
/// let failed = table.call(one, || async { Err::<(), _>(Problem::new(Code::DATABASE_FAILED)) }).await;
/// assert_eq!(failed.unwrap_err().code(), Code::DATABASE_FAILED);
/// assert_eq!(table.snapshot(one).unwrap().state(), State::Open);
///
/// let refused = table.call(one, || async { Ok::<_, Problem>(7) }).await;
/// assert_eq!(refused.unwrap_err().code(), Code::CIRCUIT_OPEN);
/// assert_eq!(table.call(other, || async { Ok::<_, Problem>(7) }).await.unwrap(), 7);
/// assert_eq!((table.usage().keys(), table.usage().open()), (2, 1));
/// # Ok(())
/// # }
/// ```
///
/// What it promises, and what it costs, is what a [table](crate::machine::Table) does.
#[derive(Clone)]
pub struct BreakerTable(pub(super) Shared<Keyed>);

/// A table with a clock and with a name.
pub(crate) struct Keyed {
    pub(crate) table: Table,
    pub(crate) keyer: Keyer,
    pub(crate) refusals: Refusals,
    pub(crate) meters: Meters,
    pub(crate) world: World,
}

impl BreakerTable {
    pub(crate) fn new(keyed: Keyed) -> Self {
        Self(Shared::new(keyed))
    }

    /// Its name, for metrics and health.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.world.name
    }

    /// What makes its keys, of requests and of anything else. It is another one in each process.
    #[must_use]
    pub fn keyer(&self) -> &Keyer {
        &self.0.keyer
    }

    /// What is known of this key; nothing, if it has no place.
    #[must_use]
    pub fn snapshot(&self, key: Key) -> Option<Snapshot> {
        self.0.table.snapshot(key, self.0.world.clock.now())
    }

    /// How full it is. It looks at all places: nothing for the path of a request.
    #[must_use]
    pub fn usage(&self) -> TableUsage {
        self.0.table.usage()
    }

    /// Does what an operator says for this key. It is told to the audit.
    pub fn force(&self, key: Key, force: Force) {
        self.0.table.force(key, force, &*self.0);
    }

    /// Forgets all that was of the breaker of this key, if anything is known of it, as
    /// [`Breaker::reset`](crate::Breaker::reset) does.
    pub fn reset(&self, key: Key) {
        self.0.table.reset(key, &*self.0);
    }

    /// Opens the breaker of this key, as [`Breaker::trip`](crate::Breaker::trip) does.
    #[expect(clippy::must_use_candidate, reason = "it may be just what was meant")]
    pub fn trip(&self, key: Key, trip: Trip) -> bool {
        self.0.table.trip(key, trip, &*self.0)
    }

    /// Goes by these settings from now on, for the keys that it has and for those to come: in the same states, and with
    /// empty windows. Another mode than the settings had before is taken on by all, too. The audit hears of it, once.
    ///
    /// ```
    /// use buttress_circuit_breaker::{CircuitBreaker, CircuitBreakerSettings, State};
    /// use buttress_core::key::host;
    /// use buttress_core::outcome::Outcome;
    ///
    /// let table = CircuitBreaker::after(5).build_table(host(), 1_024)?.table().clone();
    /// let [one, other] = ["shard-1", "shard-2"].map(|shard| table.keyer().key_of([shard]));
    /// let read = |text: &str| toml::from_str::<CircuitBreakerSettings>(text);
    /// let fail = |key| table.try_enter(key).map(|ticket| ticket.settle(Outcome::Failure));
    ///
    /// fail(one)?;
    /// assert!(table.reconfigure(&read("failures = 0")?).is_err(), "the old ones stay");
    /// table.reconfigure(&read("failures = 1")?)?;
    /// fail(one)?;
    /// fail(other)?;
    /// assert_eq!(table.usage().open(), 2);
    ///
    /// table.reconfigure(&read("failures = 1\nmode = 'off'")?)?;
    /// assert_eq!(table.usage().in_state(State::Disabled), 2);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// It goes through all places, as [`Table::reconfigure`] does, and no call waits for that.
    ///
    /// # Errors
    ///
    /// Fails with every setting that is wrong, and all that a table has no room for. The old ones stay then.
    pub fn reconfigure(&self, settings: &CircuitBreakerSettings) -> Result<(), BuildError> {
        let policy = settings.policy_of_keys()?;
        let mode = policy.mode;
        if self.0.table.replace(policy, &*self.0) != mode {
            self.0.table.take_on_mode(&*self.0);
        }
        self.0.world.reconfigured();
        Ok(())
    }

    /// Keeps it as long as the program runs, so that no reference to it is counted: see [`Shared::leak`].
    #[must_use]
    pub fn leak(self) -> Self {
        Self(self.0.leak())
    }

    /// What [`check`](Probe::check) says, at once: degraded while any key is open, with how many are.
    pub fn health(&self) -> Health {
        let usage = self.usage();
        let health = match usage.open() {
            0 => Health::up(),
            _ => Health::degraded("open for some"),
        };
        health
            .with_detail("keys", usage.keys().to_string())
            .with_detail("open", usage.open().to_string())
            .with_detail("half_open", usage.in_state(State::HalfOpen).to_string())
    }
}

/// Calls.
impl BreakerTable {
    /// Makes a call for this key, as [`Breaker::call`](crate::Breaker::call) does.
    ///
    /// # Errors
    ///
    /// Fails with the error of the call, or with a [`Problem`] that it was not made.
    #[inline]
    pub fn call<F, Fut, T, E>(&self, key: Key, work: F) -> Call<Fut, ByResult, Self>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: From<Problem> + 'static,
    {
        Call::with(self.try_enter(key), ByResult, work)
    }

    /// Makes a call for this key, and judges it, as [`Breaker::call_judged`](crate::Breaker::call_judged) does.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call).
    #[inline]
    pub fn call_judged<J, F, Fut, T, E, O>(&self, key: Key, judge: J, work: F) -> Call<Fut, J, Self>
    where
        J: FnOnce(Result<&T, &E>) -> O,
        O: Into<Judgement>,
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: From<Problem>,
    {
        Call::with(self.try_enter(key), judge, work)
    }

    /// Asks whether a call may be made for this key. Tell the ticket how it ended.
    ///
    /// # Errors
    ///
    /// Fails if it may not, with [`CIRCUIT_OPEN`](buttress_core::Code::CIRCUIT_OPEN).
    #[inline]
    pub fn try_enter(&self, key: Key) -> Result<BreakerTicket<Self>, Problem> {
        match self.0.table.enter(key, &*self.0) {
            Ok(pass) => Ok(BreakerTicket::new(self.clone(), pass)),
            Err(refused) => Err(self.problem(&refused)),
        }
    }

    /// The key of a request. A part that it lacks is the same for all that lack it.
    #[inline]
    pub(crate) fn key(&self, by: &dyn KeyFor, request: &dyn RequestHead) -> Key {
        self.0.keyer.key_for(by, request).key()
    }

    #[cold]
    fn problem(&self, refused: &Refused) -> Problem {
        self.0.meters.refused(refused);
        self.0.refusals.problem(refused)
    }
}

/// Degraded while any key is open. The service goes on for the others, so it is not critical.
impl Probe for BreakerTable {
    fn name(&self) -> &str {
        Self::name(self)
    }

    fn critical(&self) -> bool {
        false
    }

    fn check(&self) -> ProbeFuture<'_> {
        Box::pin(std::future::ready(self.health()))
    }
}

impl fmt::Debug for BreakerTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BreakerTable")
            .field("name", &self.name())
            .field("usage", &self.usage())
            .finish_non_exhaustive()
    }
}
