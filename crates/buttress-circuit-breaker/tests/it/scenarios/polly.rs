use std::time::Duration;

use buttress_circuit_breaker::machine::Policy;
use buttress_circuit_breaker::{Force, Rule, State};
use buttress_core::outcome::Outcome;

use super::script::Scenario;
use super::script::Step::{E, Force as Forced, Hold, Is, Refused, Release, S, Trip, Wait};

fn one_failure() -> Policy {
    Policy::default().rules([Rule::InARow(1)])
}

fn by_switch() -> Policy {
    Policy::default().rules([]).open_for(Duration::from_secs(1), Duration::from_secs(1))
}

pub const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "closed, a failure that is enough",
        policy: one_failure,
        steps: &[E, Is(State::Open)],
        deviation: None,
    },
    Scenario {
        id: "closed, a failure that is not enough",
        policy: by_switch,
        steps: &[E, Is(State::Closed)],
        deviation: None,
    },
    Scenario {
        id: "half-open, a success",
        policy: by_switch,
        steps: &[Trip, Wait(1_000), S, Is(State::Closed)],
        deviation: None,
    },
    Scenario {
        id: "half-open, a failure",
        policy: by_switch,
        steps: &[Trip, Wait(1_000), E, Is(State::Open), Refused],
        deviation: None,
    },
    Scenario {
        id: "open, a failure that began before",
        policy: one_failure,
        steps: &[
            Hold,
            E,
            Wait(900),
            Release(Outcome::Failure),
            Is(State::Open),
            Wait(100),
            Hold,
            Is(State::HalfOpen),
        ],
        deviation: None,
    },
    Scenario {
        id: "isolated, outcomes that began before",
        policy: one_failure,
        steps: &[
            Hold,
            Hold,
            Forced(Force::Open),
            Release(Outcome::Success),
            Is(State::ForcedOpen),
            Release(Outcome::Failure),
            Is(State::ForcedOpen),
            Refused,
        ],
        deviation: None,
    },
    Scenario {
        id: "half-open, a success that began before",
        policy: by_switch,
        steps: &[Hold, Trip, Wait(1_000), Hold, Release(Outcome::Success), Is(State::HalfOpen)],
        deviation: Some(
            "a call that began before it opened closes nothing, where any success closes theirs",
        ),
    },
    Scenario {
        id: "half-open, a second caller",
        policy: by_switch,
        steps: &[Trip, Wait(1_000), Hold, Refused, Wait(1_000), Refused, Wait(29_000), Hold],
        deviation: Some(
            "a probe that hangs holds its place for a lease, where theirs lets one more through each open time",
        ),
    },
];
