use std::time::Duration;

use buttress_core::{BuildError, Faults};
use serde::{Deserialize, Serialize};

use crate::{Algorithm, Quota};

/// How much, as settings say it.
///
/// ```
/// use buttress_ratelimit::Quota;
/// use buttress_ratelimit::config::QuotaSettings;
///
/// let words: QuotaSettings = serde_json::from_str(r#""100/minute burst 200""#)?;
/// assert_eq!(words, QuotaSettings::Words("100/minute burst 200".into()));
/// let numbers: QuotaSettings = serde_json::from_str(r#"{ "count": 100, "period_ms": 60000, "burst": 200 }"#)?;
/// let QuotaSettings::Numbers(numbers) = numbers else { panic!() };
/// assert_eq!(Quota::from(numbers), Quota::per_minute(100).burst(200));
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(
    untagged,
    expecting = "a quota: words such as `100/minute burst 200`, or a table of `count`, `period_ms`, `burst`, `algorithm`, `queue_ms`"
)]
#[non_exhaustive]
pub enum QuotaSettings {
    /// In words: `100/minute`, `20/second burst 60`, `5/15m fixed_window`, `8 at once`.
    Words(String),
    /// In numbers.
    Numbers(QuotaNumbers),
}

/// A quota in single numbers: see [`QuotaSettings`].
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct QuotaNumbers {
    /// How many are allowed in a period.
    pub count: u64,
    /// How long a period is, in milliseconds; nothing for `concurrent`.
    #[serde(default)]
    pub period_ms: u64,
    /// How many at once, if that is another number.
    #[serde(default)]
    pub burst: Option<u64>,
    /// How it counts.
    #[serde(default)]
    pub algorithm: Algorithm,
    /// How long a request may wait for its turn, in milliseconds.
    #[serde(default)]
    pub queue_ms: u64,
}

impl QuotaSettings {
    /// A quota that makes a limit, or what is wrong with it: of words all at once, and of numbers each at its own.
    pub(super) fn read(&self) -> Result<Quota, BuildError> {
        let of_quota = |reason: String| BuildError::of("quota", reason);
        let quota = match self {
            Self::Numbers(numbers) => Quota::from(*numbers),
            Self::Words(words) => {
                words.parse().map_err(|error: crate::InvalidQuota| of_quota(error.to_string()))?
            }
        };
        let Err(wrong) = quota.check() else { return Ok(quota) };
        let wrong = wrong.faults().iter();
        match self {
            Self::Words(words) => {
                let reasons: Vec<_> =
                    wrong.map(|fault| format!("its {} {}", fault.path(), fault.reason())).collect();
                Err(of_quota(format!("`{words}` makes no limit: {}", reasons.join("; "))))
            }
            Self::Numbers(_) => {
                let mut faults = Faults::new();
                for fault in wrong {
                    let place = self.said().place(&format!("quota.{}", fault.path()));
                    faults.add(place, fault.reason());
                }
                faults.finish(quota)
            }
        }
    }

    pub(super) const fn said(&self) -> Said {
        match self {
            Self::Words(_) => Said::Words,
            Self::Numbers(_) => Said::Numbers,
        }
    }
}

/// How a quota was said, and so what its numbers are called.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Said {
    Code,
    Words,
    Numbers,
}

impl Said {
    /// What is called `path` in code.
    pub(crate) fn place(self, path: &str) -> String {
        let place = match (self, path) {
            (Self::Words, path) if path.starts_with("quota.") => "quota",
            (Self::Numbers, "quota.period") => "quota.period_ms",
            (Self::Numbers, "quota.queue") => "quota.queue_ms",
            (Self::Code | Self::Words | Self::Numbers, path) => path,
        };
        place.to_owned()
    }
}

impl From<QuotaNumbers> for Quota {
    fn from(numbers: QuotaNumbers) -> Self {
        let QuotaNumbers { count, period_ms, burst, algorithm, queue_ms } = numbers;
        let period = Duration::from_millis(period_ms);
        let quota = Self::per(period, count).algorithm(algorithm);
        let quota = quota.queue(Duration::from_millis(queue_ms));
        burst.map_or(quota, |burst| quota.burst(burst))
    }
}
