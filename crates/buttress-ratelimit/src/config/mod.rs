//! Limits as they stand in a file.

mod class;
mod condition;
mod key;
mod policy;
mod quota;
mod reading;
#[cfg(feature = "redis")]
mod redis;
mod replacing;
mod restart;

use buttress_core::BuildError;
use buttress_core::key::KeySeed;
use serde::{Deserialize, Serialize};

pub use self::class::{Class, ClassSettings};
pub use self::condition::ConditionSettings;
pub use self::key::KeySettings;
pub use self::policy::{CountSettings, PenaltySettings, PlaceSettings, PolicySettings};
pub(crate) use self::quota::Said;
pub use self::quota::{QuotaNumbers, QuotaSettings};
#[cfg(feature = "redis")]
#[cfg_attr(docsrs, doc(cfg(feature = "redis")))]
pub use self::redis::RedisStoreSettings;
use crate::store::{Memory, WhenFull};
use crate::{HeaderForm, RateLimit, RateLimitBuilder};

/// The settings of a [`RateLimit`], as they stand in a file. What is left out has its default.
///
/// ```
/// use buttress_ratelimit::RateLimitSettings;
///
/// let settings: RateLimitSettings = toml::from_str(r#"
///     headers = ["separate"]
///     exempt = [{ path_prefixes = ["/health"] }]
///
///     [[policies]]
///     name = "per-address"
///     quota = "20/second burst 60"
///     by = "address"
///
///     [[policies]]
///     name = "logins"
///     quota = "5/15m fixed_window"
///     by = ["address", "header:x-shop"]
///     when = { methods = ["POST"], paths = ["/login"] }
///     count = "failures"
///     degrade = "deny"
/// "#)?;
/// let limits = settings.build()?;
/// assert_eq!(limits.quota("logins").unwrap().to_string(), "5 every 15 minutes, as fixed_window");
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
///
/// Everything that is wrong is told at once:
///
/// ```
/// # use buttress_ratelimit::RateLimitSettings;
/// let settings: RateLimitSettings = toml::from_str(r#"
///     [[policies]]
///     name = "per-address"
///     quota = "0/second"
///     by = "adress"
///
///     [[policies]]
///     name = "per-address"
///     quota = "9/fortnight"
///     by = "address"
///     when = { addresses = ["10.0.0.0/33"] }
/// "#)?;
/// let error = settings.build().unwrap_err();
/// let paths: Vec<_> = error.faults().iter().map(|fault| fault.path()).collect();
/// assert_eq!(paths, [
///     "policies[0].by",
///     "policies[0].quota",
///     "policies[1].quota",
///     "policies[1].name",
///     "policies[1].when[0]",
/// ]);
/// # Ok::<_, toml::de::Error>(())
/// ```
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "they are switches of a file, each by itself")]
#[non_exhaustive]
pub struct RateLimitSettings {
    /// The policies: eight at most.
    pub policies: Vec<PolicySettings>,
    /// Ready ones, which stand behind them, and count among the eight.
    pub classes: Vec<ClassSettings>,
    /// Requests that are never counted: those of which one of these holds.
    pub exempt: Vec<ConditionSettings>,
    /// Requests that are refused: those of which one of these holds.
    pub deny: Vec<ConditionSettings>,
    /// Whether all policies are only tried out.
    pub shadow: bool,
    /// Whether probes count, too.
    pub count_probes: bool,
    /// How responses tell a client what is left. An empty list tells nothing.
    pub headers: Option<Vec<HeaderForm>>,
    /// Whether they do when requests pass, too, and not only when they are refused.
    pub headers_on_success: bool,
    /// Whether structured headers tell whose quota it is.
    pub partition_keys: bool,
    /// What counters are spread by in a cluster.
    pub shard_by: Option<KeySettings>,
    /// The secret that keys are made with: the same in all processes of a fleet. By itself that which Redis keeps for
    /// them.
    #[serde(skip_serializing)]
    pub key_seed: Option<KeySeed>,
    /// How many keys are watched for penalties.
    pub most_banned: Option<usize>,
    /// How many requests may wait for their turn, in queues. By itself 1,024.
    pub most_waiting: Option<usize>,
    /// How the engine in memory is made.
    pub memory: MemorySettings,
    /// How limits are counted in Redis, which is said to [`over`](Self::over): without a connection it is refused.
    #[cfg(feature = "redis")]
    #[cfg_attr(docsrs, doc(cfg(feature = "redis")))]
    pub redis: Option<RedisStoreSettings>,
}

/// How the engine in memory is made.
///
/// ```
/// use buttress_ratelimit::RateLimitSettings;
///
/// let settings: RateLimitSettings = toml::from_str(r#"
///     policies = [{ name = "all", quota = "9/s", by = "everyone" }]
///     memory = { keys = 1_000, when_full = "refuse" }
/// "#)?;
/// assert!(settings.build()?.usage("all")?.unwrap().places() >= 1_000);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct MemorySettings {
    /// For how many keys a policy. By default 65,536.
    pub keys: Option<usize>,
    /// In how many bytes a policy, instead of a number of keys.
    pub bytes: Option<usize>,
    /// What happens to a new key when there is no room.
    pub when_full: WhenFull,
}

impl RateLimitSettings {
    /// Checks the settings, and builds limits in memory. For Redis there is `over`, and for an engine of your own make
    /// a [`RateLimitBuilder`] of them first.
    ///
    /// # Errors
    ///
    /// Fails with every setting that is wrong.
    pub fn build(self) -> Result<RateLimit, BuildError> {
        RateLimitBuilder::from(self).build()
    }

    /// The engine in memory, as the settings say.
    #[must_use]
    pub fn memory(&self) -> Memory {
        let MemorySettings { keys, bytes, when_full } = self.memory;
        let memory = match (keys, bytes) {
            (_, Some(bytes)) => Memory::with_bytes(bytes),
            (Some(keys), None) => Memory::with_capacity(keys),
            (None, None) => Memory::new(),
        };
        memory.when_full(when_full)
    }
}
