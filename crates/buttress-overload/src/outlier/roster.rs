use buttress_core::clock::Moment;

use super::{Ejected, OutlierRules};

/// Who is left out, until when, and how often that was of late: pure.
#[derive(Clone, Debug)]
pub(super) struct Roster {
    rules: OutlierRules,
    entries: Vec<Entry>,
    left_out: usize,
    /// How many are used although they are outliers, as no more may be left out.
    spared: usize,
    /// When rates are looked at next; never before somebody has asked.
    pub(super) next_look: Moment,
}

#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    until: Option<Moment>,
    /// Until when it counts as spared.
    spared: Option<Moment>,
    times: u32,
}

/// What an endpoint did between two looks.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Record {
    pub(super) successes: u32,
    pub(super) failures: u32,
}

impl Roster {
    pub(super) fn new(rules: OutlierRules, endpoints: usize) -> Self {
        let entries = vec![Entry::default(); endpoints];
        Self { rules, entries, left_out: 0, spared: 0, next_look: Moment::FIRST }
    }

    pub(super) fn left_out(&self) -> usize {
        self.left_out
    }

    /// Whether all are used, because too few are healthy. Who is spared is no healthier for that.
    pub(super) fn is_panic(&self) -> bool {
        let of = self.entries.len();
        self.rules.is_panic(of - self.left_out - self.spared, of)
    }

    pub(super) fn is_left_out(&self, at: usize) -> bool {
        self.entries.get(at).is_some_and(|entry| entry.until.is_some())
    }

    /// Leaves one out, if that may be: with it, there must not be too many.
    pub(super) fn leave_out(&mut self, at: usize, now: Moment) -> bool {
        let room = self.left_out < self.rules.may_leave_out(self.entries.len());
        let Some(entry) = self.entries.get_mut(at).filter(|entry| entry.until.is_none()) else {
            return false;
        };
        self.spared -= usize::from(entry.spared.take().is_some());
        if !room {
            entry.spared = Some(now + self.rules.every);
            self.spared += 1;
            return false;
        }
        entry.times = entry.times.saturating_add(1);
        entry.until = Some(now + self.rules.time_out(entry.times));
        self.left_out += 1;
        true
    }

    /// Takes in again whose time is over. Who was not left out since the look before is trusted a little more.
    pub(super) fn look(&mut self, now: Moment) -> bool {
        self.next_look = now + self.rules.every;
        let before = self.left_out;
        for entry in &mut self.entries {
            if entry.spared.is_some_and(|until| until <= now) {
                entry.spared = None;
                self.spared -= 1;
            }
            match entry.until {
                Some(until) if until <= now => {
                    entry.until = None;
                    self.left_out -= 1;
                }
                Some(_) => {}
                None => entry.times = entry.times.saturating_sub(1),
            }
        }
        self.left_out != before
    }

    /// Who does worse than may be, and by which rule.
    pub(super) fn outliers(&self, records: &[Record]) -> Vec<(usize, Ejected)> {
        let counted = |record: &&Record| record.calls() >= self.rules.least_calls;
        let rates: Vec<f64> =
            records.iter().filter(counted).map(|record| record.success_rate()).collect();
        let limit = self.rules.deviations.filter(|_| rates.len() >= self.rules.least_endpoints);
        let gap = f64::from(self.rules.gap) / 100.0;
        let limit = limit.map(|times| mean(&rates) - (times * deviation(&rates)).max(gap));
        let judge = |record: &Record| {
            let rate = record.success_rate();
            let fails = f64::from(self.rules.failures.unwrap_or(101));
            if limit.is_some_and(|limit| rate < limit - ROUNDING) {
                Some(Ejected::SuccessRate)
            } else {
                (100.0 * (1.0 - rate) >= fails).then_some(Ejected::FailurePercent)
            }
        };
        let counted = records.iter().enumerate().filter(|(_, record)| counted(record));
        counted.filter_map(|(at, record)| Some((at, judge(record)?))).collect()
    }
}

/// Where all do alike, their mean may be off by the last bit of a number.
const ROUNDING: f64 = 1e-9;

impl Record {
    fn calls(self) -> u32 {
        self.successes.saturating_add(self.failures)
    }

    fn success_rate(self) -> f64 {
        f64::from(self.successes) / f64::from(self.calls().max(1))
    }
}

#[expect(clippy::cast_precision_loss, reason = "nobody has so many endpoints")]
fn mean(of: &[f64]) -> f64 {
    of.iter().sum::<f64>() / of.len().max(1) as f64
}

fn deviation(of: &[f64]) -> f64 {
    let mean = mean(of);
    let squares: Vec<f64> = of.iter().map(|value| (value - mean).powi(2)).collect();
    self::mean(&squares).sqrt()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(secs: u64) -> Moment {
        Moment::FIRST + Duration::from_secs(secs)
    }

    fn record(successes: u32, failures: u32) -> Record {
        Record { successes, failures }
    }

    #[test]
    fn one_endpoint_always_remains() {
        for of in 0..20 {
            for percent in [0, 10, 33, 50, 99, 100] {
                let rules = OutlierRules::new().most_left_out(percent);
                let mut roster = Roster::new(rules, of);
                let left_out = (0..of).filter(|at| roster.leave_out(*at, Moment::FIRST)).count();
                assert_eq!(left_out, roster.left_out());
                assert!(left_out * 100 <= of * percent as usize, "{of} {percent}: {left_out}");
                assert!(of == 0 || left_out < of);
            }
        }
    }

    #[test]
    fn each_time_is_longer_and_quiet_shortens_it() {
        let mut roster = Roster::new(OutlierRules::new(), 4);
        assert!(roster.leave_out(0, at(0)));
        assert!(!roster.leave_out(0, at(1)), "it is already");
        assert!(!roster.look(at(29)));
        assert!(roster.look(at(30)));
        assert!(roster.leave_out(0, at(35)));
        assert!(!roster.look(at(94)), "the second time is 60 s");
        assert!(roster.look(at(95)));
        assert!(!roster.look(at(105)));
        assert!(roster.leave_out(0, at(110)));
        assert!(roster.look(at(170)), "the third as well, after a quiet interval");
    }

    #[test]
    fn who_does_worse_than_the_others_is_an_outlier() {
        let roster = Roster::new(OutlierRules::new(), 6);
        let good = record(990, 10);
        let found = roster.outliers(&[good, good, good, good, good, record(500, 500)]);
        assert_eq!(found, [(5, Ejected::SuccessRate)]);
        assert_eq!(roster.outliers(&[good; 6]), []);
        let few = record(0, 99);
        assert_eq!(roster.outliers(&[good, good, good, good, good, few]), [], "too few calls");
        let bad = record(500, 500);
        assert_eq!(roster.outliers(&[good, good, good, bad]), [], "too few endpoints");
        assert_eq!(roster.outliers(&[bad; 6]), [], "all alike");
        let (never, once) = (record(100, 0), record(99, 1));
        assert_eq!(roster.outliers(&[never, never, never, never, never, once]), [], "chance");
        let rules = OutlierRules::new().least_gap(0);
        let found = Roster::new(rules, 6).outliers(&[never, never, never, never, never, once]);
        assert_eq!(found, [(5, Ejected::SuccessRate)]);
    }

    #[test]
    fn a_share_of_failures_is_a_rule_of_its_own() {
        let rules = OutlierRules::new().deviations(None).failure_percent(Some(85)).least_calls(50);
        let roster = Roster::new(rules, 3);
        let found = roster.outliers(&[record(16, 84), record(15, 85), record(0, 49)]);
        assert_eq!(found, [(1, Ejected::FailurePercent)]);
    }
}
