use std::time::Duration;

use buttress_core::clock::Moment;

/// How long a peer may keep us waiting, and what each byte it moves earns it.
///
/// While it is the peer's turn, patience runs out in real time; each byte earns some back, up to where it
/// began. So whoever pauses for a moment is left alone, and whoever sends a byte a second is not.
#[derive(Clone, Debug)]
pub(super) struct Patience {
    limit: Duration,
    /// What a byte earns; none means that any byte earns all of it.
    byte: Option<Duration>,
    left: Duration,
    since: Option<Moment>,
}

impl Patience {
    /// `rate` is in bytes a second; zero asks for no more than some progress now and then.
    pub(super) fn new(limit: Duration, rate: u32) -> Self {
        let byte = (rate > 0).then(|| Duration::from_secs(1) / rate);
        Self { limit, byte, left: limit, since: None }
    }

    /// It is the peer's turn from `now` on, if it was not already.
    pub(super) fn waits(&mut self, now: Moment) {
        self.since.get_or_insert(now);
    }

    /// It is not the peer's turn any more.
    pub(super) fn rests(&mut self, now: Moment) {
        self.settle(now);
        self.since = None;
    }

    /// The peer has moved so many bytes.
    pub(super) fn moved(&mut self, now: Moment, bytes: u64) {
        self.settle(now);
        let earned = match self.byte {
            Some(byte) => byte.saturating_mul(u32::try_from(bytes).unwrap_or(u32::MAX)),
            None if bytes > 0 => self.limit,
            None => Duration::ZERO,
        };
        self.left = self.left.saturating_add(earned).min(self.limit);
    }

    /// When patience ends, if it is the peer's turn.
    pub(super) fn end(&self) -> Option<Moment> {
        self.since.map(|since| since + self.left)
    }

    fn settle(&mut self, now: Moment) {
        if let Some(since) = &mut self.since {
            self.left = self.left.saturating_sub(now - *since);
            *since = now.max(*since);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn second(n: u64) -> Moment {
        Moment::FIRST + Duration::from_secs(n)
    }

    #[test]
    fn a_byte_a_second_is_not_enough_and_a_pause_is_forgiven() {
        let mut slow = Patience::new(Duration::from_secs(30), 100);
        slow.waits(second(0));
        let ended = (1..60).find(|&now| {
            let ended = slow.end().unwrap() <= second(now);
            slow.moved(second(now), 1);
            ended
        });
        assert_eq!(ended, Some(31));

        let mut honest = Patience::new(Duration::from_secs(30), 100);
        for pause in 0..100 {
            honest.waits(second(pause * 30));
            assert!(honest.end().unwrap() > second(pause * 30 + 29));
            honest.moved(second(pause * 30 + 29), 3_000);
            honest.rests(second(pause * 30 + 29));
            assert_eq!(honest.end(), None);
        }
    }

    proptest! {
        /// A peer that moves at less than half the rate is ended in twice the limit; one that moves at
        /// the rate or more, in gaps shorter than the limit, never is.
        #[test]
        fn the_rate_decides(rate in 2_u32..1_000, gap in 1_u64..29, slow in any::<bool>()) {
            let mut patience = Patience::new(Duration::from_secs(30), rate);
            patience.waits(second(0));
            let bytes = u64::from(rate) * gap;
            let bytes = if slow { bytes / 2 } else { bytes + gap };
            let mut now = 0;
            let ended = loop {
                now += gap;
                if patience.end().unwrap() <= second(now) { break true }
                patience.moved(second(now), bytes);
                if now > 70 { break false }
            };
            prop_assert_eq!(ended, slow);
        }

        /// Whatever happens, the end is never further away than the limit.
        #[test]
        fn patience_has_a_ceiling(steps in prop::collection::vec((0_u64..50, 0_u64..1 << 40), 0..40), rate: u32) {
            let limit = Duration::from_secs(30);
            let mut patience = Patience::new(limit, rate);
            let mut now = 0;
            patience.waits(second(0));
            for (pause, bytes) in steps {
                now += pause;
                patience.moved(second(now), bytes);
                prop_assert!(patience.end().unwrap() <= second(now) + limit);
            }
        }
    }
}
