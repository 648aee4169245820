use buttress_core::clock::Moment;

use super::frames::Seen;

/// What a client was given, ever: what answers it earn, and acknowledged pings do not.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Given {
    /// Answers that have begun.
    pub(super) answers: u64,
    /// Pieces of them that were taken. Each is a frame of data at least; of a tunnel, these are counted.
    pub(super) pieces: u64,
    /// Bytes of these.
    pub(super) bytes: u64,
}

/// Bytes of data that pay for one more frame: a client that receives must send window updates.
const BYTES_PER_FRAME: u64 = 1_024;
/// What one answer pays for, beside what it brings.
const FRAMES_PER_ANSWER: u64 = 4;
/// What one piece pays for: updates of two windows, and a ping that measures the way, as gRPC sends them.
const FRAMES_PER_PIECE: u64 = 3;

/// How many idle frames a client may still send.
#[derive(Debug)]
pub(super) struct Budget {
    most: u64,
    each_second: u64,
    left: u64,
    filled: Moment,
    data: u64,
    given: Given,
}

impl Budget {
    /// `most` at once, and `each_second` more each second.
    pub(super) fn new(most: u32, each_second: u32, now: Moment) -> Self {
        let most = u64::from(most);
        Self {
            most,
            each_second: each_second.into(),
            left: most,
            filled: now,
            data: 0,
            given: Given::default(),
        }
    }

    /// Takes what was seen out of it; so much was `given` the other way. Says whether it was enough.
    pub(super) fn spend(&mut self, seen: Seen, given: Given, now: Moment) -> bool {
        self.fill(now);
        let earned = self.earn(seen.data, given);
        let left = self.left.saturating_add(earned).checked_sub(seen.idle);
        self.left = left.unwrap_or_default().min(self.most);
        left.is_some()
    }

    fn earn(&mut self, received: u64, given: Given) -> u64 {
        let before = std::mem::replace(&mut self.given, given);
        let moved = (given.bytes - before.bytes).saturating_add(received);
        self.data = self.data.saturating_add(moved);
        let paid = self.data / BYTES_PER_FRAME;
        self.data %= BYTES_PER_FRAME;
        let answers = (given.answers - before.answers).saturating_mul(FRAMES_PER_ANSWER);
        let pieces = (given.pieces - before.pieces).saturating_mul(FRAMES_PER_PIECE);
        paid.saturating_add(answers).saturating_add(pieces)
    }

    fn fill(&mut self, now: Moment) {
        let passed = now - self.filled;
        let earned = passed.as_nanos().saturating_mul(self.each_second.into()) / 1_000_000_000;
        let earned = u64::try_from(earned).unwrap_or(u64::MAX);
        if earned > 0 {
            self.filled = now;
            self.left = self.left.saturating_add(earned).min(self.most);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_flood_ends_and_a_download_does_not() {
        let now = Moment::FIRST;
        let one = Seen { idle: 1, ..Seen::default() };
        let mut flood = Budget::new(100, 10, now);
        assert_eq!((0..200).take_while(|_| flood.spend(one, Given::default(), now)).count(), 100);
        let later = now + std::time::Duration::from_secs(11);
        assert_eq!((0..200).take_while(|_| flood.spend(one, Given::default(), later)).count(), 100);

        let mut download = Budget::new(100, 10, now);
        let taken = |bytes| Given { bytes, ..Given::default() };
        assert!((1..100_000).all(|n| download.spend(one, taken(4_096 * n), now)));
    }

    /// As gRPC has them: for each small message two updates of windows and a ping.
    #[test]
    fn small_messages_pay_for_what_their_reader_sends() {
        let now = Moment::FIRST;
        let mut stream = Budget::new(100, 10, now);
        let three = Seen { idle: 3, ..Seen::default() };
        let taken = |pieces| Given { pieces, bytes: 5 * pieces, ..Given::default() };
        assert!((1..100_000).all(|n| stream.spend(three, taken(n), now)));
    }

    /// Whoever resets what was answered pays with what it earned; whoever takes back at once has not earned it.
    #[test]
    fn only_answers_pay_for_resets() {
        let now = Moment::FIRST;
        let reset = Seen { idle: 1, ..Seen::default() };
        let answered = |answers| Given { answers, ..Given::default() };
        let mut browser = Budget::new(100, 10, now);
        assert!((1..100_000).all(|n| browser.spend(reset, answered(n), now)));
        let mut rapid = Budget::new(100, 10, now);
        assert_eq!((0..200).take_while(|_| rapid.spend(reset, answered(0), now)).count(), 100);
    }

    proptest! {
        /// Nobody gets more idle frames through than what was free and what the seconds brought.
        #[test]
        fn the_budget_is_a_bound(steps in prop::collection::vec((0_u64..2_000, 1_u64..50), 0..60)) {
            let mut budget = Budget::new(100, 10, Moment::FIRST);
            let (mut now, mut through) = (0, 0);
            for (millis, idle) in steps {
                now += millis;
                let seen = Seen { idle, ..Seen::default() };
                if !budget.spend(seen, Given::default(), Moment::from_nanos(now * 1_000_000)) { break }
                through += idle;
            }
            prop_assert!(through <= 100 + now / 100);
        }
    }
}
