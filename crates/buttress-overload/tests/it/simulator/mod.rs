//! Ten times as much as can be done, for five seconds, and what becomes of it behind each of the deciders.
//!
//! The figures of the guide are what these print:
//! `cargo test -p buttress-overload --all-features --test it simulator -- --nocapture`. Another storm is that of
//! another seed: `BUTTRESS_STORM_SEED=7`.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::print_stdout,
    reason = "a simulation counts, and prints what it has counted"
)]

mod server;
mod tally;
mod world;

use std::time::Duration;

use buttress_core::Dice;
use buttress_core::clock::{ManualClock, ms, secs};
use buttress_overload::Priority;
use buttress_overload::adaptive::{Adaptive, Aimd, Gradient};
use buttress_overload::bulkhead::Bulkhead;
use buttress_overload::door::Guard;
use buttress_overload::shed::Shed;
use buttress_overload::throttle::Throttle;

use self::server::Capacity;
use self::world::{Phase, World};

/// Ten workers of 20 ms: five hundred in a second.
const OPEN: Capacity = Capacity { workers: 10, mean: ms(20), queue: usize::MAX, refusal: ms(0) };
/// The same, with a queue of its own that it turns away from; to turn away takes it 0.6 ms.
const BOUNDED: Capacity = Capacity { queue: 20, refusal: Duration::from_micros(600), ..OPEN };

/// What is to be reached.
const OF_THE_PEAK: f64 = 0.95;
const UNHARMED: f64 = 0.99;
const RECOVERED: Duration = secs(2);

/// The storm: from when to when there are ten times as many.
const BEGINS: Duration = secs(6);
const ENDS: Duration = secs(11);
/// For how long it is watched after the storm.
const WATCHED: Duration = secs(6);

struct Outcome {
    peak: f64,
    goodput: f64,
    critical: f64,
    normal: f64,
    recovery: Duration,
    in_vain: f64,
}

/// Lets a guard of this kind stand through the storm, and looks what the most is that it gets through without.
fn storm<G: Guard>(name: &str, capacity: Capacity, guard: impl Fn(ManualClock) -> G) -> Outcome {
    storm_watched_for(WATCHED, name, capacity, guard)
}

fn storm_watched_for<G: Guard>(
    watched: Duration,
    name: &str,
    capacity: Capacity,
    guard: impl Fn(ManualClock) -> G,
) -> Outcome {
    let seed = std::env::var("BUTTRESS_STORM_SEED").map_or(1, |seed| seed.parse().unwrap());
    let peak = [0.8, 1.0, 1.2, 1.5].map(|load| {
        let clock = ManualClock::new();
        let mut world = World::new(clock.clone(), guard(clock), capacity, seed);
        world.run(&[Phase { until: secs(6), rate: load * capacity.rate() }], |_, _| {});
        world.tally.goodput(secs(2), secs(6))
    });
    let clock = ManualClock::new();
    let mut world = World::new(clock.clone(), guard(clock), capacity, seed);
    let phase = |until, load: f64| Phase { until, rate: load * capacity.rate() };
    let over = ENDS + watched;
    world.run(&[phase(BEGINS, 0.7), phase(ENDS, 10.0), phase(over + secs(1), 0.7)], |_, _| {});
    let tally = &world.tally;
    let outcome = Outcome {
        peak: peak.into_iter().fold(0.0, f64::max),
        goodput: tally.goodput(BEGINS + secs(1), ENDS),
        critical: tally.share(Priority::Critical, BEGINS, ENDS),
        normal: tally.share(Priority::Normal, BEGINS, ENDS),
        recovery: tally.recovery(secs(1)..secs(5), ENDS..over),
        in_vain: tally.in_vain as f64 / tally.done() as f64,
    };
    println!(
        "| {name} | {:.0} | {:.0} | {:.1} % | {:.1} % | {:.1} % | {:.1} s | {:.0} % |",
        outcome.peak,
        outcome.goodput,
        100.0 * outcome.goodput / outcome.peak,
        100.0 * outcome.critical,
        100.0 * outcome.normal,
        outcome.recovery.as_secs_f64(),
        100.0 * outcome.in_vain,
    );
    outcome
}

fn stands(outcome: &Outcome) {
    assert!(outcome.goodput >= OF_THE_PEAK * outcome.peak.max(OPEN.rate()), "goodput");
    assert!(outcome.critical >= UNHARMED, "critical");
    assert!(outcome.recovery <= RECOVERED, "recovery");
}

#[test]
fn without_a_guard_it_collapses() {
    let outcome = storm("nothing", OPEN, |_| None::<Adaptive>);
    assert!(outcome.goodput < 0.1 * outcome.peak);
    assert!(outcome.recovery > secs(5), "and it does not recover");
}

#[test]
fn shedding_keeps_what_can_be_done() {
    stands(&storm("shed", OPEN, |clock| {
        Shed::of(12).queue(100, ms(200), clock.clone()).clock(clock).build().unwrap()
    }));
}

#[test]
fn a_bulkhead_with_a_queue_keeps_what_can_be_done() {
    stands(&storm("bulkhead", OPEN, |clock| {
        Bulkhead::of(12).queue(100, ms(200), clock.clone()).clock(clock).build().unwrap()
    }));
}

#[test]
fn a_limit_that_follows_latency_keeps_what_can_be_done() {
    let alone = storm("adaptive, gradient", OPEN, |clock| {
        Adaptive::by(Gradient::new()).clock(clock).build().unwrap()
    });
    assert!(alone.goodput >= OF_THE_PEAK * alone.peak && alone.recovery <= RECOVERED);
    stands(&storm("shed, adapting by gradient", OPEN, |clock| {
        let shed = Shed::adapting(Gradient::new()).queue(100, ms(200), clock.clone());
        shed.clock(clock).build().unwrap()
    }));
}

#[test]
fn a_limit_that_follows_drops_keeps_what_can_be_done() {
    let alone = storm("adaptive, AIMD", BOUNDED, |clock| {
        Adaptive::by(Aimd::new()).clock(clock).build().unwrap()
    });
    assert!(alone.goodput >= OF_THE_PEAK * alone.peak && alone.recovery <= RECOVERED);
    stands(&storm("shed, adapting by AIMD", BOUNDED, |clock| {
        let shed = Shed::adapting(Aimd::new()).queue(100, ms(200), clock.clone());
        shed.clock(clock).build().unwrap()
    }));
}

#[test]
fn a_throttle_spares_the_other_side_its_refusals() {
    let alone = storm("bounded queue alone", BOUNDED, |_| None::<Throttle>);
    // It takes some of its windows to recover, as what it lets through doubles once in each.
    let throttled = storm_watched_for(secs(20), "bounded queue, throttle", BOUNDED, |clock| {
        Throttle::builder().window(secs(5)).dice(Dice::seeded(3)).clock(clock).build().unwrap()
    });
    assert!(throttled.goodput > 1.2 * alone.goodput);
    assert!(throttled.goodput >= 0.9 * throttled.peak);
    assert!(throttled.recovery < secs(18), "recovery");
}
