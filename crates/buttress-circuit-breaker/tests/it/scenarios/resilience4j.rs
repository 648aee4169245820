use std::time::Duration;

use buttress_circuit_breaker::machine::Policy;
use buttress_circuit_breaker::{Force, Mode, Over, Rule, State};
use buttress_core::outcome::Outcome;

use super::script::Scenario;
use super::script::Step::{
    At, Counts, E, Force as Forced, Hold, Ignored, Is, Opened, Refused, RefusedInAll, Release,
    Reset, S, Slow, SlowE, Told, Trip, Wait, WouldTrip,
};

const SECONDS: fn(u64) -> Duration = Duration::from_secs;

fn usual() -> Policy {
    let rules = [Rule::failure_rate(50, Over::Calls(5), 5), Rule::slow_rate(50, Over::Calls(5), 5)];
    let policy = Policy::default().rules(rules).slow(SECONDS(4)).probes(4).close_after(4);
    policy.open_for(SECONDS(5), SECONDS(60))
}

fn of_five_seconds() -> Policy {
    usual().rules([Rule::failure_rate(50, Over::Time(SECONDS(5)), 5)])
}

fn by_switch() -> Policy {
    usual().rules([])
}

fn metrics_only() -> Policy {
    usual().mode(Mode::MetricsOnly)
}

pub const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "r1: a success that reaches the minimum opens",
        policy: usual,
        steps: &[
            E,
            E,
            E,
            S,
            Is(State::Closed),
            S,
            Is(State::Open),
            Opened("failure_rate (60 of 50)"),
        ],
        deviation: None,
    },
    Scenario {
        id: "r2: what slides out opens",
        policy: of_five_seconds,
        steps: &[
            At(100),
            S,
            At(1_100),
            S,
            At(2_100),
            S,
            At(3_100),
            E,
            At(4_100),
            E,
            Is(State::Closed),
            Counts(5, 2, 0),
            At(5_100),
            E,
            Opened("failure_rate (60 of 50)"),
        ],
        deviation: None,
    },
    Scenario {
        id: "r3: slow calls open",
        policy: usual,
        steps: &[
            Slow(5_000),
            SlowE(5_000),
            Slow(1_000),
            Slow(5_000),
            Is(State::Closed),
            Slow(3_999),
            Is(State::Open),
            Opened("slow_rate (60 of 50)"),
        ],
        deviation: None,
    },
    Scenario {
        id: "r4: open for its time",
        policy: by_switch,
        steps: &[
            Trip,
            Wait(3_000),
            Refused,
            Is(State::Open),
            Wait(3_000),
            Hold,
            Is(State::HalfOpen),
        ],
        deviation: None,
    },
    Scenario {
        id: "r5: open for longer the second time",
        policy: by_switch,
        steps: &[
            Trip,
            Wait(3_000),
            Refused,
            Wait(3_000),
            Hold,
            Trip,
            Wait(6_000),
            Refused,
            Wait(5_000),
            Hold,
            Is(State::HalfOpen),
        ],
        deviation: Some(
            "the open time is doubled, and by no other factor: 5 s and 10 s, where theirs is 5 s and 7.5 s",
        ),
    },
    Scenario {
        id: "r6: three of four probes fail",
        policy: by_switch,
        steps: &[Trip, Wait(5_000), E, Is(State::Open)],
        deviation: Some(
            "the first probe that fails opens again, where theirs waits for all four and finds 75 %",
        ),
    },
    Scenario {
        id: "r7: one of four probes fails",
        policy: by_switch,
        steps: &[
            Trip,
            Wait(5_000),
            S,
            S,
            E,
            Is(State::Open),
            Wait(10_000),
            S,
            S,
            S,
            Is(State::HalfOpen),
            S,
            Is(State::Closed),
        ],
        deviation: Some(
            "there is no rate among probes: it takes four successes in a row, where theirs closes with 25 % failures",
        ),
    },
    Scenario {
        id: "r8: ignored probes say nothing",
        policy: by_switch,
        steps: &[
            Trip,
            Wait(5_000),
            Ignored,
            Ignored,
            Ignored,
            Ignored,
            Is(State::HalfOpen),
            S,
            S,
            S,
            S,
            Is(State::Closed),
        ],
        deviation: None,
    },
    Scenario {
        id: "r9: no more probes than places",
        policy: by_switch,
        steps: &[
            Trip,
            Wait(5_000),
            Hold,
            Hold,
            Hold,
            Hold,
            Refused,
            Release(Outcome::Ignored),
            Hold,
            Is(State::HalfOpen),
            RefusedInAll(1),
        ],
        deviation: None,
    },
    Scenario {
        id: "r10: disabled",
        policy: usual,
        steps: &[Forced(Force::Off), E, E, E, E, E, E, Is(State::Disabled), Counts(0, 0, 0)],
        deviation: None,
    },
    Scenario {
        id: "r11: forced open",
        policy: usual,
        steps: &[
            Forced(Force::Open),
            Refused,
            Wait(6_000),
            Refused,
            Is(State::ForcedOpen),
            RefusedInAll(2),
            Counts(0, 0, 0),
        ],
        deviation: None,
    },
    Scenario {
        id: "r12: metrics only",
        policy: metrics_only,
        steps: &[
            E,
            E,
            E,
            S,
            WouldTrip(0),
            S,
            WouldTrip(1),
            Counts(5, 3, 0),
            E,
            WouldTrip(1),
            Told(1),
            Is(State::MetricsOnly),
        ],
        deviation: None,
    },
    Scenario {
        id: "r13: half-open, and nobody calls",
        policy: by_switch,
        steps: &[Trip, Wait(5_000), Hold, Wait(1_000_000), Is(State::HalfOpen), Hold],
        deviation: Some(
            "nothing moves without a caller: a lease frees the places of probes that hang, where theirs opens by a timer",
        ),
    },
    Scenario {
        id: "r14: a reset, and a step to where it is",
        policy: usual,
        steps: &[
            E,
            E,
            Reset,
            Counts(0, 0, 0),
            Told(0),
            E,
            Forced(Force::Release),
            Counts(1, 1, 0),
            Told(0),
        ],
        deviation: Some("a breaker that nobody holds is not released: what it counted stays"),
    },
];
