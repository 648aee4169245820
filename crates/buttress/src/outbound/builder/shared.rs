use std::sync::Arc;

use buttress_core::clock::Clock;
use buttress_core::metrics::Metrics;
use buttress_core::outcome::HttpClassify;
#[cfg(doc)]
use buttress_retry::errors::HyperErrors;

use crate::OutboundBuilder;

/// What all parts share.
impl OutboundBuilder {
    /// Judges by this how calls end. The default is [`HttpClassify`]. What is known [of the errors](HyperErrors) of
    /// hyper, hyper-util and h2, and with the feature `reqwest` of those of reqwest, is added to it, for those of which
    /// it says nothing itself.
    pub fn classify(mut self, classify: HttpClassify) -> Self {
        self.classify = classify;
        self
    }

    /// Tells time by this clock, as all parts then do. The default is the system's.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// Counts what becomes of calls, in all parts. The default is not to, but for parts that were given metrics of
    /// their own.
    pub fn metrics(mut self, metrics: &Metrics) -> Self {
        self.metrics = Some(metrics.clone());
        self
    }

    /// Gives refusals a body, the family's JSON, for a client that reads bodies. By default they have none: a program
    /// reads their status, or the [`Problem`](crate::Problem) in their extensions. An answer to HEAD never has one.
    pub fn render_refusals(mut self, render: bool) -> Self {
        self.renders = render;
        self
    }
}
