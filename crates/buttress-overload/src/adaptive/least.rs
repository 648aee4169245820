//! What a call takes when it does not stand in a queue.

use std::time::Duration;

use buttress_core::clock::{Moment, nanos};

use super::Seen;

/// The least that the typical call took: in this period and in the one before. A period begins with a measurement.
///
/// Not the fastest call, which may have been lucky, or have had nothing to do: then there would be a queue
/// wherever calls are not all alike.
#[derive(Clone, Copy, Debug)]
pub(super) struct Least {
    every: Duration,
    /// When to measure again; before the first look nobody knows.
    next: Option<Moment>,
    measuring: Option<Measuring>,
    /// In seconds, as all of these.
    this: Option<f64>,
    before: Option<f64>,
    /// What calls take of late: a lucky window is not the least.
    of_late: Option<f64>,
    /// How many calls that is known of.
    calls: u32,
}

/// A measurement under way: the limit is halved meanwhile.
#[derive(Clone, Copy, Debug, Default)]
struct Measuring {
    /// What was under way before has ended.
    is_drained: bool,
    calls: u32,
    took: f64,
}

/// What a look has shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Learnt {
    /// How long calls take.
    Latency,
    /// Nothing yet: the measurement goes on.
    Nothing,
    /// How long calls take without a queue.
    Measured,
}

/// Of the time between two measurements: that those of a fleet do not come together.
const SPREAD: u64 = 8;
/// How many calls make a measurement: the median of so many is off by a seventh at most times, however much calls
/// differ.
const ENOUGH: u32 = 100;
/// So many calls weigh as much as what was known before them.
const WEIGHT: f64 = 200.0;

impl Least {
    pub(super) const fn every(every: Duration) -> Self {
        Self {
            every,
            next: None,
            measuring: None,
            this: None,
            before: None,
            of_late: None,
            calls: 0,
        }
    }

    pub(super) fn is_never(&self) -> bool {
        self.every.is_zero()
    }

    /// In seconds.
    pub(super) fn known(&self) -> Option<f64> {
        faster(self.this, self.before)
    }

    pub(super) fn learn(&mut self, seen: &Seen, now: Moment) -> Learnt {
        let took = seen.typical.as_secs_f64();
        let Some(measuring) = &mut self.measuring else {
            self.note(took, seen.successes);
            return Learnt::Latency;
        };
        if !measuring.is_drained {
            measuring.is_drained = true;
            return Learnt::Nothing;
        }
        measuring.calls = measuring.calls.saturating_add(seen.successes);
        measuring.took += took * f64::from(seen.successes);
        if measuring.calls < ENOUGH {
            return Learnt::Nothing;
        }
        let measured = measuring.took / f64::from(measuring.calls);
        self.measuring = None;
        self.before = self.this;
        self.this = Some(measured);
        self.of_late = Some(measured);
        self.next = Some(now + self.pause(now));
        Learnt::Measured
    }

    /// The more calls, the more they weigh.
    fn note(&mut self, took: f64, calls: u32) {
        if calls == 0 {
            return;
        }
        let before = self.of_late.unwrap_or(took);
        let weight = f64::from(calls) / (f64::from(calls) + WEIGHT);
        let of_late = before + weight * (took - before);
        self.of_late = Some(of_late);
        self.calls = self.calls.saturating_add(calls);
        if self.calls >= ENOUGH {
            self.this = faster(self.this, Some(of_late));
        }
    }

    /// Whether the time has come to measure. It is then being measured.
    pub(super) fn is_due(&mut self, now: Moment) -> bool {
        let next = *self.next.get_or_insert(now + self.pause(now));
        self.measuring = (now >= next).then(Measuring::default);
        self.measuring.is_some()
    }

    /// It is not true any more: measure at once.
    pub(super) fn forget(&mut self) {
        self.this = None;
        self.before = None;
        self.next = Some(Moment::FIRST);
    }

    /// Up to an eighth longer or shorter. The last digits of the time are random enough, and a test can repeat them.
    fn pause(&self, now: Moment) -> Duration {
        let every = nanos(self.every);
        let spread = every / SPREAD;
        let scattered = now.as_nanos().wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(32);
        let more = scattered.checked_rem(spread.saturating_mul(2)).unwrap_or(0);
        Duration::from_nanos((every - spread).saturating_add(more))
    }
}

fn faster(one: Option<f64>, other: Option<f64>) -> Option<f64> {
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
        of(60, millis)
    }

    fn of(calls: u32, millis: u64) -> Seen {
        Seen::successes(calls, Duration::from_millis(millis))
    }

    fn known(least: &Least) -> f64 {
        (least.known().unwrap_or_default() * 1_000.0).round()
    }

    /// Drains, and then measures with as many calls as that takes.
    fn measure(least: &mut Least, millis: u64, from: u64) {
        assert_eq!(least.learn(&took(99), at(from)), Learnt::Nothing, "what was before");
        assert_eq!(least.learn(&took(millis), at(from)), Learnt::Nothing, "too few calls");
        assert_eq!(least.learn(&took(millis), at(from)), Learnt::Measured);
    }

    #[test]
    fn what_was_least_two_measurements_ago_is_forgotten() {
        let mut least = Least::every(Duration::from_secs(30));
        assert_eq!(least.learn(&took(5), at(0)), Learnt::Latency);
        assert_eq!(least.known(), None, "too few calls");
        assert_eq!(least.learn(&of(9_999_999, 10), at(0)), Learnt::Latency);
        assert!(!least.is_due(at(0)));
        assert!(least.is_due(at(34)));
        measure(&mut least, 20, 35);
        assert!((known(&least) - 10.0).abs() < 0.1);
        assert!(!least.is_due(at(60)));
        assert!(least.is_due(at(70)));
        measure(&mut least, 20, 72);
        assert!((known(&least) - 20.0).abs() < 0.1);
    }

    #[test]
    fn one_lucky_window_is_not_the_least() {
        let mut least = Least::every(Duration::from_secs(30));
        (0..9).for_each(|second| assert_eq!(least.learn(&took(10), at(second)), Learnt::Latency));
        assert_eq!(least.learn(&of(9, 1), at(10)), Learnt::Latency);
        assert!(known(&least) >= 9.0);
        (0..30).for_each(|second| assert_eq!(least.learn(&took(1), at(second)), Learnt::Latency));
        assert!(known(&least) < 2.0);
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
