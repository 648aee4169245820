//! The decision: eight counters side by side, and which of them gives way.

use buttress_core::Key;
use buttress_core::clock::Moment;

use super::{Counted, Window};

/// How many counters share a bucket, and its lock.
pub(super) const WAYS: usize = 8;

/// A few counters, looked through one by one. It never grows.
#[derive(Debug)]
pub(super) struct Bucket([Slot; WAYS]);

/// A counter; a total of zero is nobody's.
#[derive(Clone, Copy, Debug)]
struct Slot {
    key: Key,
    until: Moment,
    total: u64,
}

impl Bucket {
    pub(super) const EMPTY: Self =
        Self([Slot { key: Key::from_bytes([0; 16]), until: Moment::FIRST, total: 0 }; WAYS]);

    pub(super) fn count(&mut self, key: Key, by: u64, window: Window, now: Moment) -> Counted {
        let known = self.0.iter_mut().find(|slot| slot.key == key && slot.is_running(now));
        let slot = match known {
            Some(slot) => slot,
            None if by == 0 => return Counted::NOTHING,
            None => {
                let slot = self.free(now);
                *slot = Slot { key, until: now + window.length(), total: 0 };
                slot
            }
        };
        slot.total = slot.total.saturating_add(by).min(Counted::MOST);
        Counted::new(slot.total, slot.until - now)
    }

    /// A place for a key that has none: one that is free, or else the one of which least was counted. So whoever
    /// comes with many keys does not have what was counted much forgotten.
    fn free(&mut self, now: Moment) -> &mut Slot {
        let [first, others @ ..] = &mut self.0;
        others.iter_mut().fold(
            first,
            |least, slot| {
                if slot.worth(now) < least.worth(now) { slot } else { least }
            },
        )
    }
}

impl Slot {
    fn is_running(&self, now: Moment) -> bool {
        self.total > 0 && self.until > now
    }

    /// What would be lost with it: among equals, the one whose window ends first gives way.
    fn worth(&self, now: Moment) -> (u64, Moment) {
        if self.is_running(now) { (self.total, self.until) } else { (0, Moment::FIRST) }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    fn key(of: u8) -> Key {
        Key::from_bytes([of; 16])
    }

    fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// What a counter is, without a ceiling.
    #[derive(Default)]
    struct Model(HashMap<u8, (Moment, u64)>);

    impl Model {
        fn count(&mut self, key: u8, by: u64, window: Window, now: Moment) -> Counted {
            self.0.retain(|_, (until, _)| *until > now);
            if by == 0 && !self.0.contains_key(&key) {
                return Counted::NOTHING;
            }
            let (until, total) = self.0.entry(key).or_insert((now + window.length(), 0));
            *total = total.saturating_add(by).min(Counted::MOST);
            Counted::new(*total, *until - now)
        }
    }

    /// Key, how much, length of the window, how much later than the one before.
    fn steps(keys: u8) -> impl Strategy<Value = Vec<(u8, u64, u64, u64)>> {
        let by = prop_oneof![9 => 0_u64..5, 1 => any::<u64>()];
        prop::collection::vec((0..keys, by, 1_u64..50, 0_u64..20), 1..200)
    }

    proptest! {
        #[test]
        fn with_room_it_is_the_model(steps in steps(8)) {
            let (mut bucket, mut model, mut now) = (Bucket::EMPTY, Model::default(), Moment::FIRST);
            for (of, by, length, later) in steps {
                now = now + millis(later);
                let window = Window::new(millis(length)).unwrap();
                let counted = bucket.count(key(of), by, window, now);
                prop_assert_eq!(counted, model.count(of, by, window, now));
            }
        }

        /// It may forget, and never invents.
        #[test]
        fn without_room_it_never_says_too_much(steps in steps(20)) {
            let (mut bucket, mut model) = (Bucket::EMPTY, HashMap::<u8, u64>::new());
            let long = Window::new(Duration::from_secs(3_600)).unwrap();
            for (of, by, _, later) in steps {
                let total = model.entry(of).or_default();
                *total = total.saturating_add(by).min(Counted::MOST);
                let counted = bucket.count(key(of), by, long, Moment::FIRST + millis(later));
                prop_assert!(counted.total() <= *total && counted.total() >= by.min(Counted::MOST));
            }
        }

        /// However many come with little, what counts more than they do is not forgotten for them.
        #[test]
        fn who_counts_much_stays(many in prop::collection::vec(1_u8..255, 1..300)) {
            let mut bucket = Bucket::EMPTY;
            let window = Window::new(Duration::from_secs(1)).unwrap();
            let much = bucket.count(key(0), 1_000, window, Moment::FIRST).total();
            for of in many {
                let _ = bucket.count(key(of), 1, window, Moment::FIRST);
                prop_assert_eq!(bucket.count(key(0), 0, window, Moment::FIRST).total(), much);
            }
        }
    }

    #[test]
    fn what_is_over_gives_way_first_then_the_least_then_the_soonest() {
        let (mut bucket, mut now) = (Bucket::EMPTY, Moment::FIRST);
        let window = |length| Window::new(millis(length)).unwrap();
        for of in 0..8_u8 {
            // Key 0 has most and is over first; 1 and 2 have least, and 2 ends before 1.
            let (by, length) =
                [(90, 1), (5, 80), (5, 70)].get(usize::from(of)).map_or((9, 60), |x| *x);
            let _ = bucket.count(key(of), by, window(length), now);
        }
        now = now + millis(1);
        let total = |bucket: &mut Bucket, of| bucket.count(key(of), 0, window(1), now).total();
        for (newcomer, gone) in [(100, 0), (101, 2), (102, 1)] {
            let before: Vec<_> = (0..8).filter(|of| total(&mut bucket, *of) > 0).collect();
            let _ = bucket.count(key(newcomer), 7, window(99), now);
            let after: Vec<_> = (0..8).filter(|of| total(&mut bucket, *of) > 0).collect();
            let expected: Vec<_> = before.into_iter().filter(|of| *of != gone).collect();
            assert_eq!(after, expected, "{newcomer}");
        }
    }
}
