//! The parts of a wall, each from its settings and from what they share.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use buttress_circuit_breaker::{CircuitBreaker, CircuitBreakerBuilder, CircuitBreakerLayer};
use buttress_core::clock::{Clock, SystemClock, TokioTimer};
use buttress_core::deadline::Wire;
use buttress_core::metrics::Metrics;
use buttress_core::outcome::HttpClassify;
use buttress_core::stage::Keep;
use buttress_core::sync::Shared;
use buttress_core::{BuildError, Faults};
use buttress_overload::adaptive::AdaptiveBuilder;
use buttress_overload::bulkhead::BulkheadBuilder;
use buttress_overload::deadline::DeadlineLayer;
use buttress_overload::door::DoorLayer;
use buttress_overload::shed::ShedBuilder;
use buttress_overload::throttle::ThrottleBuilder;
use buttress_overload::timeout::Timeout;
use buttress_retry::errors::HyperErrors;
use buttress_retry::{Retry, RetryBuilder, RetryLayer, RetryPolicy};

use super::attempt::Limits;
use super::names::in_a_file;
use super::parts::{Guards, Parts};
use super::{Outbound, OutboundBuilder};

impl OutboundBuilder {
    /// Checks the settings, once, so that no call has to.
    ///
    /// # Errors
    ///
    /// Fails with every setting that is wrong, and with each that contradicts another.
    pub fn build(mut self) -> Result<Outbound, BuildError> {
        let mut faults = Faults::new();
        self.check(&mut faults);
        let name = self.name.clone();
        let parts = self.parts(&mut faults);
        let parts = whole(faults, parts);
        let parts = if self.is_of_a_file { parts.map_err(in_a_file) } else { parts }?;
        Ok(Outbound { name, parts: Shared::new(parts) })
    }

    fn parts(&mut self, faults: &mut Faults) -> Option<Parts> {
        // Users with their own rules still need to know what was never begun.
        self.classify = self.classify.clone().also(Arc::new(HyperErrors));
        #[cfg(feature = "reqwest")]
        {
            self.classify = self.classify.clone().also(Arc::new(super::ReqwestErrors));
        }
        let deadline = self.built_deadline();
        let guards = self.built_guards(faults);
        let retry = faults.within("retry", self.built_retry());
        let breaker = faults.within("circuit_breaker", self.built_breaker());
        let bulkhead = self.bulkhead.take().map(|bulkhead| {
            let bulkhead = bulkhead.named(self.named()).clock(self.shared_clock());
            self.telling(bulkhead, BulkheadBuilder::metrics).build()
        });
        let bulkhead = faults.within("bulkhead", bulkhead.transpose());
        let guards = DoorLayer::new(guards?).classify(self.classify.clone()).keep_body();
        let limits = Limits {
            breaker: breaker?.breaker().clone(),
            classify: Shared::new(self.classify.clone()),
            bulkhead: bulkhead?,
            holds_permits: self.holds_permits,
            timeout: self.built_timeout(),
        };
        let (retry, policy) = retry?;
        Some(Parts { deadline, guards, retry, policy, limits, renders: self.renders })
    }

    fn built_deadline(&self) -> DeadlineLayer<TokioTimer, Keep> {
        let layer = match self.deadline.time() {
            Some(time) => DeadlineLayer::after(time, TokioTimer),
            None => DeadlineLayer::of_requests(TokioTimer),
        };
        let layer = match &self.told {
            Some(wire) => layer.tells(wire.clone()),
            None => layer.tells(Wire::grpc_alone()).reads(Wire::default()),
        };
        let layer = match &self.clock {
            Some(clock) => layer.clock(clock.clone()),
            None => layer,
        };
        let layer = match &self.metrics {
            Some(metrics) => layer.metrics(metrics, &self.name),
            None => layer,
        };
        layer.keep_body()
    }

