/// How many calls, and how many of them were not as they should be.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Counts {
    pub(crate) calls: u64,
    pub(crate) failed: u64,
    pub(crate) slow: u64,
}

impl Counts {
    /// Of a call that is counted already.
    pub(crate) const FAILURE: Self = Self { calls: 0, failed: 1, slow: 0 };

    pub(crate) const fn successes(calls: u64) -> Self {
        Self { calls, failed: 0, slow: 0 }
    }

    pub(crate) const fn one(failed: bool, slow: bool) -> Self {
        Self { calls: 1, failed: failed as u64, slow: slow as u64 }
    }

    pub(crate) const fn plus(self, more: Self) -> Self {
        Self {
            calls: self.calls + more.calls,
            failed: self.failed + more.failed,
            slow: self.slow + more.slow,
        }
    }

    pub(crate) const fn minus(self, less: Self) -> Self {
        Self {
            calls: self.calls - less.calls,
            failed: self.failed - less.failed,
            slow: self.slow - less.slow,
        }
    }

    /// Whether `part` of the calls is at least so many percent of them.
    pub(crate) const fn reach(self, part: u64, percent: u32) -> bool {
        part * 100 >= self.calls * percent as u64
    }

    /// The share of `part` in percent. (That one failed may still count when the call itself does no more.)
    pub(crate) const fn percent(self, part: u64) -> u32 {
        match (part * 100).checked_div(self.calls) {
            #[expect(clippy::cast_possible_truncation, reason = "it is 100 at most")]
            Some(percent) if percent < 100 => percent as u32,
            _ => 100,
        }
    }
}
