//! What is refused without asking, as it was refused before.

use std::time::Duration;

use buttress_core::clock::Moment;

use super::refusals::Remembered;
use super::state::State;
use crate::{Charges, Limits, MOST_POLICIES, Retry, Source, Standing, Verdict};

/// What is remembered of each charge.
type Seen = [Option<Remembered>; MOST_POLICIES];

impl State {
    /// Whether a charge is refused for certain, without asking: the one of them that waits longest.
    pub(super) fn remembered(
        &self,
        limits: &Limits,
        charges: &Charges,
        now: Moment,
    ) -> Option<Verdict> {
        let mut seen = Seen::default();
        let (mut longest, mut is_certain): (Option<(u8, Retry)>, _) = (None, false);
        for ((charge, seen), at) in charges.as_slice().iter().zip(&mut seen).zip(0..) {
            let limit = limits.all().get(usize::from(charge.policy()))?;
            *seen = self.refusals.look(limit, charge, now);
            if charge.is_optional() {
                continue;
            }
            is_certain |= seen.is_some();
            let retry = match seen {
                // What never fits waits for longer than all that is remembered of others.
                _ if u64::from(charge.cost()) > limit.burst() => Retry::Never,
                Some(seen) => Retry::After(seen.retry),
                None => continue,
            };
            if longest.is_none_or(|(_, other)| retry.rank() > other.rank()) {
                longest = Some((at, retry));
            }
        }
        // Where nothing is remembered of what never fits, it is asked how that stands.
        let longest = longest.filter(|_| is_certain)?;
        Some(told(longest, limits, charges, &seen))
    }
}

fn told((at, retry): (u8, Retry), limits: &Limits, charges: &Charges, seen: &Seen) -> Verdict {
    let mut verdict = Verdict::refused(at, retry);
    for ((charge, seen), at) in charges.as_slice().iter().zip(seen).zip(0..) {
        if seen.is_some() && !charge.is_optional() {
            verdict.refuse(at);
        }
        verdict.push(match seen {
            Some(seen) => Standing::new(seen.remaining.into(), seen.resets_in, Source::Remembered),
            None => Standing::new(limits.of(charge).burst(), Duration::ZERO, Source::Unasked),
        });
    }
    verdict
}
