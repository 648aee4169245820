use std::num::NonZeroU64;
use std::time::Duration;

use bytes::Bytes;

use crate::port::below;

/// One half of a connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Direction {
    /// From the client to the server.
    Requests,
    /// From the server to the client.
    Replies,
}

/// What is wrong with the network at present.
#[derive(Clone, Debug, Default)]
pub(super) struct Faults {
    pub(super) latency: Duration,
    pub(super) jitter: Duration,
    pub(super) bandwidth: Option<NonZeroU64>,
    pub(super) held: [bool; 2],
    pub(super) swallowed: [bool; 2],
    pub(super) cut: [Option<Cut>; 2],
    pub(super) garbage: Option<Bytes>,
    pub(super) door: Door,
}

/// A connection ends after so many more bytes. Numbered, so that a connection knows whether it counts already.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    pub(super) number: u64,
    pub(super) after: u64,
}

/// What happens to new connections.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Door {
    #[default]
    Open,
    Ignored,
    Closed,
}

impl Faults {
    pub(super) fn holds(&self, direction: Direction) -> bool {
        self.held[direction as usize]
    }

    pub(super) fn swallows(&self, direction: Direction) -> bool {
        self.swallowed[direction as usize]
    }

    /// How much later something comes. Only replies do, so that a round trip is late by just that.
    pub(super) fn delay(&self, direction: Direction) -> Duration {
        match direction {
            Direction::Requests => Duration::ZERO,
            Direction::Replies => self.latency + self.jitter * u32::from(below(1_000)) / 1_000,
        }
    }

    /// What comes in place of `bytes`.
    pub(super) fn garbled(&self, direction: Direction, bytes: &[u8]) -> Bytes {
        match (direction, &self.garbage) {
            (Direction::Replies, Some(garbage)) => garbage.clone(),
            _ => Bytes::copy_from_slice(bytes),
        }
    }

    /// How much is written at once, and how long the line is busy with that.
    pub(super) fn portion(&self, length: usize) -> (usize, Duration) {
        let Some(bandwidth) = self.bandwidth else { return (length, Duration::ZERO) };
        // A hundredth of a second's worth, so that it flows rather than drips.
        let portion = usize::try_from(bandwidth.get() / 100).unwrap_or(usize::MAX);
        let portion = length.min(portion.max(1));
        let nanos = portion as u128 * 1_000_000_000 / u128::from(bandwidth.get());
        (portion, Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_narrow_line_is_busy_for_as_long_as_its_width_says() {
        let faults = Faults { bandwidth: NonZeroU64::new(10_000), ..Faults::default() };
        assert_eq!(faults.portion(1_000), (100, Duration::from_millis(10)));
        assert_eq!(faults.portion(7), (7, Duration::from_micros(700)));
        let faults = Faults { bandwidth: NonZeroU64::new(2), ..Faults::default() };
        assert_eq!(faults.portion(1_000), (1, Duration::from_millis(500)));
        assert_eq!(Faults::default().portion(1_000), (1_000, Duration::ZERO));
    }

    #[test]
    fn replies_are_late_by_the_latency_and_some_of_the_jitter() {
        let [latency, jitter] = [300, 100].map(Duration::from_millis);
        let faults = Faults { latency, jitter, ..Faults::default() };
        for _ in 0..100 {
            let delay = faults.delay(Direction::Replies);
            assert!((latency..latency + jitter).contains(&delay), "{delay:?}");
            assert_eq!(faults.delay(Direction::Requests), Duration::ZERO);
        }
    }
}
