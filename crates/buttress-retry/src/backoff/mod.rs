mod jitter;

use std::fmt;
use std::time::Duration;

use buttress_core::{BuildError, Faults};

pub use self::jitter::{Jitter, Pauses};

/// How the pauses before repeats grow, and how far chance spreads them.
///
/// ```
/// use buttress_core::clock::{ms, secs};
/// use buttress_retry::Backoff;
///
/// let backoff = Backoff::exponential(ms(100)).max(secs(2));
/// let pauses: Vec<_> = (1..=6).map(|repeat| backoff.bare(repeat)).collect();
/// assert_eq!(pauses, [ms(100), ms(200), ms(400), ms(800), ms(1_600), secs(2)]);
///
/// assert_eq!(Backoff::linear(ms(50)).bare(3), ms(150));
/// assert_eq!(Backoff::exponential(ms(100)).factor(1.5).bare(3), ms(225));
/// ```
///
/// # Guarantees
///
/// No pause is longer than [`max`](Self::max), with jitter or without, and none overflows, whatever the repeat.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use = "it only says how long to wait"]
pub struct Backoff {
    growth: Growth,
    first: Duration,
    max: Duration,
    jitter: Jitter,
}

/// From one pause to the next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Growth {
    None,
    Fixed,
    Linear,
    /// In thousandths.
    By(u32),
}

/// Longer than this no pause is, unless [`Backoff::max`] says something else.
const LONGEST: Duration = Duration::from_secs(30);

impl Backoff {
    /// This long before the first repeat, then twice as long each time.
    pub const fn exponential(first: Duration) -> Self {
        Self::new(Growth::By(2_000), first)
    }

    /// This long before the first repeat, twice that before the second, three times that before the third.
    pub const fn linear(step: Duration) -> Self {
        Self::new(Growth::Linear, step)
    }

    /// Always this long.
    pub const fn fixed(time: Duration) -> Self {
        Self::new(Growth::Fixed, time)
    }

    /// No pause at all.
    pub const fn none() -> Self {
        Self { max: Duration::ZERO, ..Self::new(Growth::None, Duration::ZERO) }
    }

    const fn new(growth: Growth, first: Duration) -> Self {
        let max = if first.as_nanos() > LONGEST.as_nanos() { first } else { LONGEST };
        Self { growth, first, max, jitter: Jitter::None }
    }

    /// Grows by this factor and not by two, to the thousandth. Said of an exponential one alone.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "what fits no factor is refused when it is checked"
    )]
    pub const fn factor(mut self, factor: f64) -> Self {
        self.growth = match self.growth {
            Growth::By(_) => Growth::By((factor * 1_000.0 + 0.5) as u32),
            // Refused when it is checked, as no factor is that small.
            Growth::None | Growth::Fixed | Growth::Linear => Growth::By(0),
        };
        self
    }

    /// Sets the longest pause. The default is thirty seconds, or the first one, if that is longer.
    pub const fn max(mut self, longest: Duration) -> Self {
        self.max = longest;
        self
    }

    /// Sets how chance spreads the pauses. The default is not at all; [`Jitter::Full`] is the best of them against a
    /// crowd whose calls failed at the same moment.
    pub const fn jitter(mut self, jitter: Jitter) -> Self {
        self.jitter = jitter;
        self
    }

    /// The pause before this repeat, counted from one, before chance has its say.
    #[must_use]
    pub fn bare(&self, repeat: u32) -> Duration {
        let (first, max) = (self.first.as_nanos(), self.max.as_nanos());
        let grown = match self.growth {
            Growth::None => 0,
            Growth::Fixed => first,
            Growth::Linear => first.saturating_mul(repeat.into()),
            Growth::By(thousandths) => grown(first, max, thousandths, repeat),
        };
        nanos(grown.min(max))
    }

    /// The longest pause there is.
    #[must_use]
    pub const fn longest(&self) -> Duration {
        self.max
    }

    /// Checks that it makes sense.
    pub(crate) fn check(&self) -> Result<(), BuildError> {
        let mut faults = Faults::new();
        if let Growth::By(thousandths) = self.growth
            && !(1_000..=100_000).contains(&thousandths)
        {
            faults.add("factor", "must be from 1 to 100, of an exponential backoff");
        }
        // Where there was to be none, only the factor is wrong: its longest pause says so yet.
        let was_none = self.growth == Growth::By(0) && self.max.is_zero();
        if self.growth != Growth::None && !was_none && self.first.is_zero() {
            faults.add("first", "must be greater than zero: for no pause there is `none`");
        }
        if self.max < self.first {
            faults.add("max", format!("is {:?}, and the first pause {:?}", self.max, self.first));
        }
        if let Jitter::Spread(percent) = self.jitter
            && percent > 100
        {
            faults.add("jitter", format!("must be at most 100 %, not {percent}"));
        }
        if self.growth == Growth::None && self.jitter != Jitter::None {
            faults.add("jitter", "no pause can be spread");
        }
        faults.finish(())
    }
}

/// `first`, as many times by a factor in thousandths as it was repeated, as far as `max`.
fn grown(first: u128, max: u128, thousandths: u32, repeat: u32) -> u128 {
    let mut pause = first;
    // It cannot take long: what does not grow is returned at once, and all else reaches the end.
    for _ in 1..repeat {
        let next = pause.saturating_mul(thousandths.into()) / 1_000;
        if next >= max || next == pause {
            return next.min(max);
        }
        pause = next;
    }
    pause.min(max)
}

fn nanos(nanos: u128) -> Duration {
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

impl fmt::Display for Backoff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.growth {
            Growth::None => f.write_str("no pause"),
            Growth::Fixed => write!(f, "{:?}", self.first),
            Growth::Linear | Growth::By(_) => write!(f, "{:?} to {:?}", self.first, self.max),
        }
    }
}

#[cfg(test)]
mod tests;
