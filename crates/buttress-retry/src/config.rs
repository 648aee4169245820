//! Retries as they stand in a file.

use std::time::Duration;

use buttress_core::{BuildError, Faults, GrpcCode};
use http::StatusCode;
use serde::{Deserialize, Serialize};

pub use crate::hedge::HedgeSettings;
use crate::{Backoff, Budget, Cost, Follow, Jitter, Retry, RetryBuilder};

/// The settings of retries, as they stand in a file. What is left out has its default.
///
/// ```
/// use buttress_core::clock::TokioTimer;
/// use buttress_retry::RetrySettings;
///
/// let settings: RetrySettings = toml::from_str(r#"
///     tries = 4
///     idempotent_methods = true
///     statuses = [502, 503, 504]
///     backoff = { kind = "exponential", first_ms = 50, max_ms = 1000, jitter = "equal" }
///     budget = { percent = 10, floor = 1 }
/// "#)?;
/// let layer = settings.builder()?.timer(TokioTimer).build()?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
///
/// Everything that is wrong is told at once:
///
/// ```
/// # use buttress_retry::RetrySettings;
/// let settings: RetrySettings = toml::from_str(r#"
///     tries = 0
///     statuses = [99, 503]
///     grpc_codes = [14, 17]
///     backoff = { kind = "none", factor = 3.0 }
///     budget = { percent = 2000 }
/// "#)?;
/// let error = settings.builder().unwrap_err();
/// let paths: Vec<_> = error.faults().iter().map(|fault| fault.path()).collect();
/// assert_eq!(paths, [
///     "statuses[0]", "grpc_codes[1]", "tries", "backoff.factor", "backoff.first", "budget.ratio",
/// ]);
/// # Ok::<_, toml::de::Error>(())
/// ```
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "they are switches of a file, each by itself")]
#[non_exhaustive]
pub struct RetrySettings {
    /// How many attempts at most, the first among them. By default 3.
    pub tries: Option<u32>,
    /// Whether `PUT` and `DELETE` are repeated, too.
    pub idempotent_methods: bool,
    /// Whether calls of gRPC are repeated, whichever method.
    pub grpc_all: bool,
    /// After which statuses, and no others. By default 408, 425, 429, 502, 503 and 504.
    pub statuses: Option<Vec<u16>>,
    /// After which codes of gRPC, and no others. By default 14, `UNAVAILABLE`.
    pub grpc_codes: Option<Vec<u8>>,
    /// Whether refusals of the own wall are final, though their wait would fit the deadline.
    pub refusals_are_final: bool,
    /// How long the pauses are.
    pub backoff: Option<BackoffSettings>,
    /// How far to follow what the other side says of coming back.
    pub follow: Option<FollowSettings>,
    /// What repeats are paid from.
    pub budget: Option<BudgetSettings>,
    /// When a second attempt is made beside a slow one. By default there is none.
    pub hedge: Option<HedgeSettings>,
    /// How many bytes of the body of a call are kept. By default 64 KiB.
    pub keep_bytes: Option<usize>,
    /// How many bytes of all bodies together. By default 16 MiB.
    pub keep_bytes_overall: Option<usize>,
    /// Whether there is a span for each attempt.
    pub spans: bool,
}

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
#[serde(untagged)]
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
    /// So many milliseconds beyond the own pause.
    WithinMs(u64),
    /// Not at all.
    Never,
}

/// What repeats are paid from.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct BudgetSettings {
    /// How many repeats for a hundred calls. By default 20.
    pub percent: Option<f64>,
    /// How many a second without any call. By default 3.
    pub floor: Option<u32>,
    /// Of how many milliseconds the calls count. By default 10,000.
    pub window_ms: Option<u64>,
    /// What a repeat costs after an answer that it was too much. By default 2.
    pub throttled_cost: Option<f64>,
}

impl RetrySettings {
    /// A builder with these settings, to which a timer and a classifier may be added.
    ///
    /// # Errors
    ///
    /// Fails with every setting that is wrong.
    pub fn builder(&self) -> Result<RetryBuilder, BuildError> {
        let mut faults = Faults::new();
        let mut builder = Retry::up_to(self.tries.unwrap_or(3))
            .idempotent_methods(self.idempotent_methods)
            .grpc_all(self.grpc_all)
            .wait_for_refusals(!self.refusals_are_final)
            .spans(self.spans);
        if let Some(statuses) = &self.statuses {
            builder = builder.statuses(read_statuses(statuses, &mut faults));
        }
        if let Some(codes) = &self.grpc_codes {
            builder = builder.grpc_codes(read_codes(codes, &mut faults));
        }
        if let Some(backoff) = &self.backoff {
            builder = builder.backoff(Backoff::from(*backoff));
        }
        if let Some(follow) = self.follow {
            builder = builder.follow(Follow::from(follow));
        }
        if let Some(budget) = self.budget {
            builder = builder.budget(Budget::from(budget));
        }
        if let Some(hedge) = self.hedge.and_then(|hedge| faults.within("hedge", hedge.read())) {
            builder = builder.hedge(hedge);
        }
        if self.keep_bytes.is_some() || self.keep_bytes_overall.is_some() {
            let per_call = self.keep_bytes.unwrap_or(crate::builder::PER_CALL);
            let overall = self.keep_bytes_overall.unwrap_or(crate::builder::OVERALL);
            builder = builder.keep_bodies(per_call, overall);
        }
        faults.within("", builder.check());
        faults.finish(builder)
    }
}

fn read_statuses(statuses: &[u16], faults: &mut Faults) -> Vec<StatusCode> {
    let mut read = Vec::new();
    for (at, status) in statuses.iter().enumerate() {
        match StatusCode::from_u16(*status) {
            Ok(status) if status.is_client_error() || status.is_server_error() => read.push(status),
            _ => {
                faults.add(format!("statuses[{at}]"), format!("{status} is no status of an error"));
            }
        }
    }
    read
}

fn read_codes(codes: &[u8], faults: &mut Faults) -> Vec<GrpcCode> {
    let mut read = Vec::new();
    for (at, code) in codes.iter().enumerate() {
        match code {
            1..=16 => read.push(GrpcCode::from_u8(*code)),
            _ => faults.add(format!("grpc_codes[{at}]"), format!("{code} is no code of an error")),
        }
    }
    read
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

impl From<BudgetSettings> for Budget {
    fn from(settings: BudgetSettings) -> Self {
        let mut budget = Self::ratio(settings.percent.unwrap_or(20.0) / 100.0);
        if let Some(floor) = settings.floor {
            budget = budget.floor(floor);
        }
        if let Some(window) = settings.window_ms {
            budget = budget.window(Duration::from_millis(window));
        }
        match settings.throttled_cost {
            Some(cost) => budget.cost(Cost::Throttled, cost),
            None => budget,
        }
    }
}
