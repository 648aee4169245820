//! What the fleet has to do with a breaker.

use std::time::Duration;

use buttress_core::clock::Moment;

use crate::machine::Snapshot;
use crate::{Breaker, Events, Force, Reason, State, Transition, Trip};

/// What a fleet asks of a breaker, and tells it.
pub(crate) trait Voter: Send + Sync + 'static {
    fn name(&self) -> &str;
    fn events(&self, room: usize) -> Events;
    fn standing(&self) -> Standing;
    fn trip(&self, trip: Trip);
    fn force(&self, force: Force);
}

/// How a breaker stands by itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Standing {
    pub(crate) state: State,
    pub(crate) generation: u32,
    /// Why it is open, if it is.
    pub(crate) reason: Option<Reason>,
    /// For how long it will be open.
    pub(crate) remaining: Duration,
    /// How long ago it was closed after it had been otherwise, if it ever was.
    pub(crate) recovered: Option<Duration>,
}

/// What a process has to say about a dependency.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Opinion {
    /// It is down, for so long at least.
    Down(Duration),
    /// What was said before is neither confirmed nor refuted.
    Unsettled,
    /// There is nothing to say.
    None,
}

impl Standing {
    /// What a breaker shows of itself, with its last steps.
    pub(crate) fn of(snapshot: &Snapshot, history: &[Transition], now: Moment) -> Self {
        let is_recovery = |step: &&Transition| is_closed(step.to()) && !is_closed(step.from());
        let recovery = history.iter().rev().find(is_recovery);
        Self {
            state: snapshot.state(),
            generation: snapshot.generation(),
            reason: snapshot.reason(),
            remaining: snapshot.remaining().unwrap_or_default(),
            recovered: recovery.map(|step| now - step.at()),
        }
    }

    /// Whether the fleet may open it.
    pub(super) const fn is_closed(&self) -> bool {
        is_closed(self.state)
    }

    /// Who was opened by the fleet, or by an operator, has found out nothing.
    pub(super) fn opinion(&self) -> Opinion {
        match self.state {
            State::Open if self.reason == Some(Reason::Fleet) => Opinion::None,
            State::Open if self.remaining.is_zero() => Opinion::Unsettled,
            State::Open => Opinion::Down(self.remaining),
            State::HalfOpen => Opinion::Unsettled,
            _ => Opinion::None,
        }
    }
}

impl Voter for Breaker {
    fn name(&self) -> &str {
        Self::name(self)
    }

    fn events(&self, room: usize) -> Events {
        Self::events(self, room)
    }

    fn standing(&self) -> Standing {
        let now = self.inner().world.clock.now();
        Standing::of(&self.inner().machine.snapshot(now), &self.history(), now)
    }

    fn trip(&self, trip: Trip) {
        Self::trip(self, trip);
    }

    fn force(&self, force: Force) {
        Self::force(self, force);
    }
}

const fn is_closed(state: State) -> bool {
    matches!(state, State::Closed | State::RampingUp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_found_it_down_says_so_and_nobody_else() {
        let second = Duration::from_secs(1);
        let standing = |state, reason, remaining| Standing {
            state,
            generation: 1,
            reason,
            remaining,
            recovered: None,
        };
        for (state, reason, remaining, expected) in [
            (State::Open, Some(Reason::InARow), second, Opinion::Down(second)),
            (State::Open, Some(Reason::Probe), second, Opinion::Down(second)),
            (State::Open, Some(Reason::Switch), second, Opinion::Down(second)),
            (State::Open, Some(Reason::Fleet), second, Opinion::None),
            (State::Open, Some(Reason::InARow), Duration::ZERO, Opinion::Unsettled),
            (State::HalfOpen, None, second, Opinion::Unsettled),
            (State::Closed, None, Duration::ZERO, Opinion::None),
            (State::RampingUp, None, Duration::ZERO, Opinion::None),
            (State::ForcedOpen, None, Duration::ZERO, Opinion::None),
            (State::Disabled, None, Duration::ZERO, Opinion::None),
        ] {
            let standing = standing(state, reason, remaining);
            assert_eq!(standing.opinion(), expected, "{state} {reason:?}");
            assert_eq!(standing.is_closed(), matches!(state, State::Closed | State::RampingUp));
        }
    }
}
