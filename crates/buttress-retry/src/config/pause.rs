use std::time::Duration;

use buttress_core::{BuildError, Faults};
use serde::{Deserialize, Serialize};

use crate::{Backoff, Follow, Jitter};

/// How long to wait before a call is tried again.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct BackoffSettings {
    /// How the pauses grow: `exponential`, the default, `linear`, `fixed` or `none`.
    pub kind: BackoffKind,
    /// The pause before the first repeat, in milliseconds. By default 100. Not for `none`.
    pub first_ms: u64,
    /// The longest pause, in milliseconds. By default 2,000, or `first_ms` if that is longer. Not for `fixed` and
    /// `none`.
    pub max_ms: Option<u64>,
    /// By which factor `exponential` pauses grow. By default 2.
    pub factor: Option<f64>,
    /// How chance spreads the pauses: `none`, `equal`, `full`, `decorrelated`, or by so many percent. By default
    /// `full`, where there is a pause.
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
    /// Grows by a factor each time.
    #[default]
    Exponential,
    /// Grows by the first pause each time.
    Linear,
    /// The same pause each time.
    Fixed,
    /// No pause.
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
    /// A kind of jitter, by its name.
    Word(JitterWord),
    /// Up to so many percent more or less, from 0 to 100.
    Percent(u32),
}

/// The name of a jitter.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum JitterWord {
    /// Every pause as it is.
    None,
    /// Drawn between half of the pause and the whole.
    Equal,
    /// Drawn between nothing and the whole pause.
    Full,
    /// Drawn between the first pause and three times the last.
    Decorrelated,
}

/// How far to follow the advice of the other side when to come back, as in `Retry-After`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FollowSettings {
    /// Waits as long as asked, if that is no more than so many milliseconds; else the call is not repeated.
    UpToMs(u64),
    /// Waits as long as asked, but no more than so many milliseconds longer than our own pause.
    WithinMs(u64),
    /// Ignores the advice.
    Never,
}

impl BackoffSettings {
    /// What was said of it that such pauses do not have: it would be ignored.
    pub(super) fn check(&self) -> Result<(), BuildError> {
        let mut faults = Faults::new();
        let max = self.max_ms.filter(|max| match self.kind {
            BackoffKind::None => true,
            // A shorter one is wrong by itself.
            BackoffKind::Fixed => *max > self.first_ms,
            BackoffKind::Exponential | BackoffKind::Linear => false,
        });
        if self.kind == BackoffKind::None && self.first_ms != Self::default().first_ms {
            faults.add("first_ms", "there is no pause");
        }
        if max.is_some() {
            faults.add("max_ms", "is of pauses that grow");
        }
        faults.finish(())
    }
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
