use std::time::Duration;

use buttress_core::clock::Moment;

use crate::parts::atomic::AtomicU64;
use crate::parts::atomic::AtomicUsize;
use crate::parts::atomic::Ordering::{AcqRel, Relaxed};

/// Whether so many things happened in a time: exactly, and without a lock.
///
/// The times of the last ones are kept, one less than it takes; each new one puts its own time in the place of the
/// oldest. If that was not long ago, enough have come. Each time has the generation with it to which it belongs, so
/// nothing has to be swept when another one begins.
#[derive(Debug)]
pub(crate) struct Recent {
    times: Box<[AtomicU64]>,
    next: AtomicUsize,
}

impl Recent {
    pub(crate) fn new(n: u32) -> Self {
        let times = (1..n).map(|_| AtomicU64::new(0)).collect();
        Self { times, next: AtomicUsize::new(0) }
    }

    /// One more has come: whether it was one too many.
    pub(crate) fn hit(&self, within: Duration, generation: u32, now: Moment) -> bool {
        if self.times.is_empty() {
            return true;
        }
        let at = self.next.fetch_add(1, Relaxed) % self.times.len();
        hit(&self.times[at], within, generation, now)
    }
}

/// The same for one place: puts the time there, and looks at what was.
pub(crate) fn hit(place: &AtomicU64, within: Duration, generation: u32, now: Moment) -> bool {
    let oldest = place.swap(stamp(generation, now), AcqRel);
    let is_of_now = oldest != 0 && oldest >> MICROS_BITS == u64::from(generation & 0xFFFF);
    is_of_now && micros(now).saturating_sub((oldest & MICROS) - 1) < micros_of(within)
}

const MICROS_BITS: u32 = 48;
const MICROS: u64 = (1 << MICROS_BITS) - 1;

/// Never zero, which is a place where nothing was.
fn stamp(generation: u32, now: Moment) -> u64 {
    u64::from(generation & 0xFFFF) << MICROS_BITS | (micros(now) + 1)
}

/// Microseconds, of nine years; whatever comes later is then.
fn micros(now: Moment) -> u64 {
    (now.as_nanos() / 1_000).min(MICROS - 1)
}

fn micros_of(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WITHIN: Duration = Duration::from_secs(10);

    fn at(millis: u64) -> Moment {
        Moment::from_nanos(millis * 1_000_000)
    }

    #[test]
    fn the_third_in_ten_seconds_is_one_too_many() {
        let recent = Recent::new(3);
        let hit = |millis| recent.hit(WITHIN, 1, at(millis));
        let seen = [0, 5_000, 10_000, 14_999, 20_000, 24_998].map(hit);
        assert_eq!(seen, [false, false, false, true, false, true]);
    }

    #[test]
    fn one_is_too_many_if_one_is_enough() {
        assert!(Recent::new(1).hit(WITHIN, 1, Moment::FIRST));
    }

    #[test]
    fn another_generation_begins_anew() {
        let recent = Recent::new(2);
        assert!(!recent.hit(WITHIN, 1, at(0)));
        assert!(!recent.hit(WITHIN, 2, at(1)));
        assert!(recent.hit(WITHIN, 2, at(2)));
    }

    proptest! {
        /// The same as a list of all of them says.
        #[test]
        fn it_is_exact(n in 1_u32..20, steps in prop::collection::vec(0_u64..4_000, 0..200)) {
            let recent = Recent::new(n);
            let mut now = 0;
            let mut all = Vec::new();
            for step in steps {
                now += step;
                all.push(now);
                let within = all.iter().filter(|then| now - **then < 10_000).count();
                prop_assert_eq!(recent.hit(WITHIN, 1, at(now)), within >= n as usize);
            }
        }
    }
}
