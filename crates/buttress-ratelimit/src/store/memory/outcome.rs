use buttress_core::Key;
use buttress_core::clock::Moment;

use super::settings::Watch;
use crate::algorithm::counter::{Counter, LATEST};
use crate::{Charge, Limit, Retry, Source, Standing};

/// What one charge asks.
#[derive(Clone, Copy)]
pub(super) struct Ask {
    pub(super) key: Key,
    pub(super) cost: u32,
    /// Whether it is counted even if there is no room.
    pub(super) forced: bool,
}

impl From<&Charge> for Ask {
    #[inline]
    fn from(charge: &Charge) -> Self {
        Self { key: charge.key, cost: charge.cost, forced: false }
    }
}

/// What came of it.
#[derive(Clone, Copy)]
pub(super) struct Outcome {
    /// How long to wait before going on, in nanoseconds; or why not. Of what is [forced](Ask::forced), which waits for
    /// nothing, how much was counted.
    pub(super) room: Result<u64, Retry>,
    /// When everything may be taken again, in nanoseconds of the time line.
    pub(super) until: u64,
    pub(super) remaining: u32,
    pub(super) source: Source,
}

impl Outcome {
    /// Decided so, and the key stands like this.
    #[inline]
    pub(super) fn of<C: Counter>(
        room: Result<u64, Retry>,
        counter: &C,
        limit: &Limit,
        now: Moment,
    ) -> Self {
        let remaining = u32::try_from(counter.remaining(limit, now)).unwrap_or(u32::MAX);
        Self { room, until: counter.until(limit, now), remaining, source: Source::Store }
    }

    /// There is no such policy: what was asked is a mistake, and never allowed.
    pub(super) const NO_POLICY: Self =
        Self { room: Err(Retry::Never), until: 0, remaining: 0, source: Source::Store };

    /// How much was counted of what was forced.
    pub(super) fn counted(&self) -> u32 {
        match self.source {
            Source::Store => {
                self.room.map_or(0, |counted| u32::try_from(counted).unwrap_or(u32::MAX))
            }
            _ => 0,
        }
    }

    /// How that looks from a time on.
    #[inline]
    pub(super) fn standing(&self, now: Moment) -> Standing {
        Standing::from_nanos(self.remaining, self.until.saturating_sub(now.as_nanos()), self.source)
    }
}

/// The time of a decision.
#[derive(Clone, Copy)]
pub(super) struct Time<'a> {
    now: Moment,
    clock: Option<&'a Watch>,
}

impl<'a> Time<'a> {
    /// That of a clock.
    #[inline]
    pub(super) fn of(clock: &'a Watch) -> Self {
        Self { now: clock.now().min(LATEST), clock: Some(clock) }
    }

    /// This, and it does not move.
    #[inline]
    pub(super) fn at(now: Moment) -> Self {
        Self { now: now.min(LATEST), clock: None }
    }

    #[inline]
    pub(super) const fn now(&self) -> Moment {
        self.now
    }

    /// Looks at the clock again, before something is done that needs more than a time which may be old: another thread
    /// may have looked later, and be further.
    pub(super) fn again(&mut self) -> Moment {
        if let Some(clock) = self.clock {
            self.now = clock.now().min(LATEST);
        }
        self.now
    }
}
