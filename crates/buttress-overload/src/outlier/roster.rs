use buttress_core::clock::Moment;

use super::places::MOST_ENDPOINTS;
use super::{Ejected, OutlierRules};

/// Who is there, who is left out, until when, and how often that was of late: pure.
#[derive(Clone, Debug)]
pub(super) struct Roster {
    rules: OutlierRules,
    entries: Vec<Entry>,
    here: usize,
    left_out: usize,
    /// How many are used although they are outliers, as no more may be left out.
    spared: usize,
    /// How often somebody was left out or taken in, came or went.
    changes: u64,
    /// When rates are looked at next; never before somebody has asked.
    next_look: Moment,
}

#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    /// Whether somebody has this place.
    is_here: bool,
    until: Option<Moment>,
    /// Whether it was taken in again since the last look.
    was_out: bool,
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
    pub(super) fn new(rules: OutlierRules, endpoints: usize, next_look: Moment) -> Self {
        let entries = vec![Entry::new(); endpoints];
        Self { rules, entries, here: endpoints, left_out: 0, spared: 0, changes: 0, next_look }
    }

    /// Whether all are used, and how often it has changed who is left out: what whoever waits for an endpoint has to
    /// know.
    pub(super) fn version(&self) -> (bool, u64) {
        (self.is_panic(), self.changes)
    }

    pub(super) fn here(&self) -> usize {
        self.here
    }

    /// How many of the places nobody is to be sent to, unless all are used.
    pub(super) fn aside(&self) -> usize {
        self.entries.len() - self.here + self.left_out
    }

    pub(super) fn left_out(&self) -> usize {
        self.left_out
    }

    /// Whether all are used, because too few are healthy. Who is spared is no healthier for that.
    pub(super) fn is_panic(&self) -> bool {
        self.rules.is_panic(self.here - self.left_out - self.spared, self.here)
    }

    pub(super) fn is_left_out(&self, at: usize) -> bool {
        self.entries.get(at).is_some_and(|entry| entry.until.is_some())
    }

    /// Leaves one out, if that may be: with it, there must not be too many.
    pub(super) fn leave_out(&mut self, at: usize, now: Moment) -> bool {
        let room = self.left_out < self.rules.may_leave_out(self.here);
        let entry = self.entries.get_mut(at).filter(|entry| entry.is_here);
        let Some(entry) = entry.filter(|entry| entry.until.is_none()) else { return false };
        self.spared -= usize::from(entry.spared.take().is_some());
        if !room {
            entry.spared = Some(now + self.rules.every);
            self.spared += 1;
            return false;
        }
        entry.times = entry.times.saturating_add(1);
        entry.until = Some(now + self.rules.time_out(entry.times));
        self.left_out += 1;
        self.changes += 1;
        true
    }

    /// One more, in the first place that nobody has; nothing if there are as many as there may be.
    pub(super) fn add(&mut self) -> Option<usize> {
        let vacant = self.entries.iter().position(|entry| !entry.is_here);
        let at = vacant.unwrap_or(self.entries.len());
        if at >= MOST_ENDPOINTS {
            return None;
        }
        match self.entries.get_mut(at) {
            Some(entry) => *entry = Entry::new(),
            None => self.entries.push(Entry::new()),
        }
        self.here += 1;
        self.changes += 1;
        Some(at)
    }

    /// One less, if there is one in this place. Of fewer, fewer may be left out: who would be next is taken in at once.
    pub(super) fn remove(&mut self, at: usize) -> bool {
        let Some(entry) = self.entries.get_mut(at).filter(|entry| entry.is_here) else {
            return false;
        };
        let gone = std::mem::take(entry);
        self.here -= 1;
        self.left_out -= usize::from(gone.until.is_some());
        self.spared -= usize::from(gone.spared.is_some());
        self.changes += 1;
        while self.left_out > self.rules.may_leave_out(self.here) {
            let next = self.entries.iter_mut().filter(|entry| entry.until.is_some());
            let Some(next) = next.min_by_key(|entry| entry.until) else { break };
            next.until = None;
            next.was_out = true;
            self.left_out -= 1;
        }
        true
    }

    /// When somebody is taken in again, if nothing happens until then.
    pub(super) fn next_return(&self) -> Option<Moment> {
        self.entries.iter().filter_map(|entry| entry.until).min()
    }

    /// When there is something to do: to look at rates, or to take somebody in.
    pub(super) fn next_turn(&self) -> Moment {
        self.next_return().map_or(self.next_look, |soonest| soonest.min(self.next_look))
    }

    /// Takes in again whose time is over, whenever rates are looked at.
    pub(super) fn take_in(&mut self, now: Moment) {
        for entry in &mut self.entries {
            if entry.until.is_some_and(|until| until <= now) {
                entry.until = None;
                entry.was_out = true;
                self.left_out -= 1;
                self.changes += 1;
            }
        }
    }

    /// Begins the next interval. Who was not left out in the one before is trusted a little more.
    pub(super) fn look(&mut self, now: Moment) {
        self.take_in(now);
        self.next_look = now + self.rules.every;
        for entry in &mut self.entries {
            if entry.spared.is_some_and(|until| until <= now) {
                entry.spared = None;
                self.spared -= 1;
            }
            if entry.until.is_none() && !std::mem::take(&mut entry.was_out) {
                entry.times = entry.times.saturating_sub(1);
            }
        }
    }

    /// Whether it is time to look at rates.
    pub(super) fn is_look_due(&self, now: Moment) -> bool {
        self.next_look <= now
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
            if limit.is_some_and(|limit| rate < limit - ROUNDING) {
                Some(Ejected::SuccessRate)
            } else {
                let fails = self.rules.failures.is_some_and(|percent| record.reaches(percent));
                fails.then_some(Ejected::FailurePercent)
            }
        };
        let counted = records.iter().enumerate().filter(|(_, record)| counted(record));
        counted.filter_map(|(at, record)| Some((at, judge(record)?))).collect()
    }
}

/// Where all do alike, their mean may be off by the last bit of a number.
const ROUNDING: f64 = 1e-9;

impl Entry {
    fn new() -> Self {
        Self { is_here: true, ..Self::default() }
    }
}

impl Record {
    fn calls(self) -> u32 {
        self.successes.saturating_add(self.failures)
    }

    /// Whether this share of its calls failed, or more. In whole numbers: a fraction may miss the very share by its
    /// last bit.
    fn reaches(self, percent: u32) -> bool {
        let (failures, successes) = (u64::from(self.failures), u64::from(self.successes));
        failures * 100 >= u64::from(percent) * (failures + successes)
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
mod properties;
#[cfg(test)]
mod tests;
