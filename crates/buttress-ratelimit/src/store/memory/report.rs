//! What people ask of a table, and not each request.

use super::tally::{GLANCE, SAMPLE};
use super::{Heaviest, Memory, Usage};
use crate::Limits;

impl Memory {
    /// The `most` keys of a policy that have least left, the heaviest first: for people, not for each request.
    ///
    /// ```
    /// # use buttress_core::Key;
    /// # use buttress_core::clock::{Clock, ManualClock};
    /// # use buttress_ratelimit::store::Memory;
    /// # use buttress_ratelimit::{Charge, Limit, Limits, Quota};
    /// # let limits: Limits = [Limit::try_from(Quota::per_hour(10))?].into_iter().collect();
    /// let clock = ManualClock::new();
    /// let memory = Memory::new().clock(clock.clone());
    /// for (name, cost) in [(1, 9), (2, 1), (3, 7)] {
    ///     let charge = Charge::new(0, Key::from_bytes([name; 16]), cost);
    ///     assert!(memory.check(&limits, &charge, clock.now()).is_taken());
    /// }
    /// let heaviest = memory.heaviest(&limits, 0, 5);
    /// assert_eq!(heaviest[0].key(), Key::from_bytes([1; 16]));
    /// assert_eq!(heaviest[1].standing().remaining(), 3);
    /// assert_eq!(heaviest.len(), 2);
    /// # Ok::<_, buttress_core::BuildError>(())
    /// ```
    ///
    /// With [`Gcra`](crate::Algorithm::Gcra) these are keys that had taken more than half of their burst. About a
    /// thousand of those are remembered in 24 KiB, of a small table 64, and where there are more, some may be missing
    /// that are not among the heaviest.
    #[must_use]
    pub fn heaviest(&self, limits: &Limits, policy: u8, most: usize) -> Vec<Heaviest> {
        let now = self.now();
        let table = self.books(limits).of(policy);
        Heaviest::of(
            table.map(|(table, limit)| table.heaviest(limit, now)).unwrap_or_default(),
            most,
        )
    }

    /// How full the table of a policy is: for people and metrics, not for each request.
    ///
    /// It looks at 65,536 places at most, so it takes no longer for a table of a hundred million. Of a larger one the
    /// others are taken to be as full, as keys are spread by chance: [live](Usage::live) is then off by less than one
    /// in a hundred places, but once in a million times.
    #[must_use]
    pub fn usage(&self, limits: &Limits, policy: u8) -> Usage {
        self.sampled(limits, policy, SAMPLE)
    }

    /// About how full the table of a policy is: for a probe, which is asked again and again.
    ///
    /// It looks at 4,096 places at most. [Live](Usage::live) is then off by less than four in a hundred places, but once
    /// in a million times; all else is exact.
    #[must_use]
    pub fn glance(&self, limits: &Limits, policy: u8) -> Usage {
        self.sampled(limits, policy, GLANCE)
    }

    fn sampled(&self, limits: &Limits, policy: u8, sample: usize) -> Usage {
        let now = self.now();
        let table = self.books(limits).of(policy);
        table.map(|(table, limit)| table.usage(limit, now, sample)).unwrap_or_default()
    }
}
