use buttress_core::clock::Timer;
use serde::{Deserialize, Serialize};

use super::{Bulkhead, BulkheadBuilder};
use crate::Priority;
use crate::file::Names;
use crate::queue::QueueSettings;

/// The settings of a [`Bulkhead`], as they stand in a file. What is left out has its default.
///
/// ```
/// use buttress_core::clock::TokioTimer;
/// use buttress_overload::bulkhead::BulkheadSettings;
///
/// let settings: BulkheadSettings = toml::from_str(r#"
///     permits = 32
///     queue = 100
///     at_most_ms = 500
///     priority = "low"
/// "#)?;
/// assert_eq!(settings.builder(TokioTimer).build()?.limit(), 32);
///
/// let settings: BulkheadSettings = toml::from_str("permits = 0\nqueue = 9\nat_most_ms = 0")?;
/// let error = settings.builder(TokioTimer).build().unwrap_err();
/// let paths: Vec<_> = error.faults().iter().map(|fault| fault.path()).collect();
/// assert_eq!(paths, ["permits", "at_most_ms"]);
///
/// // What is of a queue is an error where there is none, and not ignored.
/// let settings: BulkheadSettings = toml::from_str("at_most_ms = 500")?;
/// let error = settings.builder(TokioTimer).build().unwrap_err();
/// assert_eq!(error.faults()[0].path(), "at_most_ms");
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct BulkheadSettings {
    /// How many calls may be under way at a time. By default 64.
    pub permits: u32,
    /// How many calls may wait for a permit; 0, the default, refuses them at once.
    pub queue: u32,
    /// How long a call may wait for a permit at most, in milliseconds. By default 1,000.
    pub at_most_ms: u64,
    /// The priority of calls that bring none. By default `normal`.
    pub priority: Priority,
}

/// What the builder says, and the file.
const NAMES: Names = &[("queue.length", "queue"), ("queue.at_most", "at_most_ms")];

impl Default for BulkheadSettings {
    fn default() -> Self {
        Self { permits: 64, queue: 0, at_most_ms: 1_000, priority: Priority::Normal }
    }
}

impl BulkheadSettings {
    /// A builder with these settings.
    pub fn builder<T: Timer + Clone>(&self, timer: T) -> BulkheadBuilder<T> {
        let bulkhead = Bulkhead::of(self.permits).priority(self.priority).of_a_file(NAMES);
        let unsaid = Self::default().at_most_ms;
        bulkhead.waits(QueueSettings::of_a_file(self.queue, self.at_most_ms, unsaid), timer)
    }
}
