use std::time::Duration;

use buttress_core::clock::Moment;

use crate::counts::Counts;
use crate::phase::Phase;
use crate::word::Word;
use crate::{Reason, State};

/// What can be seen of a breaker at one moment.
///
/// ```
/// use buttress_circuit_breaker::machine::{Machine, Policy};
/// use buttress_circuit_breaker::{Over, Rule, State};
/// use buttress_core::clock::Moment;
/// use buttress_core::outcome::Outcome;
///
/// let now = Moment::FIRST;
/// let rules = [Rule::InARow(5), Rule::failure_rate(50, Over::Calls(100), 20)];
/// let machine = Machine::new(Policy::default().rules(rules), now)?;
/// for outcome in [Outcome::Success, Outcome::Failure, Outcome::Failure] {
///     machine.settle(machine.enter(&now).unwrap(), outcome, &now);
/// }
///
/// let snapshot = machine.snapshot(now);
/// assert_eq!((snapshot.state(), snapshot.remaining()), (State::Closed, None));
/// assert_eq!((snapshot.calls(), snapshot.failed(), snapshot.in_a_row()), (3, 2, 2));
/// # Ok::<_, buttress_core::BuildError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Snapshot {
    word: Word,
    since: Moment,
    remaining: Duration,
    counts: Counts,
    refused: u64,
}

impl Snapshot {
    pub(crate) const fn new(
        word: Word,
        since: Moment,
        remaining: Duration,
        counts: Counts,
        refused: u64,
    ) -> Self {
        Self { word, since, remaining, counts, refused }
    }

    /// What it does with calls.
    #[must_use]
    pub const fn state(&self) -> State {
        self.word.phase().state()
    }

    /// Since when.
    #[must_use]
    pub const fn since(&self) -> Moment {
        self.since
    }

    /// Why it opened, while it is open.
    #[must_use]
    pub const fn reason(&self) -> Option<Reason> {
        match self.word.phase() {
            Phase::Open => Some(self.word.reason()),
            _ => None,
        }
    }

    /// For how long it stays open. Nothing left: it is due, and the next call may try.
    #[must_use]
    pub const fn remaining(&self) -> Option<Duration> {
        match self.word.phase() {
            Phase::Open => Some(self.remaining),
            _ => None,
        }
    }

    /// How often it opened without a stable time between.
    #[must_use]
    pub const fn level(&self) -> u8 {
        self.word.level()
    }

    /// Failures in a row until now.
    #[must_use]
    pub const fn in_a_row(&self) -> u32 {
        if self.word.phase().counts() { self.word.streak() as u32 } else { 0 }
    }

    /// Probes that are out.
    #[must_use]
    pub const fn probes(&self) -> u8 {
        match self.word.phase() {
            Phase::HalfOpen => self.word.out(),
            _ => 0,
        }
    }

    /// Calls in the window of the first rule that is a rate; none, if there is no such rule.
    #[must_use]
    pub const fn calls(&self) -> u64 {
        self.counts.calls
    }

    /// Those of them that failed.
    #[must_use]
    pub const fn failed(&self) -> u64 {
        self.counts.failed
    }

    /// Those of them that were slow.
    #[must_use]
    pub const fn slow(&self) -> u64 {
        self.counts.slow
    }

    /// Calls that were refused since there is this breaker.
    #[must_use]
    pub const fn refused(&self) -> u64 {
        self.refused
    }

    /// The number of the time it is in. See [`Transition::generation`](crate::Transition::generation).
    #[must_use]
    pub const fn generation(&self) -> u32 {
        self.word.generation()
    }
}
