//! From what a builder has collected to what is asked.

use std::sync::Arc;

use buttress_core::Faults;

use crate::access::Access;
use crate::answer::Texts;
use crate::bell::Bell;
use crate::board::Board;
use crate::builder::HealthChecksBuilder;
use crate::hops::HopId;
use crate::inner::Inner;
use crate::metrics::Counts;
use crate::parts::atomic::{AtomicBool, AtomicU64, AtomicUsize};
use crate::parts::{Lock, OnceLock};
use crate::paths::Paths;
use crate::slot::Slot;
use crate::traffic::Traffic;
use crate::vital::Vital;
use crate::{details, plan};

/// A longer version is not a version.
const LONGEST_VERSION: usize = 128;

impl HealthChecksBuilder {
    /// Reads the settings, and puts together what all clones share.
    pub(crate) fn inner(self, faults: &mut Faults, held: bool) -> Inner {
        let Self { settings, checks, vitals, metrics, redact, clock } = self;
        let paths = &settings.paths;
        let paths = Paths::read(faults, &paths.live, &paths.ready, &paths.startup);
        let version = version(faults, settings.version.as_deref());
        let own = own_name(faults, settings.service.as_deref());
        let details = settings.details;
        let access =
            Access::read(faults, details.insecure_everyone, &details.networks, details.tokens);
        let slots = plan::slots(faults, &settings.checks, checks, &metrics);
        own_hops(&slots, &own);
        distinct(faults, &vitals);
        let board = Board::new(slots, own, held);
        let started = clock.now();
        Inner {
            started,
            clock,
            paths,
            access,
            vitals: vitals.into(),
            written: details::places(&board),
            board,
            texts: Texts::new(version),
            traffic: settings.summary.then(|| Traffic::new(started)),
            resident: AtomicU64::new(0),
            redact,
            counts: Counts::new(&metrics),
            overseen: AtomicBool::new(false),
            told: Lock::default(),
            stirred: Arc::new(Bell::default()),
            changed: Arc::new(Bell::default()),
            heir: OnceLock::new(),
            watchers: AtomicUsize::new(0),
            speaks_grpc: AtomicBool::new(false),
            most_watchers: settings.max_watchers,
        }
    }
}

fn version<'a>(faults: &mut Faults, version: Option<&'a str>) -> Option<&'a str> {
    if version.is_some_and(|version| version.len() > LONGEST_VERSION) {
        faults.add("version", format_args!("must be at most {LONGEST_VERSION} bytes long"));
    }
    version
}

/// The name that was given, or one that nobody else has.
fn own_name(faults: &mut Faults, given: Option<&str>) -> HopId {
    let Some(given) = given else { return HopId::random() };
    HopId::parse(given).unwrap_or_else(|| {
        let reason = "must be 1 to 64 letters, digits and `-_.`";
        faults.add("service", format_args!("`{given}` {reason}"));
        HopId::random()
    })
}

/// Their names are the members of an object, for those who ask for that shape.
fn distinct(faults: &mut Faults, vitals: &[Vital]) {
    for (at, vital) in vitals.iter().enumerate() {
        if vitals.iter().take(at).any(|before| before.name == vital.name) {
            faults.add(format!("live.{}", vital.name), "is used twice");
        }
    }
}

fn own_hops(slots: &[Slot], own: &HopId) {
    slots.iter().filter_map(|slot| slot.hops.as_ref()).for_each(|hops| hops.belong_to(own));
}
