use std::time::Duration;

use buttress_circuit_breaker::machine::Policy;
use buttress_circuit_breaker::{Mode, Over, Rule};

use super::script::Scenario;
use super::script::Step::{At, Counts, E, S, Slow, SlowE};

/// It counts, and opens for nothing.
fn counting(over: Over, exact: bool) -> Policy {
    let rules = [Rule::failure_rate(100, over, 1)];
    let policy = Policy::default().rules(rules).mode(Mode::MetricsOnly);
    policy.exact_counts(exact).slow(Duration::from_secs(2))
}

pub const RESILIENCE4J: &[Scenario] = &[
    Scenario {
        id: "four calls",
        policy: || counting(Over::Calls(4), false),
        steps: &[E, S, S, S, Counts(4, 1, 0), S, Counts(4, 0, 0)],
        deviation: None,
    },
    Scenario {
        id: "two calls, slow ones",
        policy: || counting(Over::Calls(2), false),
        steps: TWO_CALLS,
        deviation: None,
    },
    Scenario {
        id: "two calls, slow ones, exactly",
        policy: || counting(Over::Calls(2), true),
        steps: TWO_CALLS,
        deviation: None,
    },
    Scenario {
        id: "five seconds",
        policy: || counting(Over::Time(Duration::from_secs(5)), false),
        steps: &[
            E,
            At(100),
            S,
            At(800),
            SlowE(5_000),
            Counts(3, 2, 1),
            At(4_800),
            Counts(3, 2, 1),
            At(5_800),
            Counts(0, 0, 0),
        ],
        deviation: None,
    },
    Scenario {
        id: "five seconds, a call each",
        policy: || counting(Over::Time(Duration::from_secs(5)), false),
        steps: &[
            E,
            At(100),
            S,
            At(200),
            S,
            At(1_200),
            S,
            At(2_200),
            S,
            At(3_200),
            E,
            At(4_200),
            S,
            Counts(7, 2, 0),
            At(5_200),
            S,
            Counts(5, 1, 0),
            At(6_200),
            S,
            Counts(5, 1, 0),
            At(11_200),
            S,
            Counts(1, 0, 0),
        ],
        deviation: None,
    },
    Scenario {
        id: "five seconds, at their edge",
        policy: || counting(Over::Time(Duration::from_secs(5)), false),
        steps: &[At(249), E, At(4_999), Counts(1, 1, 0), At(5_000), Counts(0, 0, 0)],
        deviation: Some(
            "a bucket of a quarter of a second goes as a whole: a call may be forgotten that much earlier",
        ),
    },
];

const TWO_CALLS: &[super::script::Step] =
    &[SlowE(3_000), Slow(3_000), Counts(2, 1, 2), S, Counts(2, 0, 1), S, Counts(2, 0, 0)];

pub const POLLY: &[Scenario] = &[
    Scenario {
        id: "ten seconds, two calls every other one",
        policy: || counting(Over::Time(Duration::from_secs(10)), false),
        steps: &[
            E,
            S,
            At(2_000),
            Counts(2, 1, 0),
            E,
            S,
            At(4_000),
            Counts(4, 2, 0),
            S,
            S,
            At(6_000),
            Counts(6, 2, 0),
            S,
            S,
            At(8_000),
            Counts(8, 2, 0),
            S,
            S,
            At(10_000),
            Counts(8, 1, 0),
            At(12_000),
            Counts(6, 0, 0),
        ],
        deviation: None,
    },
    Scenario {
        id: "ten seconds, a call each",
        policy: || counting(Over::Time(Duration::from_secs(10)), false),
        steps: &[
            S,
            At(1_000),
            S,
            At(2_000),
            S,
            At(3_000),
            S,
            At(4_000),
            S,
            At(5_000),
            S,
            At(6_000),
            S,
            At(7_000),
            S,
            At(8_000),
            S,
            At(9_000),
            S,
            Counts(10, 0, 0),
            At(10_000),
            Counts(9, 0, 0),
            At(11_000),
            Counts(8, 0, 0),
        ],
        deviation: None,
    },
];
