use std::time::Duration;

/// How long to wait before the next attempt to connect.
///
/// Any time up to a bound that doubles with each failure ("full jitter"), so that the clients of a server that
/// comes back do not all come at once. The bound stays below a second: a server that is back has its clients within
/// two.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    const FIRST: Duration = Duration::from_millis(50);
    const MOST: Duration = Duration::from_secs(1);
    /// A connection that did not live as long as this is one more failure: a server that takes connections
    /// and drops them would be asked without a pause otherwise.
    const PROVEN: Duration = Duration::from_secs(5);

    pub(crate) fn lived(&mut self, for_so_long: Duration) {
        if for_so_long >= Self::PROVEN {
            self.failures = 0;
        }
    }

    /// The next pause; `random` chooses it within the bound.
    pub(crate) fn pause(&mut self, random: u64) -> Duration {
        let bound = Self::FIRST.saturating_mul(1 << self.failures.min(10)).min(Self::MOST);
        self.failures = self.failures.saturating_add(1);
        // Not from zero: a pause of nothing would be none.
        bound.mul_f64(0.1 + 0.9 * share(random))
    }
}

/// From zero to one.
#[expect(clippy::cast_precision_loss, reason = "53 bits are more than enough")]
pub(crate) fn share(random: u64) -> f64 {
    (random >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn it_grows_and_begins_anew_after_a_life() {
        let mut backoff = Backoff::default();
        let pauses: Vec<_> = (0..7).map(|_| backoff.pause(u64::MAX).as_millis()).collect();
        assert_eq!(pauses, [50, 100, 200, 400, 800, 1_000, 1_000]);
        backoff.lived(Duration::from_secs(1));
        assert_eq!(backoff.pause(u64::MAX).as_millis(), 1_000);
        backoff.lived(Duration::from_secs(5));
        assert_eq!(backoff.pause(u64::MAX).as_millis(), 50);
    }

    proptest! {
        #[test]
        fn it_is_never_nothing_and_never_long(failures in 0_u32..100, random: u64) {
            let pause = Backoff { failures }.pause(random);
            prop_assert!(pause >= Duration::from_millis(5) && pause <= Backoff::MOST);
        }
    }
}
