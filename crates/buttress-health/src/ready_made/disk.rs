use std::path::{Path, PathBuf};
use std::sync::Arc;

use buttress_core::Health;

use super::asking::Asking;
use super::tcp::refused;
use crate::Check;

impl Check {
    /// Looks whether the file system at `path` has at least so many bytes free for us. On Unix alone.
    ///
    /// ```
    /// use buttress_health::{Check, HealthChecks};
    ///
    /// let health = HealthChecks::builder()
    ///     .check(Check::disk("uploads", "/", 1 << 30).degrading())
    ///     .build()?;
    /// assert_eq!(health.report().checks()[0].name(), "uploads");
    /// # Ok::<(), buttress_core::BuildError>(())
    /// ```
    ///
    /// A file system over a network may hang. So it is asked on a thread of its own, and not again before that has come
    /// back: however long it hangs, it holds one thread, and keeps no runtime from ending.
    pub fn disk(name: impl Into<String>, path: impl Into<PathBuf>, free: u64) -> Self {
        let path = path.into();
        Self::asking(name, move || look(&path, free))
    }

    /// What may hang.
    fn asking(
        name: impl Into<String>,
        question: impl Fn() -> Health + Send + Sync + 'static,
    ) -> Self {
        let (question, asking) = (Arc::new(question), Asking::default());
        Self::of(name, move || {
            let (question, asking) = (question.clone(), asking.clone());
            async move {
                let asked = asking.ask(move || question()).await;
                asked.unwrap_or_else(|error| Health::down(error.to_string()))
            }
        })
    }
}

fn look(path: &Path, free: u64) -> Health {
    let found = match rustix::fs::statvfs(path) {
        Ok(found) => found,
        Err(error) => return refused("cannot be asked", &error),
    };
    let bytes = found.f_bavail.saturating_mul(found.f_frsize);
    if bytes < free {
        return Health::down(format!("{bytes} bytes are free, {free} are needed"));
    }
    Health::up().with_detail("freeBytes", bytes.to_string())
}

#[cfg(test)]
#[cfg(not(buttress_loom))]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;
    use std::time::Duration;

    use buttress_core::clock::TokioClock;
    use buttress_core::sync::Lock;
    use buttress_testkit::paused::pass;

    use super::*;
    use crate::HealthChecks;

    #[tokio::test(start_paused = true)]
    async fn a_disk_that_hangs_is_not_asked_again() {
        let (release, hanging) = mpsc::channel::<()>();
        let (asked, hanging) = (Arc::new(AtomicUsize::new(0)), Lock::new(hanging));
        let check = Check::asking("uploads", {
            let asked = asked.clone();
            move || {
                asked.fetch_add(1, Ordering::Relaxed);
                let _ = hanging.lock().recv();
                Health::up()
            }
        });
        let every = Duration::from_secs(1);
        let builder = HealthChecks::builder().clock(TokioClock::new());
        let health = builder.check(check.every(every).deadline(every)).build().unwrap();
        let running = health.spawn();
        pass(Duration::from_secs(60)).await;
        while asked.load(Ordering::Relaxed) == 0 {
            std::thread::yield_now();
        }
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        let report = health.report();
        assert_eq!(report.checks()[0].message(), Some("it has not answered the last time yet"));
        drop((running, release));
    }
}
