use std::fmt;

use buttress_core::BuildError;
use buttress_core::clock::Moment;
use buttress_core::outcome::Outcome;

use super::pass::Kind;
use super::{Around, Ended, Gate, Leases, News, Outside, Pass, Policy, Refused, Verdict};
use crate::current::{Current, Rules};
use crate::parts::Lock;
use crate::parts::atomic::AtomicU64;
use crate::parts::atomic::Ordering::Relaxed;
use crate::phase::Phase;
use crate::tally::Tally;
use crate::word::Word;

/// What decides whether calls pass, by how calls ended.
///
/// ```
/// use buttress_circuit_breaker::machine::{Machine, Policy};
/// use buttress_circuit_breaker::{Rule, State};
/// use buttress_core::clock::Moment;
/// use buttress_core::outcome::Outcome;
/// use std::time::Duration;
///
/// let mut now = Moment::FIRST;
/// let policy = Policy::default().rules([Rule::InARow(2)]).jitter(0);
/// let machine = Machine::new(policy, now)?;
///
/// for _ in 0..2 {
///     let pass = machine.enter(&now).expect("it is closed");
///     machine.settle(pass, Outcome::Failure, &now);
/// }
/// assert_eq!(machine.state(), State::Open);
/// assert_eq!(machine.enter(&now).unwrap_err().wait(), Some(Duration::from_secs(1)));
///
/// // After a second one call may try, and no other one meanwhile.
/// now = now + Duration::from_secs(1);
/// let probe = machine.enter(&now).expect("it is due");
/// assert!(machine.enter(&now).is_err());
/// machine.settle(probe, Outcome::Success, &now);
/// assert_eq!(machine.state(), State::Closed);
/// # Ok::<_, buttress_core::BuildError>(())
/// ```
///
/// # Guarantees
///
/// - **Late news is old news.** What began before a step moves nothing after it, and is counted nowhere.
/// - **Never more probes than allowed**, however many threads ask, and never a place that is lost: each probe has a
///   lease of its own.
/// - **Nothing is needed for time to pass**, no task and no timer: what is due happens when somebody calls.
/// - **A window slides.** What is too old never counts: see [`Over`](crate::Over) for how exactly.
///
/// # Cancellation
///
/// To drop a [`Pass`], [settle](Self::settle) it as [`Outcome::Abandoned`]. The place of a probe that was not settled
/// is free again when its lease is over.
///
/// # Cost
///
/// Closed, and with rules of failures alone, a call that succeeds reads one number twice and writes nothing, so threads
/// do not wait for each other. With a rule that is a rate, a success adds to a number of its thread. One in up to 64,
/// and each while there are few, brings what came together to what all share, under a lock; so does a failure. No
/// allocation in either case. While it is half-open, a probe takes and gives back its place under a lock, and the
/// places are a list that is allocated.
///
/// A machine takes less than 400 bytes; and for each window 256 bytes, up to 16 times 128 more (twice as many as the
/// computer has processors), and 24 bytes for each of its buckets, which are 80 at most.
///
/// # Errors
///
/// A call that may not be made is [`Refused`].
pub struct Machine {
    pub(super) gate: Gate,
    pub(super) refused: AtomicU64,
    pub(super) turn: Lock<Leases>,
    pub(super) current: Current<Rules>,
}

impl Machine {
    /// Begins by this policy.
    ///
    /// # Errors
    ///
    /// Fails if the policy [cannot be gone by](Policy::check).
    pub fn new(policy: Policy, now: Moment) -> Result<Self, BuildError> {
        policy.check()?;
        let (timed, windowed) = (policy.is_timed(), policy.counts_successes());
        let word = Word::first(policy.mode.state(), timed, windowed);
        Ok(Self {
            gate: Gate::new(word, now),
            refused: AtomicU64::new(0),
            turn: Lock::new(Leases::default()),
            current: Current::new(Rules::new(policy)),
        })
    }

