use std::time::Duration;

use buttress_core::clock::nanos;

use crate::parts::atomic::AtomicU32;
use crate::parts::atomic::Ordering::Relaxed;

/// How many calls took how long, roughly: eight classes for each doubling, so a class is an eighth wide at most.
pub(super) struct Latencies([AtomicU32; CLASSES]);

/// All below a microsecond are one class, all above two minutes another.
const SHORTEST: u32 = 10;
const DOUBLINGS: usize = 27;
const CLASSES: usize = DOUBLINGS * IN_EACH;
const IN_EACH: usize = 8;

impl Latencies {
    pub(super) fn new() -> Self {
        Self(std::array::from_fn(|_| AtomicU32::new(0)))
    }

    #[inline]
    pub(super) fn note(&self, took: Duration) {
        self.0[class_of(took)].fetch_add(1, Relaxed);
    }

    /// Takes all of them out: how many there were, and how long the middle one took.
    pub(super) fn drain(&self) -> (u32, Duration) {
        let counts = self.0.each_ref().map(|class| class.swap(0, Relaxed));
        let all = counts.iter().fold(0_u32, |all, count| all.saturating_add(*count));
        let mut up_to = 0_u32;
        let middle = counts.iter().position(|count| {
            up_to = up_to.saturating_add(*count);
            up_to > all / 2
        });
        (all, middle.map(middle_of).unwrap_or_default())
    }
}

#[expect(clippy::cast_possible_truncation, reason = "three bits")]
fn class_of(took: Duration) -> usize {
    let nanos = nanos(took).max(1 << SHORTEST);
    let doubling = nanos.ilog2();
    let eighth = (nanos >> (doubling - 3)) as usize & (IN_EACH - 1);
    let class = (doubling - SHORTEST) as usize * IN_EACH + eighth;
    class.min(CLASSES - 1)
}

/// The middle of a class: no more than a sixteenth away from all in it.
fn middle_of(class: usize) -> Duration {
    let (doubling, eighth) = (class / IN_EACH, class % IN_EACH);
    let begin = ((IN_EACH + eighth) as u64) << (SHORTEST as usize + doubling - 3);
    Duration::from_nanos(begin + (1 << (SHORTEST as usize + doubling - 4)))
}

#[cfg(test)]
#[cfg(not(buttress_loom))]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_class_is_a_sixteenth_around_its_middle(nanos in (1_u64 << SHORTEST)..(1 << 36)) {
            let middle = middle_of(class_of(Duration::from_nanos(nanos)));
            let off = middle.abs_diff(Duration::from_nanos(nanos)).as_nanos();
            prop_assert!(off * 16 <= u128::from(nanos), "{nanos}: {middle:?}");
        }
    }

    #[test]
    fn the_middle_one_is_the_middle_one() {
        let latencies = Latencies::new();
        assert_eq!(latencies.drain(), (0, Duration::ZERO));
        (1..=99).for_each(|millis| latencies.note(Duration::from_millis(millis)));
        let (all, middle) = latencies.drain();
        assert_eq!(all, 99);
        assert!(
            middle.abs_diff(Duration::from_millis(50)) < Duration::from_millis(4),
            "{middle:?}"
        );
        assert_eq!(latencies.drain(), (0, Duration::ZERO));
    }

    #[test]
    fn extremes_have_a_class() {
        let latencies = Latencies::new();
        latencies.note(Duration::ZERO);
        assert!(latencies.drain().1 < Duration::from_micros(2));
        latencies.note(Duration::MAX);
        assert!(latencies.drain().1 > Duration::from_secs(120));
    }
}
