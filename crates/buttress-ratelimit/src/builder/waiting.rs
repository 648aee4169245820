//! For quotas with a queue.

use buttress_core::clock::Timer;

use super::RateLimitBuilder;
use crate::store::Queued;

/// How many requests wait for their turn, if nothing else is said.
const MOST_WAITING: usize = 1_024;

impl<S> RateLimitBuilder<S> {
    /// Lets requests wait for their turn, for quotas with a [queue](crate::Quota::queue). It is put around
    /// the [engine](Self::engine), whichever of them is said first.
    ///
    /// ```
    /// use buttress_core::clock::ManualClock;
    /// use buttress_ratelimit::{Quota, RateLimit, everyone};
    /// use std::time::Duration;
    ///
    /// let leaky = || Quota::per_second(5).burst(1).queue(Duration::from_secs(2)).by(everyone());
    /// let error = RateLimit::builder().policy("calls", leaky()).build().unwrap_err();
    /// assert_eq!(error.faults()[0].to_string(), "policies.calls.quota.queue: needs a timer: say `.timer(…)`");
    /// // In a service: `TokioTimer`.
    /// assert!(RateLimit::builder().policy("calls", leaky()).timer(ManualClock::new()).build().is_ok());
    /// ```
    pub fn timer<T: Timer + Clone>(self, timer: T) -> RateLimitBuilder<Queued<S, T>> {
        let most = self.most_waiting.unwrap_or(MOST_WAITING);
        self.map(|store| Queued::new(store, timer).most_waiting(most))
    }
}

impl<S, T: Timer> RateLimitBuilder<Queued<S, T>> {
    /// Sets how many requests may wait for their turn at once, of all keys and policies: see [`Queued::most_waiting`].
    /// The default is 1,024. Said after the [timer](Self::timer).
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use buttress_core::clock::ManualClock;
    /// use buttress_core::stage::{Decision, Stage};
    /// use buttress_ratelimit::{Quota, RateLimit, everyone};
    ///
    /// let leaky = Quota::per_second(5).burst(1).queue(Duration::from_secs(2)).by(everyone());
    /// // In a service: `TokioTimer`.
    /// let limits = RateLimit::builder().policy("calls", leaky).timer(ManualClock::new()).most_waiting(1).build()?;
    ///
    /// let stage = limits.stage();
    /// let mut requests = [(); 3].map(http::Request::new);
    /// let decisions = requests.each_mut().map(|request| stage.enter(request));
    /// assert!(matches!(decisions, [Decision::Pass(_), Decision::Wait(_), Decision::Refuse(..)]));
    /// # Ok::<_, buttress_core::BuildError>(())
    /// ```
    pub fn most_waiting(self, most: usize) -> Self {
        self.map(|store| store.most_waiting(most))
    }
}
