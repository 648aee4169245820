use std::fmt;
use std::sync::Arc;

use super::party::Shown;
use super::{Action, AuditBuilder, Event, Record, Sink};
use crate::clock::{Moment, SharedClock};
use crate::flood::{Line, Lines};
use crate::metrics::{Counter, Family};

/// Where security events are told. Cheap to clone; clones tell the same sinks, and sample together.
///
/// The default tells `tracing`. See the [module](super) for what is told, and an example.
#[derive(Clone)]
pub struct Audit(Option<Arc<Rules>>);

pub(super) struct Rules {
    pub(super) sinks: Vec<Box<dyn Sink>>,
    pub(super) clock: SharedClock,
    pub(super) shown: Shown,
    pub(super) floods: Lines,
    pub(super) meters: Meters,
}

#[derive(Debug)]
pub(super) struct Meters {
    pub(super) events: Family<Counter, 2>,
    pub(super) left_out: Family<Counter, 1>,
    pub(super) lost: Counter,
}

/// Longer targets and reasons are cut, in bytes.
const LONGEST_TARGET: usize = 256;
const LONGEST_REASON: usize = 512;

impl Audit {
    /// Starts without a sink.
    pub fn builder() -> AuditBuilder {
        AuditBuilder::default()
    }

    /// Tells nobody.
    #[must_use]
    pub const fn none() -> Self {
        Self(None)
    }

    pub(super) fn new(rules: Rules) -> Self {
        Self(Some(Arc::new(rules)))
    }

    /// Whether a record of this action would be kept: to know before something is looked up for it.
    #[must_use]
    pub fn hears(&self, action: Action) -> bool {
        self.0.as_ref().is_some_and(|rules| rules.hear(action))
    }

    /// Tells of an event, unless nobody listens, or it is one of a flood.
    pub fn record(&self, event: &Event<'_>) {
        let Some(rules) = &self.0 else { return };
        let name = event.action.name();
        rules.meters.events.with([name, event.outcome.as_str()]).increment(1);
        if !rules.hear(event.action) {
            return;
        }
        let now = rules.clock.get().now();
        match rules.admit(event.action, now) {
            Line::Told { left_out } => rules.tell(event, now, left_out),
            Line::LeftOut { .. } => rules.meters.left_out.with([name]).increment(1),
        }
    }
}

impl Rules {
    fn hear(&self, action: Action) -> bool {
        self.sinks.iter().any(|sink| sink.wants(action))
    }

    fn admit(&self, action: Action, now: Moment) -> Line {
        if action.is_sampled() {
            return self.floods.admit(action.name(), now);
        }
        Line::Told { left_out: 0 }
    }

    fn tell(&self, event: &Event<'_>, now: Moment, left_out: u32) {
        let record = self.written(event, now, left_out);
        for sink in self.sinks.iter().filter(|sink| sink.wants(event.action)) {
            if !sink.record(&record) {
                self.meters.lost.increment(1);
            }
        }
    }

    fn written<'a>(&self, event: &Event<'a>, now: Moment, left_out: u32) -> Record<'a> {
        let (actor, client) = event.parties();
        let text = |text, most| self.shown.redact.text(text, most);
        Record {
            time: self.clock.get().wall_at(now),
            action: event.action,
            outcome: event.outcome,
            actor: self.shown.actor(actor),
            client: client.map(|client| self.shown.client(client)),
            target: event.target.map(|target| text(target, LONGEST_TARGET)),
            reason: event.reason.map(|reason| text(reason, LONGEST_REASON)),
            request_id: event.context.map(|context| context.id().as_str().into()),
            trace_id: event.context.map(|context| context.trace().trace_id()),
            left_out,
        }
    }
}

/// Tells `tracing`.
impl Default for Audit {
    fn default() -> Self {
        AuditBuilder::build_default()
    }
}

impl fmt::Debug for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sinks = self.0.as_ref().map_or(0, |rules| rules.sinks.len());
        f.debug_struct("Audit").field("sinks", &sinks).finish_non_exhaustive()
    }
}
