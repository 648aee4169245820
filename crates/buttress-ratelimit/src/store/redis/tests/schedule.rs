//! What is asked of both, and in which order.

use std::time::Duration;

use proptest::prelude::*;

use crate::{Algorithm, Quota};

/// Short enough that all that can end does, while the schedule goes on.
pub(super) fn quotas() -> [Quota; 8] {
    let millis = Duration::from_millis;
    [
        Quota::per(millis(30), 3).burst(5),
        // No whole number of microseconds.
        Quota::per(Duration::from_nanos(12_345_678), 7).burst(3),
        Quota::per(millis(20), 4).queue(millis(15)),
        Quota::per(millis(25), 4).algorithm(Algorithm::FixedWindow),
        Quota::per(Duration::from_nanos(20_000_001), 6).algorithm(Algorithm::SlidingCounter),
        Quota::per(millis(15), 3).algorithm(Algorithm::SlidingLog),
        Quota::at_once(3),
        Quota::per_hour(20),
    ]
}

/// The same with other numbers, as an operator may change them. The time of a window stays: with a longer one, memory
/// may still know what Redis has forgotten at the end of the shorter one. Nor is a bucket made so small that it has to
/// be mended: Redis does it with a refusal, and memory with what is taken next.
pub(super) fn others() -> [Quota; 8] {
    let millis = Duration::from_millis;
    [
        Quota::per(millis(40), 2).burst(2),
        Quota::per(millis(5), 7).burst(9),
        Quota::per(millis(20), 4).queue(millis(2)),
        Quota::per(millis(25), 6).algorithm(Algorithm::FixedWindow),
        Quota::per(Duration::from_nanos(20_000_001), 3).algorithm(Algorithm::SlidingCounter),
        Quota::per(millis(15), 2).algorithm(Algorithm::SlidingLog),
        Quota::at_once(2),
        Quota::per_hour(30),
    ]
}

/// One step of a schedule.
#[derive(Clone, Debug)]
pub(super) enum Act {
    Take(Vec<Asked>),
    /// All at the same time: they are decided in turn.
    Crowd(Vec<Vec<Asked>>),
    Look(Vec<Asked>),
    Count(Vec<Asked>),
    /// Gives back what was taken then.
    GiveBack(prop::sample::Index),
    Forget(Vec<Asked>),
    Change,
    Wait(u64),
}

/// A policy, a key, a cost, and whether it is optional.
pub(super) type Asked = (u8, u8, u32, bool);

pub(super) fn schedule() -> impl Strategy<Value = Vec<Act>> {
    let asked =
        (0_u8..8, 0_u8..2, prop_oneof![1 => Just(0_u32), 9 => 1_u32..4], prop::bool::weighted(0.2));
    let asked = prop::collection::vec(asked, 1..5).prop_map(|mut asked| {
        // The charges of a request are of different policies.
        asked.sort_by_key(|(policy, ..)| *policy);
        asked.dedup_by_key(|(policy, ..)| *policy);
        asked
    });
    let act = prop_oneof![
        12 => asked.clone().prop_map(Act::Take),
        4 => prop::collection::vec(asked.clone(), 2..24).prop_map(Act::Crowd),
        2 => asked.clone().prop_map(Act::Look),
        1 => asked.clone().prop_map(Act::Count),
        4 => any::<prop::sample::Index>().prop_map(Act::GiveBack),
        1 => asked.prop_map(Act::Forget),
        1 => Just(Act::Change),
        4 => (0_u64..12).prop_map(Act::Wait),
    ];
    prop::collection::vec(act, 1..120)
}
