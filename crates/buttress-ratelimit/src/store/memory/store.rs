use buttress_core::engine::Step;
use buttress_core::key::KeyParts;
use buttress_core::metrics::Metrics;
use buttress_core::stage::Never;
use buttress_core::{BuildError, Faults};

use super::outcome::Time;
use super::table::Table;
use super::{Checked, Heaviest, Memory, Usage};
use crate::store::{LimitStore, Receipt, Terms};
use crate::{Algorithm, Charge, Charges, Limits, Verdict};

impl LimitStore for Memory {
    type Wait = Never;

    fn bind(
        self,
        terms: &[Terms],
        shard: Option<&KeyParts>,
        _: &Metrics,
    ) -> Result<Self, BuildError> {
        let mut faults = Faults::new();
        self.check_setup(&mut faults);
        self.check_terms(terms, shard, &mut faults);
        let this = faults.finish(self)?;
        let algorithms = algorithms(terms);
        let mut faults = Faults::new();
        // Another set may have come meanwhile.
        if !this.tables(algorithms.iter().copied()).count_as(&algorithms) {
            faults.add("memory", TAKEN);
        }
        faults.finish(this)
    }

    #[expect(clippy::inline_always, reason = "a call would move the verdict")]
    #[inline(always)]
    fn take(&self, limits: &Limits, charges: &Charges) -> Step<Verdict, Never> {
        let mut step = Step::Now(Verdict::taken());
        if let Step::Now(verdict) = &mut step {
            let time = Time::of(&self.shared.settings.clock);
            self.books(limits).take(charges.as_slice(), time, verdict);
        }
        step
    }

    fn check_setup(&self, faults: &mut Faults) {
        self.shared.settings.room.check(faults);
    }

    fn check_terms(&self, terms: &[Terms], _: Option<&KeyParts>, faults: &mut Faults) {
        let (algorithms, room) = (algorithms(terms), self.shared.settings.room);
        if room.is_right() && !Table::fit(&algorithms, room) {
            faults.add(room.path(), "is more memory than there is");
        }
        if self.shared.tables.get().is_some_and(|tables| !tables.count_as(&algorithms)) {
            faults.add("memory", TAKEN);
        }
    }

    fn memory(&self) -> Option<&Memory> {
        Some(self)
    }

    #[inline]
    fn take_one(&self, limits: &Limits, charge: &Charge) -> Option<Checked> {
        let now = Time::of(&self.shared.settings.clock).now();
        let outcome = self.books(limits).take_at_once(charge, now)?;
        Some(Checked::new(&outcome, outcome.standing(now)))
    }

    fn look(&self, limits: &Limits, charges: &Charges) -> Step<Verdict, Never> {
        Step::Now(self.books(limits).look(charges.as_slice(), self.now()))
    }

    fn count(&self, limits: &Limits, charges: &Charges) {
        let _ = self.counted(limits, charges);
    }

    fn count_with(&self, limits: &Limits, charges: &Charges, receipt: Receipt) {
        receipt.counted(&self.counted(limits, charges));
    }

    fn give_back(&self, limits: &Limits, charges: &Charges) {
        let time = Time::of(&self.shared.settings.clock);
        self.books(limits).give_back(charges.as_slice(), time);
    }

    fn usage(&self, limits: &Limits, policy: u8) -> Option<Usage> {
        Some(Self::usage(self, limits, policy))
    }

    fn glance(&self, limits: &Limits, policy: u8) -> Option<Usage> {
        Some(Self::glance(self, limits, policy))
    }

    fn heaviest(&self, limits: &Limits, policy: u8, most: usize) -> Option<Vec<Heaviest>> {
        Some(Self::heaviest(self, limits, policy, most))
    }

    fn forget(&self, limits: &Limits, charges: &Charges) -> Step<Verdict, Never> {
        Step::Now(self.books(limits).forget(charges.as_slice(), self.now()))
    }
}

impl Memory {
    /// Counts, whether or not there is room; how much of each was counted, and until when that counts.
    pub(crate) fn counted(&self, limits: &Limits, charges: &Charges) -> Charges {
        let time = Time::of(&self.shared.settings.clock);
        self.books(limits).count(charges.as_slice(), time)
    }
}

const TAKEN: &str = "counts for another set of policies already";

fn algorithms(terms: &[Terms]) -> Vec<Algorithm> {
    terms.iter().map(|terms| terms.limit().algorithm()).collect()
}
