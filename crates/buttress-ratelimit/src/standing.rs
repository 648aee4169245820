use std::time::Duration;

use buttress_core::clock::nanos;

use crate::{Algorithm, Limit};

/// Who decided about a charge.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Source {
    /// The store itself.
    #[default]
    Store,
    /// The memory of this process: exact, for what the store had said before.
    Remembered,
    /// The memory of this process, out of what it had taken of the store in advance.
    Leased,
    /// The memory of this process, as the store could not be asked.
    Local,
    /// Nobody, as the store could not be asked, and the policy then allows.
    Allowed,
    /// Nobody, as the store could not be asked, and the policy then denies.
    Denied,
    /// Nobody, as there was no room for its key, and the table then [lets through](crate::store::WhenFull::Admit).
    Uncounted,
    /// Nobody, as there was no room: for its key, and the table then [refuses](crate::store::WhenFull::Refuse), or for
    /// one more who waits. Nobody is [banned](crate::Penalty) for that.
    Crowded,
    /// Nobody, as another charge was refused without asking the store. What its standing says means nothing.
    Unasked,
}

/// How one charge stands after a decision.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Standing {
    /// Nanoseconds.
    resets_in: u64,
    remaining: u32,
    source: Source,
}

impl Standing {
    /// Of nobody.
    pub(crate) const EMPTY: Self = Self { resets_in: 0, remaining: 0, source: Source::Store };

    /// So much is left, and in this time all of it is there again.
    #[must_use]
    pub fn new(remaining: u64, resets_in: Duration, source: Source) -> Self {
        Self {
            resets_in: nanos(resets_in),
            remaining: u32::try_from(remaining).unwrap_or(u32::MAX),
            source,
        }
    }

    /// The same, decided by somebody else.
    pub(crate) const fn by(self, source: Source) -> Self {
        Self { source, ..self }
    }

    /// The same once it is known that `taken` costs so much. When all is there again nobody knows of a window in which
    /// others have taken something: it is never said too soon.
    pub(crate) fn settled(self, limit: &Limit, taken: u32, costs: u32) -> Self {
        if costs == taken {
            return self;
        }
        let before = (u64::from(self.remaining) + u64::from(taken)).min(limit.burst());
        let remaining = before.saturating_sub(costs.into());
        let resets_in = match limit.algorithm() {
            _ if remaining == limit.burst() => 0,
            Algorithm::Gcra => {
                let level = self.resets_in.saturating_sub(limit.price(taken));
                level.saturating_add(limit.price(costs)).min(limit.deepest.max(level))
            }
            _ if costs <= taken => self.resets_in,
            Algorithm::FixedWindow if self.resets_in > 0 => self.resets_in,
            // What came on top counts from now on.
            Algorithm::SlidingCounter => self.resets_in.max(limit.period.saturating_mul(2)),
            _ => self.resets_in.max(limit.period),
        };
        let remaining = u32::try_from(remaining).unwrap_or(u32::MAX);
        Self { resets_in, remaining, ..self }
    }

    #[inline]
    pub(crate) const fn from_nanos(remaining: u32, resets_in: u64, source: Source) -> Self {
        Self { resets_in, remaining, source }
    }

    /// How much may be taken at once now.
    #[must_use]
    pub const fn remaining(&self) -> u32 {
        self.remaining
    }

    /// How long until everything may be taken again.
    #[must_use]
    pub const fn resets_in(&self) -> Duration {
        Duration::from_nanos(self.resets_in)
    }

    #[inline]
    pub(crate) const fn resets_in_nanos(&self) -> u64 {
        self.resets_in
    }

    #[inline]
    pub(crate) const fn is_of_store(&self) -> bool {
        matches!(self.source, Source::Store)
    }

    /// Who said so.
    #[must_use]
    pub const fn source(&self) -> Source {
        self.source
    }
}
