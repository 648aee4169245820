use std::sync::LazyLock;

use super::daytime::Daytime;
use super::{Clock, Moment, SystemClock, Timestamp};

/// What counts, since the first who asked.
static COUNTER: LazyLock<Counter> = LazyLock::new(Counter::begin);

/// The time of day on its time line.
static DAYTIME: Daytime = Daytime::new();

/// The time by the counter of the processor, where it has one that runs evenly: cheaper than the operating system's,
/// and less sure. It is what the crate [`quanta`](https://docs.rs/quanta) makes of it.
///
/// ```
/// use buttress_core::clock::{Clock, CounterClock};
///
/// let before = CounterClock.now();
/// assert!(CounterClock.now() >= before);
/// assert!(CounterClock.wall().to_string().starts_with("20"));
/// ```
///
/// # Guarantees
///
/// Where the processor has no such counter, it is the operating system's monotonic time. Its time line is its own:
/// moments compare with those of this clock alone. The time of day is the system's.
///
/// # What to know before
///
/// - **Its pace is measured once**, against the system's time, by the first who asks, who waits for that: 10 to 20
///   milliseconds as a rule, 200 at most. Ask once at the start. From then on it does not follow what a time server
///   does to the system's pace, and may drift from it for as long as the process runs.
/// - **Two threads may see it out of order**: by some nanoseconds, as a processor may read its counter early; and by
///   more where the counters of several sockets differ, which a system that uses them itself makes sure they do not.
/// - **A virtual machine that moves** to a host whose counter has another pace may tell a wrong time for good, if the
///   hypervisor does not hide it. Where that can happen, stay with [`SystemClock`].
///
/// # Cost
///
/// No call of the system and no allocation.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "a value that is written as its name")]
pub struct CounterClock;

struct Counter {
    clock: quanta::Clock,
    began: u64,
}

impl Counter {
    fn begin() -> Self {
        let clock = quanta::Clock::new();
        Self { began: clock.raw(), clock }
    }
}

impl Clock for CounterClock {
    #[inline]
    fn now(&self) -> Moment {
        let Counter { clock, began } = &*COUNTER;
        Moment::from_nanos(clock.delta_as_nanos(*began, clock.raw()))
    }

    fn wall(&self) -> Timestamp {
        SystemClock.wall()
    }

    fn wall_at(&self, now: Moment) -> Timestamp {
        DAYTIME.at(now)
    }
}
