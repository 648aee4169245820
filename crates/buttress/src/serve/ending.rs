use std::time::Duration;

use buttress_core::clock::{Clock, Moment};

use super::news::News;
use super::phase::{Ask, Phase};
use super::report::Report;
use super::round::rouse;
use super::running::Running;

/// The way from phase to phase.
impl<S> Running<S> {
    pub(super) fn asked(&mut self, ask: Ask) {
        let now = self.clock.now();
        let before = self.plan.phase();
        self.asked.get_or_insert(now);
        self.plan.ask(ask, now);
        if self.plan.phase() != before {
            self.enter();
        }
    }

    /// Tells everybody which phase it is.
    pub(super) fn enter(&mut self) {
        let phase = self.plan.phase();
        self.show(phase);
        let connections = self.tasks.len();
        let links = self.links.values().chain(&self.orphans);
        let requests: usize = links.map(|link| link.under_way()).sum();
        if phase > Phase::Serving {
            rouse();
            tracing::info!(target: "buttress", %phase, connections, requests, "the server goes down");
        }
        match phase {
            Phase::Serving => {
                #[cfg(feature = "systemd")]
                self.systemd.ready();
            }
            Phase::Draining => {
                #[cfg(feature = "systemd")]
                self.systemd.stopping();
                self.hooks.draining();
            }
            Phase::Closing => self.links.values().for_each(|link| link.wake()),
            Phase::Aborting => self.abort(connections),
            Phase::Ended if connections + requests > 0 => self.leave_behind(connections, requests),
            Phase::Ended => {}
        }
    }

    /// Tells all who look at the phase.
    pub(super) fn show(&mut self, phase: Phase) {
        self.shutdown.enter(phase);
        self.meters.entered(self.shown.replace(phase), phase);
    }

    fn abort(&mut self, connections: usize) {
        let links = self.links.values().chain(&self.orphans);
        let requests: usize = links.map(|link| link.at_stake()).sum();
        self.report.aborted_connections = connections as u64;
        self.report.aborted_requests = requests as u64;
        self.meters.aborted(connections, requests);
        tracing::warn!(target: "buttress", connections, requests, "what is left is cut off");
        self.tasks.abort_all();
    }

    /// Nobody will say any more how many requests these had.
    fn leave_behind(&mut self, connections: usize, requests: usize) {
        let begun = self.links.values().map(|link| link.seen().requests);
        self.report.requests += begun.sum::<u64>();
        tracing::error!(target: "buttress", connections, requests, "handlers hold their threads, and are left behind");
    }

    pub(super) async fn finish(mut self, hook_time: Duration, news: &mut News) -> Report {
        let broken_hooks = std::mem::take(&mut self.hooks).run(hook_time, news).await;
        let asked = self.asked.unwrap_or(Moment::LAST);
        let shutdown = self.clock.now() - asked;
        let (panicked, failed) = (self.meters.panics(), self.meters.failures());
        let report = Report { panicked, failed, broken_hooks, shutdown, ..self.report };
        tracing::info!(target: "buttress", ?shutdown, "{report}");
        report
    }
}
