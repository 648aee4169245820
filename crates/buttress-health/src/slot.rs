use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use buttress_core::clock::{Moment, Timestamp};
use buttress_core::{HealthStatus, Probe};

use crate::hops::{HopId, Hops};
use crate::metrics::CheckCounts;
use crate::parts::ArcSwapOption;
use crate::parts::atomic::AtomicBool;
use crate::{CheckStatus, Importance, json};

/// How a check is run, with everything decided.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Plan {
    pub(crate) deadline: Duration,
    pub(crate) interval: Duration,
    /// In thousandths of the interval.
    pub(crate) jitter: u16,
    pub(crate) initial_delay: Duration,
    pub(crate) stale_after: Duration,
    pub(crate) fall: NonZeroU32,
    pub(crate) rise: NonZeroU32,
}

/// The fixed place of one check: its task writes what it saw, anybody reads it, and nobody waits.
pub(crate) struct Slot {
    pub(crate) name: String,
    pub(crate) importance: Importance,
    pub(crate) startup: bool,
    pub(crate) groups: Vec<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) plan: Plan,
    pub(crate) probe: Arc<dyn Probe>,
    pub(crate) hops: Option<Arc<Hops>>,
    pub(crate) counts: CheckCounts,
    pub(crate) texts: json::SlotTexts,
    pub(crate) seen: ArcSwapOption<Seen>,
    /// Whether it has ever been well.
    pub(crate) succeeded: AtomicBool,
    /// Whether a task runs it: so that two never do.
    pub(crate) claimed: AtomicBool,
}

/// What is known since the last run.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) status: HealthStatus,
    pub(crate) latency: Duration,
    /// When the last run was over.
    pub(crate) time: Timestamp,
    /// Since when it has had this status.
    pub(crate) since: Timestamp,
    pub(crate) last_success: Option<Timestamp>,
    /// Redacted.
    pub(crate) message: Option<Box<str>>,
    /// Redacted.
    pub(crate) details: Vec<(Box<str>, Box<str>)>,
    /// From when on nobody knows any more.
    pub(crate) expires: Moment,
    /// What the report says of it after its status.
    pub(crate) text: Box<str>,
    /// The same in `application/health+json`.
    pub(crate) health_text: Box<str>,
}

impl Slot {
    /// How it is, and when that will have to be asked again although nothing happened.
    pub(crate) fn judge(&self, now: Moment, own: &HopId) -> (CheckStatus, Moment) {
        let (status, expires) = self.last(now);
        let leads_home = || self.hops.as_ref().is_some_and(|hops| hops.lead_home(own));
        // Of one that ran too long ago nobody knows either where it leads.
        let is_circular = status != CheckStatus::Unknown && leads_home();
        (if is_circular { CheckStatus::Circular } else { status }, expires)
    }

    /// What its last run showed, and until when that holds.
    pub(crate) fn last(&self, now: Moment) -> (CheckStatus, Moment) {
        match &*self.seen.load() {
            None => (CheckStatus::Pending, Moment::LAST),
            Some(seen) if now >= seen.expires => (CheckStatus::Unknown, Moment::LAST),
            Some(seen) => (seen.status.into(), seen.expires),
        }
    }

    pub(crate) fn is_in(&self, group: &str) -> bool {
        self.groups.iter().any(|own| own == group)
    }
}
