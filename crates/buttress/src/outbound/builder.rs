mod bulkhead;
mod shared;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use buttress_circuit_breaker::CircuitBreakerBuilder;
use buttress_core::BuildError;
use buttress_core::clock::{Clock, Timer, TokioTimer};
use buttress_core::deadline::Wire;
use buttress_core::metrics::Metrics;
use buttress_core::outcome::HttpClassify;
use buttress_overload::adaptive::AdaptiveBuilder;
use buttress_overload::bulkhead::BulkheadBuilder;
use buttress_overload::shed::ShedBuilder;
use buttress_overload::throttle::ThrottleBuilder;
use buttress_retry::{Hedge, RetryBuilder};

use super::OutboundSettings;
use super::within::Within;

/// Collects what the outbound wall is made of. Made by [`Outbound::to`](crate::Outbound::to), or of
/// [settings](OutboundSettings).
///
/// Name, clock, timer and judge are the wall's: what a part is given of them is replaced, as deadlines are moments of
/// one clock, and what a failure is has to be so to all. So are its metrics, if the wall is given
/// [some](Self::metrics); else it keeps its own.
///
/// ```
/// use buttress::prelude::*;
///
/// let error = Outbound::to("payments")
///     .deadline(secs(2))
///     .retry(Retry::up_to(0).budget(Budget::ratio(-0.2)))
///     .circuit_breaker(CircuitBreaker::after(5).open_for(secs(3)..=secs(1)))
///     .bulkhead(0)
///     .attempt_timeout(secs(5))
///     .build()
///     .unwrap_err();
/// let paths: Vec<_> = error.faults().iter().map(|fault| fault.path()).collect();
/// assert_eq!(paths, [
///     "attempt_timeout", "retry.tries", "retry.budget.ratio", "circuit_breaker.open_for", "bulkhead.permits",
/// ]);
/// ```
#[must_use = "nothing happens until `build` is called"]
pub struct OutboundBuilder {
    pub(super) name: Cow<'static, str>,
    pub(super) deadline: Within,
    pub(super) told: Option<Wire>,
    pub(super) throttle: Option<ThrottleBuilder>,
    pub(super) adaptive: Option<AdaptiveBuilder>,
    pub(super) shed: Option<ShedBuilder<TokioTimer>>,
    pub(super) retry: Option<RetryBuilder>,
    pub(super) hedge: Option<Hedge>,
    pub(super) breaker: Option<CircuitBreakerBuilder>,
    pub(super) bulkhead: Option<BulkheadBuilder<TokioTimer>>,
    pub(super) attempt_timeout: Option<Duration>,
    pub(super) classify: HttpClassify,
    pub(super) clock: Option<Arc<dyn Clock>>,
    pub(super) metrics: Option<Metrics>,
    pub(super) renders: bool,
    pub(super) holds_permits: bool,
    pub(super) is_of_a_file: bool,
}

impl OutboundBuilder {
    pub(super) fn new(name: Cow<'static, str>) -> Self {
        Self {
            name,
            deadline: Within::Unsaid,
            told: None,
            throttle: None,
            adaptive: None,
            shed: None,
            retry: None,
            hedge: None,
            breaker: None,
            bulkhead: None,
            attempt_timeout: None,
            classify: HttpClassify::new(),
            clock: None,
            metrics: None,
            renders: false,
            holds_permits: false,
            is_of_a_file: false,
        }
    }

    /// Begins with these settings, of a file.
    ///
    /// # Errors
    ///
    /// Fails with those that cannot be read; [`build`](Self::build) checks what was.
    pub fn settings(settings: &OutboundSettings) -> Result<Self, BuildError> {
        settings.builder()
    }
}

/// The parts, from the outside in.
impl OutboundBuilder {
    /// A call may take so long in all, with its repeats and pauses, until its answer begins. The default is 30 s. What
    /// the request has left for which it is made always counts, too.
    pub fn deadline(mut self, time: Duration) -> Self {
        self.deadline = Within::Said(time);
        self
    }

    /// A call may take as long as its request has, and for ever if that has no deadline: for an answer that is waited
    /// for as long as it takes, as of a queue.
    pub fn without_deadline(mut self) -> Self {
        self.deadline = Within::RequestAlone;
        self
    }

    /// Tells the next hop how much is left, in this header. By default gRPC alone is told.
    pub fn tell_deadlines(mut self, wire: Wire) -> Self {
        self.told = Some(wire);
        self
    }

    /// Does not make calls that would be turned away, as far as the answers so far say so: client-side throttling.
    pub fn throttle(mut self, throttle: ThrottleBuilder) -> Self {
        self.throttle = Some(throttle);
        self
    }

    /// Finds out how many calls at a time the dependency bears, and makes no more.
    ///
    /// Where what is [slow](AdaptiveBuilder::slow) to it is more than a [call](Self::deadline) may take, half of that
    /// is: so it learns from calls that hang until their time is over. The same holds for [`shed`](Self::shed).
    ///
    /// Instead of a [`shed`](Self::shed) with a queue, and not beside it: the wait in that queue is to this limit a
    /// part of what a call takes, and looks like load. For both in one there is
    /// [`Shed::adapting`](buttress_overload::shed::Shed::adapting).
    pub fn adaptive(mut self, adaptive: AdaptiveBuilder) -> Self {
        self.adaptive = Some(adaptive);
        self
    }

    /// Sheds what would come too late, and what matters least.
    pub fn shed<T: Timer + Clone>(mut self, shed: ShedBuilder<T>) -> Self {
        self.shed = Some(shed.timer(TokioTimer));
        self
    }

    /// Tries calls again that failed, where that is safe and worth it.
    pub fn retry(mut self, retry: RetryBuilder) -> Self {
        self.retry = Some(retry);
        self
    }

    /// Makes a second attempt beside one that is slow. It is paid from the budget of the retries.
    pub fn hedge(mut self, hedge: Hedge) -> Self {
        self.hedge = Some(hedge);
        self
    }

    /// Stops calling what is down. Without it the [breaker](crate::Outbound::breaker) of the wall opens by hand alone.
    ///
    /// Where what is [slow](CircuitBreakerBuilder::slow) to it is more than an [attempt](Self::attempt_timeout), or
    /// without a timeout the [call](Self::deadline), may take, as the ten seconds that are the default may be, half of
    /// that is. To an attempt that has less than that, because its request does, half of what it has is slow, but no
    /// less than a quarter of what is otherwise.
    pub fn circuit_breaker(mut self, breaker: CircuitBreakerBuilder) -> Self {
        self.breaker = Some(breaker);
        self
    }

    /// An attempt may take so long until its answer begins.
    pub fn attempt_timeout(mut self, time: Duration) -> Self {
        self.attempt_timeout = Some(time);
        self
    }
}

impl fmt::Debug for OutboundBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutboundBuilder")
            .field("name", &self.name)
            .field("deadline", &self.deadline.time())
            .field("retry", &self.retry)
            .field("hedge", &self.hedge)
            .field("circuit_breaker", &self.breaker)
            .field("bulkhead", &self.bulkhead)
            .field("attempt_timeout", &self.attempt_timeout)
            .finish_non_exhaustive()
    }
}
