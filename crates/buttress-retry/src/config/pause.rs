use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Backoff, Follow, Jitter};

/// How long the pauses are.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct BackoffSettings {
    /// How they grow.
    pub kind: BackoffKind,
    /// The first one, in milliseconds.
    pub first_ms: u64,
    /// The longest one, in milliseconds. By default 2,000, and of a fixed one its time.
    pub max_ms: Option<u64>,
    /// How an exponential one grows. By default by two.
    pub factor: Option<f64>,
    /// How chance spreads them. By default `full`, where there is anything to spread.
    pub jitter: Option<JitterSettings>,
}

impl Default for BackoffSettings {
    fn default() -> Self {
        Self {
            kind: BackoffKind::Exponential,
            first_ms: 100,
            max_ms: None,
            factor: None,
            jitter: None,
        }
    }
}

/// How pauses grow.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum BackoffKind {
    /// By a factor.
    #[default]
    Exponential,
    /// By the first one.
    Linear,
    /// Not at all.
    Fixed,
    /// There is none.
    None,
}

/// How chance spreads pauses.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(
    untagged,
    expecting = "a jitter: `none`, `equal`, `full`, `decorrelated`, or a number of per cent"
)]
#[non_exhaustive]
pub enum JitterSettings {
    /// By its name.
    Word(JitterWord),
    /// By so many per cent more or less.
    Percent(u32),
}

/// The name of a jitter.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum JitterWord {
    /// Not at all.
    None,
    /// Over the second half.
    Equal,
    /// Over the whole pause.
    Full,
    /// By the pause before.
    Decorrelated,
}

/// How far to follow what the other side says of coming back.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FollowSettings {
    /// Up to so many milliseconds; beyond, the call is not repeated.
    UpToMs(u64),
    /// So many milliseconds beyond our own pause.
    WithinMs(u64),
    /// Not at all.
    Never,
}

impl From<BackoffSettings> for Backoff {
    fn from(settings: BackoffSettings) -> Self {
        let first = Duration::from_millis(settings.first_ms);
        let two_seconds = Duration::from_secs(2);
        let mut backoff = match settings.kind {
            BackoffKind::Exponential => Self::exponential(first).max(two_seconds.max(first)),
            BackoffKind::Linear => Self::linear(first).max(two_seconds.max(first)),
            BackoffKind::Fixed => Self::fixed(first),
            BackoffKind::None => Self::none(),
        };
        if let Some(factor) = settings.factor {
            backoff = backoff.factor(factor);
        }
        if let Some(max) = settings.max_ms {
            backoff = backoff.max(Duration::from_millis(max));
        }
        match settings.jitter {
            Some(jitter) => backoff.jitter(jitter.into()),
            None if settings.kind == BackoffKind::None => backoff,
            None => backoff.jitter(Jitter::Full),
        }
    }
}

impl From<JitterSettings> for Jitter {
    fn from(settings: JitterSettings) -> Self {
        match settings {
            JitterSettings::Word(JitterWord::None) => Self::None,
            JitterSettings::Word(JitterWord::Equal) => Self::Equal,
            JitterSettings::Word(JitterWord::Full) => Self::Full,
            JitterSettings::Word(JitterWord::Decorrelated) => Self::Decorrelated,
            JitterSettings::Percent(percent) => Self::Spread(percent),
        }
    }
}

impl From<FollowSettings> for Follow {
    fn from(settings: FollowSettings) -> Self {
        match settings {
            FollowSettings::UpToMs(longest) => Self::UpTo(Duration::from_millis(longest)),
            FollowSettings::WithinMs(more) => Self::Within(Duration::from_millis(more)),
            FollowSettings::Never => Self::Never,
        }
    }
}
