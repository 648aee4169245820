//! What the wall says itself, and what must not contradict each other. A part says what is wrong in it when it is
//! built.

use std::time::Duration;

use buttress_core::Faults;
use buttress_overload::bulkhead::BulkheadBuilder;
use buttress_retry::{Hedge, RetryBuilder};

use super::OutboundBuilder;
use super::within::Within;

/// Without a deadline and without a budget, more attempts than these do harm.
const MOST_UNBOUNDED_TRIES: u32 = 3;

impl OutboundBuilder {
    pub(super) fn check(&self, faults: &mut Faults) {
        if self.name.is_empty() {
            faults.add("name", "must not be empty");
        }
        let times = [("deadline", self.deadline.time()), ("attempt_timeout", self.attempt_timeout)];
        for (path, time) in times {
            if time.is_some_and(|time| time.is_zero()) {
                faults.add(path, "must be greater than zero");
            }
        }
        self.check_times(faults);
        if self.holds_permits && self.bulkhead.is_none() {
            faults.add("permits_until_body_ends", "needs a bulkhead");
        }
        // The default deadline is long: who makes so many attempts has to have thought of an end.
        if let Some(retry) = &self.retry
            && retry.tries() > MOST_UNBOUNDED_TRIES
            && !retry.has_budget()
            && !matches!(self.deadline, Within::Said(_))
        {
            faults.add("retry.budget", "has to be there, or a deadline, for more than 3 tries");
        }
    }

    /// What is longer than what is around it never happens.
    fn check_times(&self, faults: &mut Faults) {
        let mut within =
            |path: &str, time: Option<Duration>, around: Option<Duration>, of: &str| {
                if let (Some(time), Some(around)) = (time, around)
                    && time >= around
                    && !around.is_zero()
                {
                    faults.add(
                        path,
                        format_args!("is {time:?}, and has to be shorter than {of}, {around:?}"),
                    );
                }
            };
        let pause = self.retry.as_ref().map(|retry| retry.pauses().bare(1));
        let delay = self.hedge.as_ref().map(Hedge::delay);
        // What is said of the wall takes the place of what is said of its retries.
        let of_retry = self.retry.as_ref().filter(|_| delay.is_none());
        let of_retry = of_retry.and_then(RetryBuilder::hedged).map(Hedge::delay);
        let (all, attempt) = (self.deadline.time(), self.attempt_timeout);
        within("attempt_timeout", attempt, all, self.deadline.name());
        within("retry.backoff", pause, all, self.deadline.name());
        within("hedge", delay, attempt.or(all), "what it stands beside");
        within("retry.hedge", of_retry, attempt.or(all), "what it stands beside");
    }

    /// A probe has its place for as long as it may take: from when it is let pass, so with its wait for a permit. The
    /// breaker holds its settings to that, and all that it is given later. Without a timeout of its own, an attempt may
    /// take all the time of its call: a probe that lost its place before would never be heard of, and a dependency that
    /// is merely slow never be found well.
    pub(super) fn shortest_lease(&self) -> Duration {
        let longest = self.attempt_timeout.or(self.deadline.time());
        let (Some(_), Some(attempt)) = (&self.breaker, longest) else { return Duration::ZERO };
        let wait = self.bulkhead.as_ref().map_or(Duration::ZERO, BulkheadBuilder::longest_wait);
        attempt.saturating_add(wait).min(self.deadline.time().unwrap_or(Duration::MAX))
    }
}
