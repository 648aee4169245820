use std::borrow::Cow;
use std::sync::Arc;

use buttress_core::Repeats;
use buttress_core::clock::{Clock, Timer};
use buttress_core::deadline::Wire;
use buttress_core::metrics::Metrics;

use super::RetryBuilder;

/// Where it stands.
impl<C, T> RetryBuilder<C, T> {
    /// Names it, for metrics and spans. The default is `retry`.
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = name.into();
        self
    }

    /// Reads the time from this clock, that of the timer and of deadlines. The default is the system's.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Waits with this timer.
    pub fn timer<U: Timer>(self, timer: U) -> RetryBuilder<C, U> {
        self.map(|classify| classify, |_| timer)
    }

    /// Says how a repeat is marked, and how that of an outer call is known; `None` for not at all. The default is
    /// `x-request-attempt`, and for gRPC `grpc-previous-rpc-attempts`.
    pub fn marker(mut self, marker: Option<Repeats>) -> Self {
        self.repeats = marker;
        self
    }

    /// Says in which header deadlines are written, so that a repeat does not repeat an old one.
    pub fn deadline_header(mut self, wire: Wire) -> Self {
        self.wire = wire;
        self
    }

    /// Counts what becomes of calls. The default is not to.
    pub fn metrics(mut self, metrics: &Metrics) -> Self {
        self.metrics = Some(metrics.clone());
        self
    }

    /// Opens a span for each attempt, at the level of debugging. The default is not to.
    pub fn spans(mut self, open: bool) -> Self {
        self.has_spans = open;
        self
    }

    pub(super) fn map<D, U>(
        self,
        classify: impl FnOnce(C) -> D,
        timer: impl FnOnce(T) -> U,
    ) -> RetryBuilder<D, U> {
        RetryBuilder {
            name: self.name,
            rules: self.rules,
            when: self.when,
            budget: self.budget,
            hedge: self.hedge,
            keep: self.keep,
            dice: self.dice,
            clock: self.clock,
            repeats: self.repeats,
            wire: self.wire,
            metrics: self.metrics,
            has_spans: self.has_spans,
            classify: classify(self.classify),
            timer: timer(self.timer),
        }
    }
}
