use std::time::Duration;

use buttress_core::Faults;

/// What a builder was told of its queue.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum QueueSettings {
    /// Nothing, so nobody waits.
    None,
    /// That so many may wait, and so long at most.
    Of { length: u32, at_most: Duration },
    /// By a file, how long one may wait, though nobody may.
    StrayWait,
}

/// More would wait longer than anyone does.
const MOST_WAITING: u32 = 1 << 20;

impl QueueSettings {
    /// As a file has them, where a wait other than this is one that was said.
    pub(crate) const fn of_a_file(length: u32, at_most_ms: u64, unsaid_ms: u64) -> Self {
        match length {
            0 if at_most_ms == unsaid_ms => Self::None,
            0 => Self::StrayWait,
            length => Self::Of { length, at_most: Duration::from_millis(at_most_ms) },
        }
    }

    /// How many may wait; nobody, without a queue.
    pub(crate) const fn length(self) -> u32 {
        match self {
            Self::Of { length, .. } => length,
            Self::None | Self::StrayWait => 0,
        }
    }

    /// How long one may wait at most.
    pub(crate) const fn at_most(self) -> Duration {
        match self {
            Self::Of { at_most, .. } => at_most,
            Self::None | Self::StrayWait => Duration::ZERO,
        }
    }

    /// Whether there is a queue.
    pub(crate) const fn is_there(self) -> bool {
        matches!(self, Self::Of { .. })
    }

    pub(crate) fn check(self, faults: &mut Faults) {
        match self {
            Self::None => {}
            // It would be ignored.
            Self::StrayWait => faults.add("queue.at_most", "needs a queue"),
            Self::Of { length, at_most } => {
                if !(1..=MOST_WAITING).contains(&length) {
                    faults.add("queue.length", format_args!("must be from 1 to {MOST_WAITING}"));
                }
                if at_most.is_zero() {
                    faults.add("queue.at_most", "must be greater than zero");
                }
            }
        }
    }
}
