use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{OutlierBuilder, OutlierRules, Outliers};
use crate::file::Names;

/// [`OutlierRules`], as they stand in a file. What is left out has its default; a rule of 0 is switched off.
///
/// ```
/// use buttress_overload::outlier::{OutlierRules, OutlierSettings};
///
/// let settings: OutlierSettings = toml::from_str("in_a_row = 3\nfailure_percent = 80\ndeviations = 0")?;
/// let rules = OutlierRules::new().in_a_row(Some(3)).failure_percent(Some(80)).deviations(None);
/// assert_eq!(settings.rules(), rules);
/// assert_eq!(OutlierSettings::default().rules(), OutlierRules::new());
/// assert_eq!(settings.builder(3).build()?.len(), 3);
///
/// let settings: OutlierSettings = toml::from_str("every_ms = 0\nat_most_ms = 1")?;
/// let error = settings.builder(3).build().unwrap_err();
/// let paths: Vec<_> = error.faults().iter().map(|fault| fault.path()).collect();
/// assert_eq!(paths, ["every_ms", "at_most_ms"]);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct OutlierSettings {
    /// After how many failures in a row an endpoint is left out; 0 switches this rule off. By default 5.
    pub in_a_row: u32,
    /// How many standard deviations below the mean of all endpoints a success rate must be for its endpoint to be left
    /// out; 0 switches this rule off. By default 1.9.
    pub deviations: f64,
    /// How many percentage points below that mean it must be, too, from 0 to 100. By default 5.
    pub least_gap: u32,
    /// From which share of failed calls on an endpoint is left out, in percent from 1 to 100; 0, the default, switches
    /// this rule off.
    pub failure_percent: u32,
    /// How many calls an endpoint must have had since rates were looked at last for its rate to count. By default 100.
    pub least_calls: u32,
    /// How many endpoints must have had so many calls for their mean to count. By default 5.
    pub least_endpoints: usize,
    /// How often rates are looked at, in milliseconds. By default 10,000.
    pub every_ms: u64,
    /// For how long an endpoint is left out the first time, in milliseconds; each further time it is that much longer.
    /// By default 30,000.
    pub left_out_for_ms: u64,
    /// For how long it is left out at most, in milliseconds, however often it was before. By default 300,000.
    pub at_most_ms: u64,
    /// Which share of the endpoints may be left out at once, in percent; the last one never is. By default 50.
    pub most_left_out: u32,
    /// Below which share of healthy endpoints, in percent, all are used, outliers or not; 0 is never. By default 50.
    pub panic_below: u32,
}

/// What the builder says, and the file.
const NAMES: Names =
    &[("every", "every_ms"), ("left_out_for", "left_out_for_ms"), ("at_most", "at_most_ms")];

impl Default for OutlierSettings {
    fn default() -> Self {
        Self {
            in_a_row: 5,
            deviations: 1.9,
            least_gap: 5,
            failure_percent: 0,
            least_calls: 100,
            least_endpoints: 5,
            every_ms: 10_000,
            left_out_for_ms: 30_000,
            at_most_ms: 300_000,
            most_left_out: 50,
            panic_below: 50,
        }
    }
}

impl OutlierSettings {
    /// A builder with these rules, for so many endpoints. It tells what is wrong by the names of the file.
    pub fn builder(&self, endpoints: usize) -> OutlierBuilder {
        Outliers::of(endpoints).rules(self.rules()).of_a_file(NAMES)
    }

    /// The rules. They are checked where they are [used](super::OutlierBuilder::build).
    pub fn rules(&self) -> OutlierRules {
        let ms = Duration::from_millis;
        OutlierRules::new()
            .in_a_row(Some(self.in_a_row).filter(|failures| *failures > 0))
            .deviations(Some(self.deviations).filter(|times| *times != 0.0))
            .least_gap(self.least_gap)
            .failure_percent(Some(self.failure_percent).filter(|percent| *percent > 0))
            .least_calls(self.least_calls)
            .least_endpoints(self.least_endpoints)
            .every(ms(self.every_ms))
            .left_out_for(ms(self.left_out_for_ms))
            .at_most(ms(self.at_most_ms))
            .most_left_out(self.most_left_out)
            .panic_below(self.panic_below)
    }
}