    fn built_guards(&mut self, faults: &mut Faults) -> Option<Guards> {
        let (name, clock) = (self.named(), self.shared_clock());
        let throttle = self.throttle.take().map(|throttle| {
            let throttle = throttle.named(name.clone()).clock(clock.clone());
            self.telling(throttle, ThrottleBuilder::metrics).build()
        });
        let adaptive = self.adaptive.take().map(|adaptive| {
            let slow = reached(adaptive.slow_time(), self.deadline.time());
            let adaptive = adaptive.named(name.clone()).clock(clock.clone()).slow(slow);
            self.telling(adaptive, AdaptiveBuilder::metrics).build()
        });
        let shed = self.shed.take().map(|shed| {
            let slow = reached(shed.slow_time(), self.deadline.time());
            let shed = shed.named(name.clone()).clock(clock.clone()).slow(slow);
            self.telling(shed, ShedBuilder::metrics).build()
        });
        let throttle = faults.within("throttle", throttle.transpose());
        let adaptive = faults.within("adaptive", adaptive.transpose());
        let shed = faults.within("shed", shed.transpose());
        Some((throttle?, (adaptive?, shed?)))
    }

    fn built_retry(&mut self) -> Result<Repeats, BuildError> {
        let retry = self.retry.take().unwrap_or_else(|| Retry::up_to(1));
        let retry = match self.hedge.take() {
            Some(hedge) => retry.hedge(hedge),
            None => retry,
        };
        let retry = retry
            .named(self.named())
            .classify(self.classify.clone())
            .deadline_header(self.told.clone().unwrap_or_default())
            .clock(self.shared_clock())
            .timer(TokioTimer);
        let retry = self.telling(retry, RetryBuilder::metrics);
        Ok((retry.clone().build()?, retry.build_policy()?))
    }

    fn built_breaker(&mut self) -> Result<CircuitBreakerLayer, BuildError> {
        let lease = self.shortest_lease();
        let breaker = self.breaker.take().unwrap_or_else(CircuitBreaker::by_switch_alone);
        let breaker = breaker
            .in_a_wall(self.attempt_timeout.or(self.deadline.time()), lease)
            .named(self.named())
            .classify(self.classify.clone())
            .clock(self.shared_clock());
        self.telling(breaker, CircuitBreakerBuilder::metrics).build()
    }

    fn built_timeout(&self) -> Option<Timeout<TokioTimer>> {
        let timeout = Timeout::after(self.attempt_timeout?, TokioTimer);
        Some(match &self.metrics {
            Some(metrics) => timeout.metrics(metrics, &self.name),
            None => timeout,
        })
    }

    /// A part that tells the metrics of the wall; its own, if the wall has none.
    fn telling<B>(&self, part: B, tell: impl FnOnce(B, &Metrics) -> B) -> B {
        match &self.metrics {
            Some(metrics) => tell(part, metrics),
            None => part,
        }
    }

    fn shared_clock(&self) -> Arc<dyn Clock> {
        self.clock.clone().unwrap_or_else(|| Arc::new(SystemClock))
    }

    /// An empty name is told once, and not by each part.
    fn named(&self) -> Cow<'static, str> {
        if self.name.is_empty() { "unnamed".into() } else { self.name.clone() }
    }
}

/// For requests, and for other calls.
type Repeats = (RetryLayer<HttpClassify, TokioTimer>, RetryPolicy<TokioTimer>);

/// When a call is slow that takes no longer than this. What hangs until its time is over would be slow to nobody
/// otherwise, and as little news of the dependency as one that its caller has given up.
fn reached(slow: Duration, longest: Option<Duration>) -> Duration {
    match longest {
        Some(longest) if slow >= longest && !longest.is_zero() => longest / 2,
        _ => slow,
    }
}

/// What was built, if nothing was wrong.
pub(super) fn whole<T>(faults: Faults, built: Option<T>) -> Result<T, BuildError> {
    faults.finish(built)?.ok_or_else(|| BuildError::of("", "the parts do not make a wall"))
}
