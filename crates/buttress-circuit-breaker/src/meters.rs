use buttress_core::metrics::{Counter, Description, Family, Gauge, Metric, Metrics};
use buttress_core::outcome::Outcome;

use crate::machine::Refused;
use crate::{Reason, State, Transition};

const CALLS: Metric<Counter, 2> = Metric::counter(
    "buttress_breaker_calls_total",
    "Calls that passed a circuit breaker, by how they ended",
)
.labels(&["breaker", "outcome"]);

const REFUSED: Metric<Counter, 2> = Metric::counter(
    "buttress_breaker_refused_total",
    "Calls that a circuit breaker refused: the rule that had opened it, or its state",
)
.labels(&["breaker", "reason"]);

const TRANSITIONS: Metric<Counter, 3> = Metric::counter(
    "buttress_breaker_transitions_total",
    "Steps of a circuit breaker from one state to another",
)
.labels(&["breaker", "from", "to"]);

const STATE: Metric<Gauge, 2> = Metric::gauge(
    "buttress_breaker_state",
    "The state of a circuit breaker: 1 for that which it is in, 0 for all others",
)
.labels(&["breaker", "state"]);

const KEYS: Metric<Gauge, 2> = Metric::gauge(
    "buttress_breaker_keys",
    "Keys that have a place in a table of circuit breakers, by the state of theirs",
)
.labels(&["breaker", "state"]);

/// Every metric of a circuit breaker; a fleet has some of its own.
pub const CATALOGUE: &[Description] = &[
    *CALLS.description(),
    *REFUSED.description(),
    *TRANSITIONS.description(),
    *STATE.description(),
    *KEYS.description(),
];

/// What is counted of one breaker, or of a table.
pub(crate) struct Meters {
    name: Box<str>,
    calls: [Counter; Outcome::ALL.len()],
    /// By each reason, and then in each state that has none.
    refused: Box<[Counter]>,
    transitions: Family<Counter, 3>,
    states: States,
}

/// What is said of states.
enum States {
    /// Which it is in.
    One([Gauge; State::ALL.len()]),
    /// How many keys are in each.
    Keys([Gauge; State::ALL.len()]),
}

/// States in which calls are refused for no rule.
const REFUSING: [State; 3] = [State::HalfOpen, State::RampingUp, State::ForcedOpen];

impl Meters {
    /// Of many keys.
    pub(crate) fn of_table(metrics: &Metrics, name: &str) -> Self {
        let keys = State::ALL.map(|state| metrics.bind(&KEYS, [name, state.as_str()]));
        // So that each is there, and is what another table of this name has already said.
        for gauge in &keys {
            gauge.add(0.0);
        }
        Self::new(metrics, name, States::Keys(keys))
    }

    /// Of one breaker.
    pub(crate) fn of_one(metrics: &Metrics, name: &str) -> Self {
        let states = State::ALL.map(|state| metrics.bind(&STATE, [name, state.as_str()]));
        Self::new(metrics, name, States::One(states))
    }

    fn new(metrics: &Metrics, name: &str, states: States) -> Self {
        let reasons = Reason::ALL.map(Reason::as_str).into_iter();
        let reasons = reasons.chain(REFUSING.map(State::as_str));
        Self {
            name: name.into(),
            calls: Outcome::ALL.map(|outcome| metrics.bind(&CALLS, [name, outcome.as_str()])),
            refused: reasons.map(|why| metrics.bind(&REFUSED, [name, why])).collect(),
            transitions: metrics.family(&TRANSITIONS),
            states,
        }
    }

    #[inline]
    pub(crate) fn ended(&self, outcome: Outcome) {
        let at = match outcome {
            Outcome::Success => 0,
            Outcome::Failure => 1,
            Outcome::Throttled => 2,
            Outcome::Rejected => 4,
            Outcome::Abandoned => 5,
            Outcome::Panicked => 6,
            _ => 3,
        };
        self.calls[at].increment(1);
    }

    pub(crate) fn refused(&self, refused: &Refused) {
        let at = if let Some(reason) = refused.reason() {
            Reason::ALL.iter().position(|one| *one == reason)
        } else {
            let state = REFUSING.iter().position(|one| *one == refused.state());
            state.map(|state| Reason::ALL.len() + state)
        };
        if let Some(counter) = at.and_then(|at| self.refused.get(at)) {
            counter.increment(1);
        }
    }

    pub(crate) fn moved(&self, step: &Transition) {
        if step.from() != step.to() {
            let (from, to) = (step.from().as_str(), step.to().as_str());
            self.transitions.with([&self.name, from, to]).increment(1);
        }
    }

    /// So many keys came from one state to another; nothing is the state of one that has no place.
    pub(crate) fn keys_moved(&self, keys: usize, from: Option<State>, to: Option<State>) {
        let States::Keys(gauges) = &self.states else { return };
        // There are four million at most.
        let keys = f64::from(u32::try_from(keys).unwrap_or(u32::MAX));
        for (state, difference) in [(from, -keys), (to, keys)] {
            if let Some(state) = state {
                gauges[state as usize].add(difference);
            }
        }
    }

    /// Makes the gauges what `look` sees: a state, and the number of the time it is in.
    ///
    /// Whoever made a step looks afterwards, and looks again if somebody else made one meanwhile. So the last who is
    /// done has written what is true, and nobody needs a lock for that, under which a recorder would run.
    pub(crate) fn publish(&self, look: impl Fn() -> (State, u32)) {
        let States::One(gauges) = &self.states else { return };
        loop {
            let seen = look();
            for (state, gauge) in State::ALL.into_iter().zip(gauges) {
                gauge.set(if state == seen.0 { 1.0 } else { 0.0 });
            }
            if look() == seen {
                return;
            }
        }
    }
}
