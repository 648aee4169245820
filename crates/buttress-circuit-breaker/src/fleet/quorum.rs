use std::fmt;

use buttress_core::{BuildError, Faults};

/// How many processes must have found a dependency down until all of them stop calling it. Two, if nothing else is
/// said.
///
/// It is two at least, also as a share: one process with a broken network must not open the breakers of all.
///
/// ```
/// use buttress_circuit_breaker::fleet::Quorum;
///
/// assert_eq!(Quorum::of(3).votes(100), 3);
/// assert_eq!(Quorum::share(50).votes(9), 5);
/// assert_eq!(Quorum::share(50).votes(1), 2, "nobody alone is a fleet");
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Quorum(Kind);

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Votes(u32),
    Percent(u32),
}

impl Quorum {
    /// What any quorum takes.
    const LEAST: u32 = 2;

    /// So many processes, however many there are.
    #[must_use]
    pub const fn of(votes: u32) -> Self {
        Self(Kind::Votes(votes))
    }

    /// Such a part of the processes that are there, in percent, rounded up.
    #[must_use]
    pub const fn share(percent: u32) -> Self {
        Self(Kind::Percent(percent))
    }

    /// How many votes that are, where there are so many processes.
    #[must_use]
    pub fn votes(self, members: u32) -> u32 {
        match self.0 {
            Kind::Votes(votes) => votes.max(Self::LEAST),
            Kind::Percent(percent) => {
                let votes = (u64::from(members) * u64::from(percent)).div_ceil(100);
                u32::try_from(votes).unwrap_or(u32::MAX).max(Self::LEAST)
            }
        }
    }

    pub(super) fn check(self) -> Result<Self, BuildError> {
        let mut faults = Faults::new();
        match self.0 {
            Kind::Votes(votes) if votes < Self::LEAST => {
                let reason =
                    "must be at least 2 votes: one process must not open the breakers of all";
                faults.add("quorum", reason);
            }
            Kind::Percent(percent) if percent == 0 || percent > 100 => {
                faults.add("quorum", format_args!("must be 1 to 100 percent, not {percent}"));
            }
            _ => {}
        }
        faults.finish(self)
    }
}

impl Default for Quorum {
    fn default() -> Self {
        Self::of(Self::LEAST)
    }
}

impl fmt::Display for Quorum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Kind::Votes(votes) => write!(f, "{votes} votes"),
            Kind::Percent(percent) => write!(f, "{percent} % of the processes"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_would_open_all_by_one_is_refused() {
        for quorum in [Quorum::of(0), Quorum::of(1), Quorum::share(0), Quorum::share(101)] {
            let error = quorum.check().unwrap_err();
            assert_eq!(error.faults()[0].path(), "quorum", "{quorum}");
        }
        for quorum in [Quorum::default(), Quorum::of(7), Quorum::share(1), Quorum::share(100)] {
            assert_eq!(quorum.check(), Ok(quorum));
        }
    }

    proptest! {
        #[test]
        fn a_share_is_a_share_and_never_one(percent in 1_u32..=100, members: u32) {
            let votes = u64::from(Quorum::share(percent).votes(members));
            prop_assert!(votes >= 2 && votes * 100 >= u64::from(members) * u64::from(percent));
            prop_assert!(votes <= u64::from(members).max(2));
        }
    }
}
