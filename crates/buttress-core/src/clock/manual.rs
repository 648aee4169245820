use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::{Clock, Moment, Timer, Timestamp};
use crate::sync::Lock;

/// A clock and a timer that a test moves by hand. Clones are the same clock.
///
/// ```
/// use std::time::Duration;
/// use buttress_core::clock::{Clock, ManualClock, Timestamp};
///
/// let clock = ManualClock::new();
/// clock.set_wall(Timestamp::from_millis(5));
/// clock.advance(Duration::from_millis(2));
/// assert_eq!(clock.wall().as_millis(), 7);
/// ```
#[derive(Clone, Debug, Default)]
pub struct ManualClock {
    state: Arc<Lock<State>>,
}

impl ManualClock {
    /// Starts at noon of the first day of 2026, one hour into its monotonic time line.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Moves both times on, and wakes the sleeps that are over then.
    pub fn advance(&self, duration: Duration) {
        let due = {
            let mut state = self.state.lock();
            state.now = state.now + duration;
            state.wall = state.wall + duration;
            let now = state.now;
            let (due, waiting) = state.sleepers.drain(..).partition(|sleeper| sleeper.0 <= now);
            state.sleepers = waiting;
            due
        };
        // Outside of the lock: a waker may poll at once, and so come back here.
        Vec::into_iter(due).for_each(|sleeper: Sleeper| sleeper.2.wake());
    }

    /// Sets the time of day alone, as an operator or a time server would.
    pub fn set_wall(&self, time: Timestamp) {
        self.state.lock().wall = time;
    }

    /// How many sleeps are being waited for.
    #[must_use]
    pub fn sleepers(&self) -> usize {
        self.state.lock().sleepers.len()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Moment {
        self.state.lock().now
    }

    fn wall(&self) -> Timestamp {
        self.state.lock().wall
    }
}

impl Timer for ManualClock {
    type Sleep = ManualSleep;

    fn sleep(&self, duration: Duration) -> Self::Sleep {
        let mut state = self.state.lock();
        state.named += 1;
        ManualSleep { clock: self.clone(), name: state.named, until: state.now + duration }
    }
}

/// A sleep on a [`ManualClock`]: over once the test has moved the clock far enough.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct ManualSleep {
    clock: ManualClock,
    name: u64,
    until: Moment,
}

impl Future for ManualSleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let sleeper = Sleeper(self.until, self.name, cx.waker().clone());
        let mut state = self.clock.state.lock();
        let _dropped_after_the_lock = state.forget(self.name);
        if state.now >= self.until {
            drop(state);
            return Poll::Ready(());
        }
        state.sleepers.push(sleeper);
        drop(state);
        Poll::Pending
    }
}

impl Drop for ManualSleep {
    fn drop(&mut self) {
        // A waker may own a task, and that another sleep: so it is dropped after the lock.
        let forgotten = self.clock.state.lock().forget(self.name);
        drop(forgotten);
    }
}

#[derive(Debug)]
struct State {
    now: Moment,
    wall: Timestamp,
    sleepers: Vec<Sleeper>,
    named: u64,
}

impl State {
    fn forget(&mut self, name: u64) -> Option<Sleeper> {
        let at = self.sleepers.iter().position(|sleeper| sleeper.1 == name)?;
        Some(self.sleepers.swap_remove(at))
    }
}

impl Default for State {
    fn default() -> Self {
        Self {
            // Not at the very start, so that a test can look at what was an hour ago.
            now: Moment::FIRST + Duration::from_secs(3_600),
            wall: Timestamp::from_millis(1_767_268_800_000),
            sleepers: Vec::new(),
            named: 0,
        }
    }
}

/// Until when, which sleep, and whom to wake.
#[derive(Debug)]
struct Sleeper(Moment, u64, Waker);
