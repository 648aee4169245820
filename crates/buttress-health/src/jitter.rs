use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// Spreads what would otherwise happen at the same time. It only ever makes a wait longer, so that an
/// interval is never undercut.
#[derive(Debug)]
pub(crate) struct Jitter {
    state: u64,
    /// In thousandths of the interval.
    most: u16,
}

impl Jitter {
    pub(crate) fn new(most: u16) -> Self {
        // Good enough to tell instances apart, which is all that it is for.
        Self { state: RandomState::new().hash_one(most), most }
    }

    /// The interval, and up to so many thousandths of it more.
    pub(crate) fn stretch(&mut self, interval: Duration) -> Duration {
        let share = self.next() % (u64::from(self.most) + 1);
        let share = u32::try_from(share).unwrap_or_default();
        interval.saturating_add((interval / 1_000).saturating_mul(share))
    }

    /// `splitmix64`.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_wait_is_never_shorter_and_stays_within_the_share(most in 0_u16..=1_000, secs in 0_u64..100_000) {
            let mut jitter = Jitter::new(most);
            let interval = Duration::from_secs(secs);
            for _ in 0..50 {
                let wait = jitter.stretch(interval);
                prop_assert!(wait >= interval);
                prop_assert!(wait <= interval + (interval / 1_000) * u32::from(most));
            }
        }
    }

    #[test]
    fn waits_differ() {
        let mut jitter = Jitter::new(100);
        let waits: std::collections::HashSet<_> =
            (0..100).map(|_| jitter.stretch(Duration::from_secs(10))).collect();
        assert!(waits.len() > 10, "{}", waits.len());
    }
}
