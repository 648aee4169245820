use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use buttress_core::Health;
use tokio::task::spawn_blocking;

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
    /// A file system over a network may hang. So it is asked on a thread of tokio's for what blocks, and not
    /// again before that has come back: however long it hangs, it holds one thread.
    pub fn disk(name: impl Into<String>, path: impl Into<PathBuf>, free: u64) -> Self {
        let path: Arc<Path> = path.into().into();
        let asking = Arc::new(AtomicBool::new(false));
        Self::of(name, move || {
            let (path, asking) = (path.clone(), asking.clone());
            async move {
                if asking.swap(true, Ordering::AcqRel) {
                    return Health::down("it has not answered the last time yet");
                }
                let asking = Asking(asking);
                let asked = spawn_blocking(move || {
                    let health = look(&path, free);
                    drop(asking);
                    health
                });
                asked.await.unwrap_or_else(|_| Health::down("it was not asked"))
            }
        })
    }
}

/// Given back when the thread is done, not when nobody waits for it any more.
struct Asking(Arc<AtomicBool>);

impl Drop for Asking {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
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
