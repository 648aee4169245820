use std::time::Duration;

use super::{Backoff, nanos};

/// How chance spreads pauses, so that those who failed together do not come back together.
///
/// ```
/// use buttress_core::clock::ms;
/// use buttress_retry::{Backoff, Jitter, Pauses};
///
/// let backoff = Backoff::fixed(ms(100)).jitter(Jitter::Full);
/// // Chance is a number from nothing to the largest there is.
/// assert_eq!(Pauses::new().next(&backoff, 0), ms(0));
/// assert_eq!(Pauses::new().next(&backoff, u64::MAX), ms(100));
///
/// let backoff = backoff.jitter(Jitter::Equal);
/// assert_eq!(Pauses::new().next(&backoff, 0), ms(50));
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Jitter {
    /// Each pause is as long as it says.
    #[default]
    None,
    /// One half is certain, the other half chance.
    Equal,
    /// Anything from nothing to the whole pause.
    Full,
    /// Anything from the first pause to three times the one before. It grows by itself, whatever the backoff says.
    Decorrelated,
    /// So many per cent more or less.
    Spread(u32),
}

/// The pauses of one call: where it stands in its [`Backoff`].
///
/// ```
/// use buttress_core::clock::ms;
/// use buttress_retry::{Backoff, Pauses};
///
/// let backoff = Backoff::exponential(ms(10));
/// let mut pauses = Pauses::new();
/// assert_eq!([pauses.next(&backoff, 0), pauses.next(&backoff, 0)], [ms(10), ms(20)]);
///
/// pauses.restart();
/// assert_eq!(pauses.next(&backoff, 0), ms(10));
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Pauses {
    repeats: u32,
    previous: Duration,
}

impl Pauses {
    /// Before the first repeat.
    #[must_use]
    pub const fn new() -> Self {
        Self { repeats: 0, previous: Duration::ZERO }
    }

    /// How long to wait before the next repeat. `chance` is any number, each as likely as the others.
    pub fn next(&mut self, backoff: &Backoff, chance: u64) -> Duration {
        self.repeats = self.repeats.saturating_add(1);
        let bare = backoff.bare(self.repeats);
        let pause = match backoff.jitter {
            Jitter::None => bare,
            Jitter::Full => share(bare, chance),
            Jitter::Equal => bare / 2 + share(bare.saturating_sub(bare / 2), chance),
            Jitter::Spread(percent) => spread(bare, percent.min(100), chance),
            Jitter::Decorrelated => {
                let longest = self.previous.max(backoff.first).saturating_mul(3);
                backoff.first + share(longest.saturating_sub(backoff.first), chance)
            }
        };
        // At last, so that no chance gets above it; and before it is kept, or the next would grow from there.
        self.previous = pause.min(backoff.max);
        self.previous
    }

    /// By how much chance has prolonged the last pause: what is above the shortest that it could have been.
    pub(crate) fn by_chance(&self, backoff: &Backoff) -> Duration {
        let bare = backoff.bare(self.repeats);
        let least = match backoff.jitter {
            Jitter::None => return Duration::ZERO,
            Jitter::Full => Duration::ZERO,
            Jitter::Equal => bare / 2,
            Jitter::Spread(percent) => bare.saturating_sub(margin(bare, percent.min(100))),
            Jitter::Decorrelated => backoff.first,
        };
        self.previous.saturating_sub(least)
    }

    /// Begins anew, as when the other side has said how long to wait.
    pub const fn restart(&mut self) {
        *self = Self::new();
    }
}

/// From nothing to the whole of it.
fn share(whole: Duration, chance: u64) -> Duration {
    nanos((whole.as_nanos().min(u64::MAX.into()) * (u128::from(chance) + 1)) >> u64::BITS)
}

fn margin(bare: Duration, percent: u32) -> Duration {
    nanos(bare.as_nanos() * u128::from(percent) / 100)
}

fn spread(bare: Duration, percent: u32, chance: u64) -> Duration {
    let margin = margin(bare, percent);
    bare.saturating_sub(margin).saturating_add(share(margin.saturating_mul(2), chance))
}
