use buttress_core::clock::{Moment, nanos};

use crate::policy::Policy;
use crate::{Over, Rule};

/// A window is cut into so many.
pub(super) const BUCKETS: u32 = 10;

/// Of which calls the rates of a policy are: of the same ones, all of them.
pub(super) fn over(policy: &Policy) -> Option<Over> {
    policy.rules.iter().find_map(Rule::over)
}

#[expect(clippy::cast_possible_truncation, reason = "it goes round, and is compared so")]
pub(super) fn tick_at(over: Over, now: Moment) -> u32 {
    let Over::Time(time) = over else { return 0 };
    (now.as_nanos() / (nanos(time) / u64::from(BUCKETS)).max(1)) as u32
}

/// How many calls a bucket holds.
pub(super) const fn size(calls: u32) -> u32 {
    let size = calls.div_ceil(BUCKETS);
    if size == 0 { 1 } else { size }
}

/// How many buckets there are.
pub(super) const fn count(calls: u32) -> u32 {
    calls / size(calls)
}

/// How many calls count at most.
pub(super) fn room(over: Option<Over>) -> u32 {
    match over {
        Some(Over::Calls(calls)) => size(calls) * count(calls),
        _ => u32::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_of_calls_has_four_fifths_of_them() {
        for calls in 1..100_000 {
            let (size, count) = (size(calls), count(calls));
            assert!((1..=BUCKETS).contains(&count));
            let least = size * (count - 1) + 1;
            assert!(size * count <= calls && least * 5 >= calls * 4, "{least} of {calls}");
            assert!(calls > BUCKETS || size == 1, "up to ten, one by one");
        }
    }
}
