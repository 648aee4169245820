//! Time and sleeping, injected.
//!
//! Nothing in the family asks the operating system what time it is, and nothing knows a runtime. A layer
//! holds a [`Clock`], and a [`Timer`] where it has to wait; its decisions take `now` as an argument. So a
//! test can stop time, move it, or let it jump:
//!
//! ```
//! use std::time::Duration;
//! use buttress_core::clock::{Clock, ManualClock};
//!
//! let clock = ManualClock::new();
//! let started = clock.now();
//!
//! clock.advance(Duration::from_millis(1_500));
//! assert_eq!(clock.now() - started, Duration::from_millis(1_500));
//! ```
//!
//! | | time | sleeping |
//! |---|---|---|
//! | [`SystemClock`] | the operating system's | |
//! | [`CounterClock`] (feature `quanta`) | the processor's counter, where it is even | |
//! | [`TokioClock`], [`TokioTimer`] (feature `tokio`) | tokio's, paused when tokio's is | tokio's |
//! | [`ManualClock`] | as the test says | until the test says |
//!
//! Reading the time is not free, and neither is a timer. A call that is ready at once was not slow and needs neither:
//! an [`Alarm`] is armed when there is something to wait for, and code that need not be exact asks for the
//! [recent](Clock::recent) time.

mod alarm;
#[cfg(feature = "quanta")]
mod counter;
mod daytime;
mod manual;
mod moment;
mod no_timer;
mod system;
mod timestamp;
#[cfg(feature = "tokio")]
mod tokio;
mod units;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

pub use self::alarm::Alarm;
#[cfg(feature = "quanta")]
pub use self::counter::CounterClock;
pub use self::manual::{ManualClock, ManualSleep};
pub use self::moment::Moment;
pub use self::no_timer::NoTimer;
pub use self::system::SystemClock;
pub use self::timestamp::Timestamp;
#[cfg(feature = "tokio")]
pub use self::tokio::{TokioClock, TokioTimer};
pub use self::units::{millis, ms, nanos, secs};

/// The one source of time.
///
/// Two kinds of time, because they answer two questions: [`now`](Self::now) only ever moves on, so spans
/// are measured with it; [`wall`](Self::wall) is what people call the time, and may jump.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// The monotonic time. It never goes back.
    fn now(&self) -> Moment;

    /// The time of day. It may jump in either direction, so nothing is decided by it.
    fn wall(&self) -> Timestamp;

    /// The monotonic time, perhaps some milliseconds ago: for what need not be exact. It is never ahead of
    /// [`now`](Self::now), and it never goes back.
    ///
    /// It is `now()`, unless a clock knows a cheaper way.
    fn recent(&self) -> Moment {
        self.now()
    }

    /// The time of day at `now`, which was just asked for: perhaps a second behind a time of day that was set. For ids
    /// and logs.
    ///
    /// It is `wall()`, unless a clock knows a cheaper way.
    fn wall_at(&self, now: Moment) -> Timestamp {
        let _ = now;
        self.wall()
    }
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> Moment {
        (**self).now()
    }

    fn wall(&self) -> Timestamp {
        (**self).wall()
    }

    fn recent(&self) -> Moment {
        (**self).recent()
    }

    fn wall_at(&self, now: Moment) -> Timestamp {
        (**self).wall_at(now)
    }
}

/// A clock that many share.
#[derive(Clone, Debug)]
pub(crate) enum SharedClock {
    System,
    /// It has no size, so there is nothing to count references to.
    Sizeless(&'static dyn Clock),
    Own(Arc<dyn Clock>),
}

impl SharedClock {
    pub(crate) fn of<C: Clock>(clock: C) -> Self {
        if size_of::<C>() == 0 && !std::mem::needs_drop::<C>() {
            // It takes no memory that would have to be given back.
            return Self::Sizeless(Box::leak(Box::new(clock)));
        }
        Self::Own(Arc::new(clock))
    }

    #[inline]
    pub(crate) fn get(&self) -> &dyn Clock {
        match self {
            Self::System => &SystemClock,
            Self::Sizeless(clock) => *clock,
            Self::Own(clock) => clock,
        }
    }
}

/// The one source of sleeping.
///
/// The future has a name, so that a layer can hold it without a box.
pub trait Timer: fmt::Debug + Send + Sync + 'static {
    /// Is done when the time is over.
    type Sleep: Future<Output = ()> + Send + 'static;

    /// Sleeps for `duration`, counted from this call on, not from the first poll.
    fn sleep(&self, duration: Duration) -> Self::Sleep;
}
