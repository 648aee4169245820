//! The fastest latency: what a call takes when it does not stand in a queue.

use std::time::Duration;

use buttress_core::clock::Moment;

use super::Seen;

/// The fastest of this period and of the one before. A period begins with a measurement.
#[derive(Clone, Copy, Debug)]
pub(super) struct Least {
    every: Duration,
    /// When to measure again; before the first look nobody knows.
    next: Option<Moment>,
    measuring: bool,
    this: Option<Duration>,
    before: Option<Duration>,
}

/// Of the time between two measurements: that those of a fleet do not come together.
const SPREAD: u64 = 8;

impl Least {
    pub(super) const fn every(every: Duration) -> Self {
        Self { every, next: None, measuring: false, this: None, before: None }
    }

    pub(super) fn is_never(&self) -> bool {
        self.every.is_zero()
    }

    pub(super) fn known(&self) -> Option<Duration> {
        faster(self.this, self.before)
    }

    /// Learns from a look; whether that was a measurement.
    pub(super) fn is_measured_by(&mut self, seen: &Seen, now: Moment) -> bool {
        if !self.measuring {
            self.this = faster(self.this, seen.least);
            return false;
        }
        // Until one call has begun and ended under the halved limit, nothing is measured.
        if seen.least.is_some() {
            self.measuring = false;
            self.before = self.this;
            self.this = seen.least;
            self.next = Some(now + self.pause(now));
        }
        true
    }

    /// Whether the time has come to measure. It is then being measured.
    pub(super) fn is_due(&mut self, now: Moment) -> bool {
        let next = *self.next.get_or_insert(now + self.pause(now));
        self.measuring = now >= next;
        self.measuring
    }

    /// It is not true any more: measure at once.
    pub(super) fn forget(&mut self) {
        self.this = None;
        self.before = None;
        self.next = Some(Moment::FIRST);
    }

    /// Up to an eighth longer or shorter. The last digits of the time are random enough, and a test can repeat them.
    fn pause(&self, now: Moment) -> Duration {
        let every = u64::try_from(self.every.as_nanos()).unwrap_or(u64::MAX);
        let spread = every / SPREAD;
        let scattered = now.as_nanos().wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(32);
        let more = scattered.checked_rem(spread.saturating_mul(2)).unwrap_or(0);
        Duration::from_nanos((every - spread).saturating_add(more))
    }
}

fn faster(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> Moment {
        Moment::FIRST + Duration::from_secs(secs)
    }

    fn took(millis: u64) -> Seen {
        Seen::successes(10, Duration::from_millis(millis))
    }

    #[test]
    fn what_was_fastest_two_measurements_ago_is_forgotten() {
        let mut least = Least::every(Duration::from_secs(30));
        let known = |least: &Least| least.known().map(|time| time.as_millis());
        assert!(!least.is_measured_by(&took(10), at(0)));
        assert!(!least.is_due(at(0)));
        assert!(least.is_due(at(34)));
        assert!(least.is_measured_by(&took(20), at(35)));
        assert_eq!(known(&least), Some(10));
        assert!(!least.is_due(at(60)));
        assert!(least.is_due(at(70)));
        assert!(least.is_measured_by(&Seen::default(), at(71)), "nothing has ended yet");
        assert!(least.is_measured_by(&took(20), at(72)));
        assert_eq!(known(&least), Some(20));
    }

    #[test]
    fn measurements_are_scattered_by_an_eighth() {
        let least = Least::every(Duration::from_secs(8));
        let pauses = (0..1_000).map(|millis| least.pause(Moment::from_nanos(millis * 1_000_000)));
        let (short, long) = pauses
            .map(|pause| pause.as_millis())
            .fold((u128::MAX, 0), |(short, long), pause| (short.min(pause), long.max(pause)));
        assert!((7_000..7_100).contains(&short), "{short}");
        assert!((8_900..=9_000).contains(&long), "{long}");
        assert_eq!(Least::every(Duration::ZERO).pause(at(1)), Duration::ZERO);
        assert!(Least::every(Duration::MAX).pause(at(1)) > Duration::from_secs(1_000_000));
    }
}
