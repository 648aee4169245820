use std::time::Duration;

use buttress_core::Faults;

/// When an endpoint is an outlier, and for how long it is then left out. `None` switches a rule off.
///
/// ```
/// use std::time::Duration;
/// use buttress_overload::outlier::OutlierRules;
///
/// let rules = OutlierRules::new().in_a_row(Some(3)).left_out_for(Duration::from_secs(10));
/// assert_eq!(rules.time_out(1), Duration::from_secs(10));
/// assert_eq!(rules.time_out(3), Duration::from_secs(30));
/// assert_eq!(rules.time_out(99), Duration::from_secs(300), "five minutes at most");
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use = "rules do nothing by themselves"]
pub struct OutlierRules {
    pub(super) in_a_row: Option<u32>,
    pub(super) deviations: Option<f64>,
    pub(super) gap: u32,
    pub(super) failures: Option<u32>,
    pub(super) least_calls: u32,
    pub(super) least_endpoints: usize,
    pub(super) every: Duration,
    pub(super) first: Duration,
    pub(super) longest: Duration,
    pub(super) most_left_out: u32,
    pub(super) panic_below: u32,
}

impl OutlierRules {
    /// Five failures in a row, or a success rate 1.9 standard deviations and 5 percentage points below the mean of at
    /// least five endpoints with a hundred calls each in ten seconds; 30 s, and 30 s more each time, up to five
    /// minutes; half of the endpoints at most, and never the last.
    pub const fn new() -> Self {
        Self {
            in_a_row: Some(5),
            deviations: Some(1.9),
            gap: 5,
            failures: None,
            least_calls: 100,
            least_endpoints: 5,
            every: Duration::from_secs(10),
            first: Duration::from_secs(30),
            longest: Duration::from_secs(300),
            most_left_out: 50,
            panic_below: 50,
        }
    }

    /// Sets after how many failures in a row. The default is 5.
    pub const fn in_a_row(mut self, failures: Option<u32>) -> Self {
        self.in_a_row = failures;
        self
    }

    /// Sets by how many standard deviations a success rate must be below the mean of all. The default is 1.9.
    pub const fn deviations(mut self, times: Option<f64>) -> Self {
        self.deviations = times;
        self
    }

    /// Sets by how many percentage points it must be so, too. The default is 5.
    ///
    /// Somebody is always the worst: where all others have not failed once, a single failure is far below the mean. To
    /// leave an endpoint out is a load on the others, so it has to be worth it.
    pub const fn least_gap(mut self, points: u32) -> Self {
        self.gap = points;
        self
    }

    /// Sets from which share of failures on, in percent, whatever the others do. By default that is no rule.
    pub const fn failure_percent(mut self, percent: Option<u32>) -> Self {
        self.failures = percent;
        self
    }

    /// Sets how many calls an endpoint must have had between two looks for its rate to say something. The default is
    /// 100.
    pub const fn least_calls(mut self, calls: u32) -> Self {
        self.least_calls = calls;
        self
    }

    /// Sets how many such endpoints there must be for a mean to say something. The default is 5.
    pub const fn least_endpoints(mut self, endpoints: usize) -> Self {
        self.least_endpoints = endpoints;
        self
    }

    /// Sets how often rates are looked at. The default is 10 s.
    pub const fn every(mut self, time: Duration) -> Self {
        self.every = time;
        self
    }

    /// Sets for how long an outlier is left out the first time. The default is 30 s. It may be shorter than the time
    /// from one look at rates [to the next](Self::every): who comes back does not wait for a look.
    pub const fn left_out_for(mut self, time: Duration) -> Self {
        self.first = time;
        self
    }

    /// Sets for how long it is left out at most, however often it was before. The default is five minutes.
    pub const fn at_most(mut self, time: Duration) -> Self {
        self.longest = time;
        self
    }

    /// Sets how many of the endpoints may be left out at once, in percent, rounded down. The default is 50. The last
    /// one is never left out.
    pub const fn most_left_out(mut self, percent: u32) -> Self {
        self.most_left_out = percent;
        self
    }

    /// Sets below how many healthy ones, in percent of all, the outliers are used nevertheless. The default is 50, 0 is
    /// never.
    ///
    /// If most endpoints are outliers, the fault is somewhere else, and the few that are left would break under the
    /// load of all. Those of them are not healthy either that are used because no [more](Self::most_left_out) may be
    /// left out.
    pub const fn panic_below(mut self, percent: u32) -> Self {
        self.panic_below = percent;
        self
    }

    /// For how long an endpoint is left out that was so `times` times of late.
    #[must_use]
    pub fn time_out(&self, times: u32) -> Duration {
        self.first.saturating_mul(times).min(self.longest)
    }

    /// How many of so many endpoints may be left out.
    pub(super) fn may_leave_out(&self, of: usize) -> usize {
        let share = of.saturating_mul(self.most_left_out as usize) / 100;
        share.min(of.saturating_sub(1))
    }

    /// Whether so few endpoints are healthy that it cannot be their fault.
    pub(super) fn is_panic(&self, healthy: usize, of: usize) -> bool {
        healthy.saturating_mul(100) < of.saturating_mul(self.panic_below as usize)
    }

    pub(super) fn check(&self, faults: &mut Faults) {
        let mut wrong = |is_wrong: bool, path: &str, reason: &str| {
            if is_wrong {
                faults.add(path, reason);
            }
        };
        wrong(self.in_a_row == Some(0), "in_a_row", "must be at least 1");
        let deviations = self.deviations.unwrap_or(1.0);
        wrong(!(0.1..=10.0).contains(&deviations), "deviations", "must be from 0.1 to 10");
        wrong(self.gap > 100, "least_gap", "must be at most 100");
        let percent = self.failures.unwrap_or(1);
        wrong(!(1..=100).contains(&percent), "failure_percent", "must be from 1 to 100");
        wrong(self.least_calls == 0, "least_calls", "must be at least 1");
        wrong(self.every.is_zero(), "every", "must be greater than zero");
        wrong(self.first.is_zero(), "left_out_for", "must be greater than zero");
        wrong(self.longest < self.first, "at_most", "must not be shorter than the first time");
        wrong(self.most_left_out > 100, "most_left_out", "must be at most 100");
        wrong(self.panic_below > 100, "panic_below", "must be at most 100");
    }
}

impl Default for OutlierRules {
    fn default() -> Self {
        Self::new()
    }
}
