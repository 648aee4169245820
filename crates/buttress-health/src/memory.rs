use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use buttress_core::{Health, Probe, ProbeFuture};

/// How much memory the process has, in bytes; nothing where the system does not say.
pub(crate) fn resident() -> Option<u64> {
    let text = fs::read_to_string("/proc/self/status").ok()?;
    resident_in(&text)
}

fn resident_in(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib.saturating_mul(1024))
}

/// How much memory the process has, held against a limit. Clones are the same.
///
/// As a [`Probe`] it is read in the background. What was read last may also be a part of liveness, because
/// a look at a number does not wait:
///
/// ```
/// use buttress_health::{Check, HealthChecks, Memory};
///
/// let memory = Memory::at_most(4 << 30);
/// let health = HealthChecks::builder()
///     .check(Check::new(memory.clone()).informational())
///     .live("memory", move || memory.last())
///     .build()?;
/// assert!(health.is_live());
/// # Ok::<(), buttress_core::BuildError>(())
/// ```
///
/// It reads `/proc/self/status`, which Linux has; elsewhere it is always up, and says so. The limit of a
/// container is for you to give: some way below what the kernel kills at.
#[derive(Clone, Debug)]
pub struct Memory {
    limit: u64,
    last: Arc<AtomicU64>,
}

/// In place of a number: not read yet, or not to be read.
const NOT_READ: u64 = u64::MAX;

impl Memory {
    /// Down above this many bytes.
    #[must_use]
    pub fn at_most(limit: u64) -> Self {
        Self { limit, last: Arc::new(AtomicU64::new(NOT_READ)) }
    }

    /// What was read last; up before that.
    pub fn last(&self) -> Health {
        let limit = self.limit;
        match self.last.load(Ordering::Relaxed) {
            NOT_READ => Health::up(),
            resident if resident > limit => {
                Health::down(format!("{resident} bytes are more than {limit}"))
            }
            resident => Health::up().with_detail("residentBytes", resident.to_string()),
        }
    }

    fn read(&self) -> Health {
        let Some(resident) = resident() else {
            return Health::up().with_detail("residentBytes", "the system does not say");
        };
        self.last.store(resident, Ordering::Relaxed);
        self.last()
    }
}

impl Probe for Memory {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn critical(&self) -> bool {
        false
    }

    fn check(&self) -> ProbeFuture<'_> {
        Box::pin(async { self.read() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_linux_says() {
        assert_eq!(resident_in("Name:\tx\nVmRSS:\t    2048 kB\nThreads: 1"), Some(2 << 20));
        for odd in ["", "VmRSS:", "VmRSS: x kB", "VmRSS: 1 MB", "VmRSS: 99999999999999999999 kB"] {
            assert_eq!(resident_in(odd), None, "{odd}");
        }
    }
}
