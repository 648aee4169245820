use std::sync::LazyLock;
use std::time::{Instant, SystemTime};

use super::daytime::Daytime;
use super::moment::nanos;
use super::{Clock, Moment, Timestamp};

/// Where the time lines of all [`SystemClock`]s start, so that their moments compare.
#[expect(clippy::disallowed_methods, reason = "the clock that all others stand on")]
static EPOCH: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The time of day on that line.
static DAYTIME: Daytime = Daytime::new();

/// The operating system's time: the default everywhere.
///
/// ```
/// use buttress_core::clock::{Clock, SystemClock};
///
/// let before = SystemClock.now();
/// assert!(SystemClock.now() >= before);
/// assert!(SystemClock.wall().to_string().starts_with("20"));
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "a value that is written as its name")]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Moment {
        Moment::from_nanos(nanos(EPOCH.elapsed()))
    }

    #[expect(clippy::disallowed_methods, reason = "the clock that all others stand on")]
    fn wall(&self) -> Timestamp {
        SystemTime::now().into()
    }

    fn wall_at(&self, now: Moment) -> Timestamp {
        DAYTIME.at(now)
    }
}
