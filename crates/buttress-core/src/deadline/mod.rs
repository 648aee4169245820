//! When a request has to be done: the moment, how it travels, and how calls get it.
//!
//! A deadline only ever comes closer. On the way in, the [`Context`](crate::Context) reads it off the request; on the
//! way out it goes along as the time left ([`Wire`]). In between it is the [`RequestContext`]'s,
//! and that of a single call, which may be shorter, is the [`current`](Deadline::current) one while the call is made:
//! so it is there for a database as for an HTTP client, and does not end the whole request.
//!
//! ```
//! use buttress_core::Deadline;
//! use buttress_core::clock::{Clock, ManualClock, secs};
//! use buttress_core::deadline::Wire;
//!
//! let clock = ManualClock::new();
//! let deadline = Deadline::after(clock.now(), secs(30));
//! clock.advance(secs(20));
//!
//! let mut request = http::Request::new(());
//! Wire::default().write(deadline, &mut request, clock.now());
//! assert_eq!(request.headers()["x-request-timeout-ms"], "10000");
//! ```

mod scope;
mod wire;

use std::time::Duration;

use http::Extensions;

use crate::RequestContext;
use crate::clock::{Clock, Moment};
use crate::stage::RequestHead;

pub use self::scope::{Entered, Within};
pub use self::wire::Wire;
pub(crate) use self::wire::{DEADLINE_HEADER, said, shorten};

/// When a request has to be done. It may come earlier, never later.
///
/// ```
/// use std::time::Duration;
/// use buttress_core::Deadline;
/// use buttress_core::clock::Moment;
///
/// let now = Moment::from_nanos(0);
/// let deadline = Deadline::after(now, Duration::from_secs(30));
/// assert_eq!(deadline.remaining(now + Duration::from_secs(20)), Duration::from_secs(10));
/// assert_eq!(deadline.remaining(now + Duration::from_secs(40)), Duration::ZERO);
///
/// let sooner = Deadline::after(now, Duration::from_secs(5));
/// assert_eq!(deadline.or_sooner(sooner), sooner);
/// assert!(sooner.is_over(now + Duration::from_secs(5)));
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Deadline {
    at: Moment,
}

impl Deadline {
    /// A deadline at this moment.
    #[must_use]
    pub const fn at(at: Moment) -> Self {
        Self { at }
    }

    /// A deadline this long after `now`.
    #[must_use]
    pub fn after(now: Moment, time: Duration) -> Self {
        Self { at: now + time }
    }

    /// The moment itself.
    #[must_use]
    pub const fn moment(self) -> Moment {
        self.at
    }

    /// The time that is left; zero once it has passed.
    #[must_use]
    pub fn remaining(self, now: Moment) -> Duration {
        self.at - now
    }

    /// Whether there is no time left.
    #[must_use]
    pub fn is_over(self, now: Moment) -> bool {
        self.at <= now
    }

    /// The earlier of the two.
    #[must_use]
    pub fn or_sooner(self, other: Self) -> Self {
        self.min(other)
    }

    /// For how long a caller must have waited for a call that it gives up, so that this counts against the dependency,
    /// where `slow` is its bound for slow calls: for as long as that, or for half of the time that there was when the
    /// call began, whichever is less. But for no less than a quarter of `slow`, as calls with hardly any time left say
    /// nothing: else a caller that gives its requests none could blame a healthy dependency.
    ///
    /// ```
    /// use buttress_core::Deadline;
    /// use buttress_core::clock::{Moment, ms, secs};
    ///
    /// let (began, slow) = (Moment::FIRST, secs(4));
    /// let fair = |left| Deadline::after(began, left).fair_time(began, slow);
    /// assert_eq!(fair(secs(30)), slow);
    /// assert_eq!(fair(secs(3)), ms(1_500));
    /// assert_eq!(fair(ms(10)), secs(1), "it cannot have had so much");
    /// ```
    #[must_use]
    pub fn fair_time(self, began: Moment, slow: Duration) -> Duration {
        slow.min((self.remaining(began) / 2).max(slow / 4))
    }

    /// The same deadline on another clock, whose moments do not compare with those of its own: as much is left on
    /// it, or a little less.
    ///
    /// ```
    /// use buttress_core::Deadline;
    /// use buttress_core::clock::{Clock, ManualClock, secs};
    ///
    /// let (inbound, outbound) = (ManualClock::new(), ManualClock::new());
    /// outbound.advance(secs(3_600));
    ///
    /// let deadline = Deadline::after(inbound.now(), secs(5));
    /// let moved = deadline.moved(&inbound, &outbound);
    /// assert_eq!(moved.remaining(outbound.now()), secs(5));
    /// ```
    #[must_use]
    pub fn moved(self, from: &dyn Clock, to: &dyn Clock) -> Self {
        // In this order: whatever happens between the two looks makes it shorter, not longer.
        let now = to.now();
        Self::after(now, self.remaining(from.now()))
    }

    /// By when `request` has to be done that is about to be sent, on `clock`: the soonest of
    ///
    /// - a `Deadline` in its extensions, which is on `clock`,
    /// - the deadline of its [context](crate::RequestContext), brought over from the context's own clock,
    /// - the [current](Self::current) one, which is on `clock`.
    ///
    /// So all that make calls of one another share one clock. What is written in its headers is asked of a [`Wire`].
    ///
    /// ```
    /// use buttress_core::Deadline;
    /// use buttress_core::clock::{Clock, ManualClock, secs};
    ///
    /// let clock = ManualClock::new();
    /// let mut request = http::Request::new(());
    /// assert_eq!(Deadline::of(&request, &clock), None);
    ///
    /// let own = Deadline::after(clock.now(), secs(5));
    /// request.extensions_mut().insert(own);
    /// let _around = Deadline::after(clock.now(), secs(30)).enter();
    /// assert_eq!(Deadline::of(&request, &clock), Some(own));
    /// ```
    ///
    /// # Cost
    ///
    /// Two looks into the extensions, if there are any, and one at a number of the thread's own. A request that
    /// brings its context along costs a look at both clocks.
    #[inline]
    #[must_use]
    pub fn of(request: &dyn RequestHead, clock: &dyn Clock) -> Option<Self> {
        Self::of_extensions(request.extensions(), clock)
    }

    /// The same for a request of which somebody has kept the extensions.
    ///
    /// ```
    /// use buttress_core::Deadline;
    /// use buttress_core::clock::{Clock, ManualClock, secs};
    ///
    /// let clock = ManualClock::new();
    /// let mut extensions = http::Extensions::new();
    /// let own = Deadline::after(clock.now(), secs(5));
    /// extensions.insert(own);
    /// assert_eq!(Deadline::of_extensions(&extensions, &clock), Some(own));
    /// ```
    #[must_use]
    pub fn of_extensions(extensions: &Extensions, clock: &dyn Clock) -> Option<Self> {
        if extensions.is_empty() {
            return Self::current();
        }
        let own = extensions.get::<Self>().copied();
        let context: Option<&RequestContext> = extensions.get();
        let context = context.and_then(|context| {
            context.deadline().map(|deadline| deadline.moved(context.clock(), clock))
        });
        [own, context, Self::current()].into_iter().flatten().min()
    }
}
