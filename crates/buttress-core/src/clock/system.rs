use std::sync::LazyLock;
use std::time::SystemTime;

use super::daytime::Daytime;
use super::{Clock, Moment, Timestamp};

/// Where the time lines of all [`SystemClock`]s start, so that their moments compare.
static EPOCH: LazyLock<u64> = LazyLock::new(monotonic);

/// The time of day on that line.
static DAYTIME: Daytime = Daytime::new();

/// The operating system's time: the default everywhere. On Linux what is [recent](Clock::recent) is the time of the
/// kernel's last look, up to ten milliseconds ago, for a fraction of the price.
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
    #[inline]
    fn now(&self) -> Moment {
        let epoch = *EPOCH;
        Moment::from_nanos(monotonic().saturating_sub(epoch))
    }

    #[inline]
    fn recent(&self) -> Moment {
        let epoch = *EPOCH;
        Moment::from_nanos(ticked().saturating_sub(epoch))
    }

    #[expect(clippy::disallowed_methods, reason = "the clock that all others stand on")]
    fn wall(&self) -> Timestamp {
        SystemTime::now().into()
    }

    fn wall_at(&self, now: Moment) -> Timestamp {
        DAYTIME.at(now)
    }
}

/// The system's monotonic time in nanoseconds. It is what `Instant` goes by on Linux too, which makes two halves of it
/// that are put together again: that takes longer than the question.
#[cfg(target_os = "linux")]
#[inline]
fn monotonic() -> u64 {
    nanos_of(rustix::time::ClockId::Monotonic)
}

/// The same as it was when the kernel last looked: no hardware is asked, which is most of the price.
#[cfg(target_os = "linux")]
#[inline]
fn ticked() -> u64 {
    nanos_of(rustix::time::ClockId::MonotonicCoarse)
}

#[cfg(target_os = "linux")]
#[inline]
fn nanos_of(clock: rustix::time::ClockId) -> u64 {
    let time = rustix::time::clock_gettime(clock);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let nanos = u64::try_from(time.tv_nsec).unwrap_or(0);
    seconds.saturating_mul(1_000_000_000).saturating_add(nanos)
}

#[cfg(not(target_os = "linux"))]
fn ticked() -> u64 {
    monotonic()
}

/// The same since somebody has asked first.
#[cfg(not(target_os = "linux"))]
#[expect(clippy::disallowed_methods, reason = "the clock that all others stand on")]
fn monotonic() -> u64 {
    static STARTED: LazyLock<std::time::Instant> = LazyLock::new(std::time::Instant::now);
    super::nanos(STARTED.elapsed())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    /// It may be behind, but not by long, whatever stops this thread meanwhile; and never ahead, or back.
    #[test]
    fn what_is_recent_was_just_now() {
        let mut last = Moment::FIRST;
        for _ in 0..1_000 {
            let before = SystemClock.now();
            let recent = SystemClock.recent();
            assert!(recent <= SystemClock.now() && recent >= last);
            assert!(before - recent < Duration::from_secs(1), "{before:?}, {recent:?}");
            last = recent;
        }
    }

    /// Each looks at the clock within the other, or around it.
    #[test]
    #[expect(clippy::disallowed_methods, reason = "it is what the clock is compared with")]
    fn it_goes_as_an_instant_does() {
        let (around, early, within) = (Instant::now(), SystemClock.now(), Instant::now());
        let (took, late) = loop {
            let (took, late) = (within.elapsed(), SystemClock.now());
            if took > Duration::from_millis(2) {
                break (took, late);
            }
        };
        assert!(took <= late - early, "it goes too slowly");
        assert!(late - early <= around.elapsed(), "it goes too fast");
    }
}
