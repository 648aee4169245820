//! What all clones of [`HealthChecks`] share.

use std::sync::Arc;

use buttress_core::Redact;
use buttress_core::clock::{Clock, Moment};

use crate::HealthChecks;
use crate::access::Access;
use crate::answer::Texts;
use crate::bell::Bell;
use crate::board::Board;
use crate::metrics::Counts;
use crate::overseer::Told;
use crate::parts::atomic::{AtomicBool, AtomicU64, AtomicUsize};
use crate::parts::{ArcSwapOption, Lock, OnceLock};
use crate::paths::Paths;
use crate::traffic::Traffic;
use crate::vital::Vital;

pub(crate) struct Inner {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) started: Moment,
    pub(crate) paths: Paths,
    pub(crate) access: Access,
    pub(crate) vitals: Box<[Vital]>,
    pub(crate) board: Board,
    pub(crate) texts: Texts,
    /// The list of the checks as it was last written, of the whole and of each group, in each shape.
    pub(crate) written: Box<[ArcSwapOption<Written>]>,
    pub(crate) traffic: Option<Traffic>,
    /// In bytes, as it was last read; zero for not yet.
    pub(crate) resident: AtomicU64,
    pub(crate) redact: Redact,
    pub(crate) counts: Counts,
    /// Whether a task looks after the whole: so that two never do.
    pub(crate) overseen: AtomicBool,
    /// What that task has told last: kept for the next one.
    pub(crate) told: Lock<Told>,
    /// Rung when a check changed, for the task that looks after the whole.
    pub(crate) stirred: Arc<Bell>,
    /// Rung when something changed that others may want to know.
    pub(crate) changed: Arc<Bell>,
    /// Who answers in its place, once there is a configuration. Never one that is starting itself.
    pub(crate) heir: OnceLock<HealthChecks>,
    pub(crate) watchers: AtomicUsize,
    /// Whether a gRPC service was made of this, so that its calls are probes too.
    pub(crate) speaks_grpc: AtomicBool,
    #[cfg_attr(not(feature = "grpc"), expect(dead_code, reason = "only gRPC has watchers"))]
    pub(crate) most_watchers: usize,
}

/// The elements of `checks` in a report, and what they were written from.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) results: u64,
    pub(crate) edition: u64,
    pub(crate) text: Box<str>,
}
