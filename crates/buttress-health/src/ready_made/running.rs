use std::fmt;

use buttress_core::clock::TokioTimer;
use tokio::task::JoinSet;

use crate::HealthChecks;

impl HealthChecks {
    /// Runs the checks on the tokio runtime around, a task for each, until what this gives is dropped.
    ///
    /// ```
    /// use buttress_core::Health;
    /// use buttress_health::{Check, HealthChecks, Status};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let health = HealthChecks::builder()
    ///     .check(Check::of("database", || async { Health::up() }))
    ///     .build()?;
    /// let mut changes = health.subscribe();
    /// let running = health.spawn();
    ///
    /// while !health.status().is_ready() {
    ///     changes.changed().await;
    /// }
    /// assert_eq!(health.status(), Status::Ok);
    /// drop(running);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// Panics outside of a tokio runtime, as `tokio::spawn` does.
    pub fn spawn(&self) -> Running {
        let mut tasks = JoinSet::new();
        for task in self.tasks(&TokioTimer) {
            tasks.spawn(task);
        }
        Running { tasks }
    }
}

/// The checks, running. Made by [`HealthChecks::spawn`]; dropping it stops them, and what they saw last
/// becomes too old. To run them anew, [stop](Self::stop) it: what is dropped is gone a moment later, and what still
/// runs is not run twice.
#[must_use = "dropping it stops the checks"]
pub struct Running {
    tasks: JoinSet<()>,
}

impl Running {
    /// Stops the checks, and waits until none of them runs.
    ///
    /// ```
    /// use buttress_health::{HealthChecks, Status};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let health = HealthChecks::default();
    /// health.spawn().stop().await;
    /// // None of the first is left, so all are run anew.
    /// let running = health.spawn();
    /// assert_eq!(health.status(), Status::Ok);
    /// # drop(running);
    /// # }
    /// ```
    pub async fn stop(mut self) {
        self.tasks.shutdown().await;
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").field("tasks", &self.tasks.len()).finish()
    }
}
