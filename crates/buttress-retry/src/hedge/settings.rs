use std::time::Duration;

use buttress_core::{BuildError, Faults};
use serde::{Deserialize, Serialize};

use super::Hedge;

/// When a second attempt is made beside a slow one: after a time, or at a percentile.
///
/// ```
/// use buttress_retry::RetrySettings;
///
/// let settings: RetrySettings = toml::from_str("hedge = { percentile = 95, after_ms = 80 }")?;
/// assert!(settings.builder().is_ok());
///
/// let settings: RetrySettings = toml::from_str("hedge = { at_most_percent = 5 }")?;
/// assert_eq!(settings.builder().unwrap_err().faults()[0].path(), "hedge.after_ms");
/// # Ok::<_, toml::de::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct HedgeSettings {
    /// After how many milliseconds a second attempt is made; with a `percentile`, only until that is known, and then by
    /// default 100.
    pub after_ms: Option<u64>,
    /// At which percentile of how long calls take a second attempt is made, from 50 to 99. By default after `after_ms`.
    pub percentile: Option<u32>,
    /// How many second attempts there may be for a hundred calls, from 1 to 100. By default 10.
    pub at_most_percent: Option<u32>,
}

impl HedgeSettings {
    pub(crate) fn read(self) -> Result<Hedge, BuildError> {
        let after = self.after_ms.map(Duration::from_millis);
        let hedge = match (self.percentile, after) {
            (Some(percent), None) => Hedge::at_percentile(percent),
            (Some(percent), Some(after)) => Hedge::at_percentile(percent).until_known(after),
            (None, Some(after)) => Hedge::after(after),
            (None, None) => {
                let mut faults = Faults::new();
                faults.add("after_ms", "is missing, and so is `percentile`");
                return faults.finish(Hedge::after(Duration::ZERO));
            }
        };
        Ok(match self.at_most_percent {
            Some(percent) => hedge.at_most_percent(percent),
            None => hedge,
        })
    }
}
