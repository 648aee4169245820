use std::time::Duration;

use buttress_core::engine::Degrade;
use buttress_core::key::MissingKey;
use buttress_core::{BuildError, Faults};
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::{ConditionSettings, KeySettings, QuotaSettings};
use crate::policy::Place;
use crate::{Penalty, Policy, Quota};

/// A policy, as it stands in a file. See [`RateLimitSettings`](super::RateLimitSettings) for an example.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct PolicySettings {
    /// Its name, among the policies the only one of its kind: seen by clients, in metrics and in stores.
    pub name: String,
    /// How much, as in `100/minute burst 200`, or in single numbers.
    pub quota: QuotaSettings,
    /// Whose it is.
    pub by: KeySettings,
    /// For which requests alone.
    #[serde(default)]
    pub when: Option<ConditionSettings>,
    /// For which requests not.
    #[serde(default)]
    pub unless: Option<ConditionSettings>,
    /// What to do with a request that lacks a part of its key.
    #[serde(default)]
    pub missing: MissingKey,
    /// What a request costs.
    #[serde(default = "one")]
    pub cost: u32,
    /// Whether its handler says what it has cost: `cost` is then what is reserved.
    #[serde(default)]
    pub cost_reported: bool,
    /// Which requests count.
    #[serde(default)]
    pub count: CountSettings,
    /// Statuses for which the charge is given back, from 100 to 599.
    #[serde(default)]
    pub refund_status: Vec<u16>,
    /// Whether it is only tried out: it counts and refuses nobody.
    #[serde(default)]
    pub shadow: bool,
    /// What to do while a shared store cannot be asked: by itself what `redis.degrade` says, or `local`.
    #[serde(default)]
    pub degrade: Option<Degrade>,
    /// Whether it protects the service: 503 instead of 429.
    #[serde(default)]
    pub overload: bool,
    /// A ban for keys that are refused again and again.
    #[serde(default)]
    pub penalty: Option<PenaltySettings>,
    /// On which side of authentication it is decided, if that does not follow from its key.
    #[serde(default)]
    pub place: Option<PlaceSettings>,
}

/// Which requests count, as far as their answer decides on it.
///
/// ```
/// use buttress_ratelimit::config::CountSettings;
///
/// assert_eq!(serde_json::from_str::<CountSettings>(r#""failures""#)?, CountSettings::Failures);
/// assert_eq!(CountSettings::default(), CountSettings::Everything);
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CountSettings {
    /// All of them.
    #[default]
    Everything,
    /// Those that fail.
    Failures,
    /// Those that succeed.
    Successes,
}

/// On which side of authentication.
///
/// ```
/// use buttress_ratelimit::config::PlaceSettings;
///
/// assert_eq!(serde_json::from_str::<PlaceSettings>(r#""after_auth""#)?, PlaceSettings::AfterAuth);
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PlaceSettings {
    /// Outside of it.
    BeforeAuth,
    /// Inside of it.
    AfterAuth,
}

/// A [`Penalty`], as it stands in a file.
///
/// ```
/// use buttress_ratelimit::config::PenaltySettings;
///
/// let settings: PenaltySettings = serde_json::from_str(r#"{ "refusals": 20, "lasts_s": 60 }"#)?;
/// assert_eq!((settings.within_s, settings.lasts_s, settings.at_most_s), (60, 60, 86_400));
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct PenaltySettings {
    /// After so many refusals.
    pub refusals: u32,
    /// Within so many seconds of the first of them.
    #[serde(default = "minute")]
    pub within_s: u64,
    /// How many seconds the first ban lasts.
    #[serde(default = "five_minutes")]
    pub lasts_s: u64,
    /// How many seconds a ban lasts at most.
    #[serde(default = "day")]
    pub at_most_s: u64,
    /// After how many seconds of peace one step is forgiven.
    #[serde(default = "hour")]
    pub forgiven_after_s: u64,
}

impl PolicySettings {
    /// The policy, and whether its quota is that of the settings.
    pub(super) fn read(
        &self,
        path: &str,
        degrade: Option<Degrade>,
        faults: &mut Faults,
    ) -> (Policy, bool) {
        let by = self.by.read(&format!("{path}.by"), faults);
        let condition = |of: &Option<ConditionSettings>, name: &str, faults: &mut Faults| {
            of.as_ref().and_then(|of| of.read(&format!("{path}.{name}"), faults))
        };
        let when = condition(&self.when, "when", faults);
        let unless = condition(&self.unless, "unless", faults);
        let quota = faults.within(path, self.quota.read());
        let is_read = quota.is_some();
        // Another one in its place, so that whatever else is wrong is told, too.
        let quota = quota.unwrap_or(Quota::per_second(1));
        let mut policy = quota.by(by).missing(self.missing);
        policy.when.extend(when);
        policy.unless.extend(unless);
        policy = if self.cost_reported {
            policy.cost_reported(self.cost)
        } else {
            policy.cost(self.cost)
        };
        policy = match self.count {
            CountSettings::Everything => policy,
            CountSettings::Failures => policy.only_failures(),
            CountSettings::Successes => policy.only_successes(),
        };
        policy.shadow = self.shadow;
        policy.overload = self.overload;
        policy.degrade = self.degrade.or(degrade).unwrap_or(policy.degrade);
        let penalty = self.penalty.as_ref().map(PenaltySettings::read);
        policy.penalty = penalty.and_then(|penalty| faults.within(path, penalty));
        policy.place = self.place.map(Place::from);
        (self.refunding(policy, path, faults), is_read)
    }

    fn refunding(&self, policy: Policy, path: &str, faults: &mut Faults) -> Policy {
        let mut statuses = Vec::new();
        for (at, status) in self.refund_status.iter().enumerate() {
            match StatusCode::from_u16(*status) {
                Ok(status) if status.as_u16() < 600 => statuses.push(status),
                _ => faults.add(
                    format!("{path}.refund_status[{at}]"),
                    format_args!("must be from 100 to 599, not {status}"),
                ),
            }
        }
        if statuses.is_empty() {
            return policy;
        }
        policy.refund_status(move |status| statuses.contains(&status))
    }
}

impl PenaltySettings {
    fn read(&self) -> Result<Penalty, BuildError> {
        let (penalty, mut faults) = (Penalty::from(*self), Faults::new());
        penalty.check(&mut faults, "penalty");
        faults.finish(penalty).map_err(|error| {
            error.renamed(&[
                ("penalty.within", "penalty.within_s"),
                ("penalty.lasts", "penalty.lasts_s"),
                ("penalty.at_most", "penalty.at_most_s"),
                ("penalty.forgiven_after", "penalty.forgiven_after_s"),
            ])
        })
    }
}

impl From<PenaltySettings> for Penalty {
    fn from(settings: PenaltySettings) -> Self {
        Self::after(settings.refusals)
            .within(Duration::from_secs(settings.within_s))
            .lasts(Duration::from_secs(settings.lasts_s))
            .at_most(Duration::from_secs(settings.at_most_s))
            .forgiven_after(Duration::from_secs(settings.forgiven_after_s))
    }
}

impl From<PlaceSettings> for Place {
    fn from(settings: PlaceSettings) -> Self {
        match settings {
            PlaceSettings::BeforeAuth => Self::BeforeAuth,
            PlaceSettings::AfterAuth => Self::AfterAuth,
        }
    }
}

const fn one() -> u32 {
    1
}

const fn minute() -> u64 {
    60
}

const fn five_minutes() -> u64 {
    300
}

const fn hour() -> u64 {
    3_600
}

const fn day() -> u64 {
    86_400
}
