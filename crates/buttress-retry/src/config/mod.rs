//! Retries as they stand in a file.

mod budget;
mod names;
mod pause;

use buttress_core::{BuildError, Faults, GrpcCode};
use http::StatusCode;
use serde::{Deserialize, Serialize};

pub use self::budget::BudgetSettings;
pub use self::pause::{BackoffKind, BackoffSettings, FollowSettings, JitterSettings, JitterWord};
pub use crate::hedge::HedgeSettings;
use crate::{Backoff, Budget, Follow, Retry, RetryBuilder};

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
///     "statuses[0]", "grpc_codes[1]", "tries", "backoff.factor", "budget.percent",
/// ]);
/// # Ok::<_, toml::de::Error>(())
/// ```
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "they are switches of a file, each by itself")]
#[non_exhaustive]
pub struct RetrySettings {
    /// How many attempts a call has at most, the first among them, from 1 to 100. By default 3.
    pub tries: Option<u32>,
    /// Whether `PUT` and `DELETE` are repeated, too. By default only safe methods are, and what has an
    /// `Idempotency-Key`.
    pub idempotent_methods: bool,
    /// Whether calls of gRPC are repeated, whichever method. By default only those that the program marks.
    pub grpc_all: bool,
    /// The statuses after which a call is repeated. By default 408, 425, 429, 502, 503 and 504.
    pub statuses: Option<Vec<u16>>,
    /// The codes of gRPC after which a call is repeated. By default 14, `UNAVAILABLE`.
    pub grpc_codes: Option<Vec<u8>>,
    /// Whether a refusal of our own wall, as of an open circuit breaker, is handed on at once. By default the call
    /// waits and is tried again if that fits its deadline.
    pub refusals_are_final: bool,
    /// How long to wait before a repeat. By default from 100 to 2,000 ms, doubling, with full jitter.
    pub backoff: Option<BackoffSettings>,
    /// How far to follow the advice of the other side when to come back. By default up to 30,000 ms.
    pub follow: Option<FollowSettings>,
    /// How many repeats there may be in all. By default 20 for a hundred calls, and 3 a second.
    pub budget: Option<BudgetSettings>,
    /// When a second attempt is made beside a slow one. By default never.
    pub hedge: Option<HedgeSettings>,
    /// How many bytes of the body of a call are kept to be sent again; a longer one is not repeated. 0, or 128 at least;
    /// by default 65,536.
    pub keep_bytes: Option<usize>,
    /// How many bytes of all bodies together are kept. By default 16,777,216.
    pub keep_bytes_overall: Option<usize>,
    /// Whether each attempt has a span for tracing. By default not.
    pub spans: bool,
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
            faults.within("backoff", backoff.check());
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
        faults.within("", builder.check().map_err(|error| names::in_a_file(error, self)));
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
