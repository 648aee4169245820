//! How a breaker stands, as far as that is the fleet's business.

use std::time::Duration;

use crate::ticket::Host;
use crate::{Breaker, Reason, State, Transition};

/// How a breaker stands by itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Standing {
    pub(super) state: State,
    pub(super) generation: u32,
    /// Why it is open, if it is.
    pub(super) reason: Option<Reason>,
    /// For how long it will be open.
    pub(super) remaining: Duration,
    /// How long ago it was closed after it had been otherwise, if it ever was.
    pub(super) recovered: Option<Duration>,
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
    /// That of a breaker, as it shows itself now.
    pub(super) fn of(breaker: &Breaker) -> Self {
        let (snapshot, history) = (breaker.snapshot(), breaker.history());
        let is_recovery = |step: &&Transition| is_closed(step.to()) && !is_closed(step.from());
        let recovery = history.iter().rev().find(is_recovery);
        Self {
            state: snapshot.state(),
            generation: snapshot.generation(),
            reason: snapshot.reason(),
            remaining: snapshot.remaining().unwrap_or_default(),
            recovered: recovery.map(|step| breaker.now() - step.at()),
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