    /// Asks whether a call may be made now.
    ///
    /// # Errors
    ///
    /// Fails if it may not.
    #[inline]
    pub fn enter(&self, outside: &impl Outside) -> Result<Pass, Refused> {
        let word = self.gate.word();
        if word.is_closed() {
            return Ok(Pass::new(word, Kind::Ordinary));
        }
        self.enter_with_care(outside)
    }

    /// Says how the call ended that passed with this.
    #[inline]
    pub fn settle(&self, pass: Pass, ended: impl Into<Ended>, outside: &impl Outside) {
        let ended = ended.into();
        match self.gate.news(pass, ended.outcome()) {
            News::None => {}
            News::OneMore => self.settle_success(pass, &ended, outside),
            News::Some => self.settle_news(pass, &ended, outside),
        }
    }

    /// Whether such an end of this call would change anything. If not, nobody needs to look how long it took.
    #[inline]
    #[must_use]
    pub fn is_news(&self, pass: &Pass, outcome: Outcome) -> bool {
        self.gate.news(*pass, outcome) != News::None
    }

    /// Whether calls simply pass.
    #[inline]
    pub(crate) fn is_closed(&self) -> bool {
        self.gate.word().is_closed()
    }

    /// Whether such an end is no news, at a glance. If not, it still may be none.
    #[inline]
    pub(crate) fn is_quiet(&self, pass: Pass, outcome: Outcome) -> bool {
        self.gate.is_quiet(pass, outcome)
    }

    /// A call waits for longer than is not [slow](Policy::slow): it counts as slow from now on, if there is a rule of
    /// slow calls, and is no other call when it ends. That it fails then counts as well. (Not for a rate with exact
    /// counts, which have room for one look at each call.)
    pub fn hangs(&self, pass: Pass, outside: &impl Outside) -> Pass {
        let news = self.is_news(&pass, Outcome::Failure) && matches!(pass.kind(), Kind::Ordinary);
        if !news {
            return pass;
        }
        let rules = self.current.load();
        if !rules.policy.is_of_slow_calls() {
            // To count it now would keep other rates from hearing how it ends.
            return pass;
        }
        let around = self.around(&rules.policy, &rules.tally, outside);
        self.gate.settle(pass, Verdict::Hanging, None, &around);
        pass.counted()
    }

    #[cold]
    fn enter_with_care(&self, outside: &impl Outside) -> Result<Pass, Refused> {
        let rules = self.current.load();
        let answer = self.gate.enter(&self.around(&rules.policy, &rules.tally, outside));
        if answer.is_err() {
            self.refused.fetch_add(1, Relaxed);
        }
        answer
    }

    /// One more success, where nothing has failed just before: it waits with others of its thread until it is looked
    /// at.
    fn settle_success(&self, pass: Pass, ended: &Ended, outside: &impl Outside) {
        let rules = self.current.load();
        if ended.verdict(&rules.policy) != (Verdict::Good { slow: false }) || pass.is_counted() {
            return self.settle_news(pass, ended, outside);
        }
        let phase = self.gate.word().phase();
        let halved = phase == Phase::RampingUp;
        let now = || outside.recent();
        if let Some(trip) = rules.tally.one_more(&rules.policy, pass.generation(), halved, now) {
            let around = self.around(&rules.policy, &rules.tally, outside);
            self.gate.heed(trip, phase, pass, None, &around);
        }
    }

    #[cold]
    fn settle_news(&self, pass: Pass, ended: &Ended, outside: &impl Outside) {
        let rules = self.current.load();
        let around = self.around(&rules.policy, &rules.tally, outside);
        self.gate.settle_news(pass, ended, &around);
    }

    pub(super) fn around<'a, O>(
        &'a self,
        policy: &'a Policy,
        tally: &'a Tally,
        outside: &'a O,
    ) -> Around<'a, O, Tally> {
        Around { policy, counters: tally, turn: &self.turn, gate: 0, outside }
    }
}

impl fmt::Debug for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Machine").field("state", &self.state()).finish_non_exhaustive()
    }
}
