use std::fmt;
use std::time::Duration;

use buttress_core::{BuildError, Faults};

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
        if self.growth != Growth::None && self.first.is_zero() {
            faults.add("first", "must be longer than nothing: for no pause there is `none`");
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

    /// Begins anew, as when the other side has said how long to wait.
    pub const fn restart(&mut self) {
        *self = Self::new();
    }
}

/// From nothing to the whole of it.
fn share(whole: Duration, chance: u64) -> Duration {
    nanos((whole.as_nanos().min(u64::MAX.into()) * (u128::from(chance) + 1)) >> u64::BITS)
}

fn spread(bare: Duration, percent: u32, chance: u64) -> Duration {
    let margin = nanos(bare.as_nanos() * u128::from(percent) / 100);
    bare.saturating_sub(margin).saturating_add(share(margin.saturating_mul(2), chance))
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
mod tests {
    use buttress_core::clock::{ms, secs};
    use proptest::prelude::*;

    use super::*;

    fn jitters() -> impl Strategy<Value = Jitter> {
        prop_oneof![
            Just(Jitter::None),
            Just(Jitter::Equal),
            Just(Jitter::Full),
            Just(Jitter::Decorrelated),
            (0..=100_u32).prop_map(Jitter::Spread),
        ]
    }

    proptest! {
        #[test]
        fn no_pause_is_above_its_cap(
            first in 1..u64::MAX, more in 0..u64::MAX, factor in 1.0..100.0_f64, jitter in jitters(),
            chances in prop::collection::vec(any::<u64>(), 1..40), linear: bool,
        ) {
            let first = Duration::from_nanos(first);
            let max = first.saturating_add(Duration::from_nanos(more));
            let backoff = if linear { Backoff::linear(first) } else { Backoff::exponential(first).factor(factor) };
            let backoff = backoff.max(max).jitter(jitter);
            prop_assert_eq!(backoff.check(), Ok(()));
            let mut pauses = Pauses::new();
            for chance in chances {
                let pause = pauses.next(&backoff, chance);
                prop_assert!(pause <= max, "{pause:?} above {max:?}");
            }
        }

        #[test]
        fn chance_stays_within_what_it_is_given(first in 1..1_000_000_000_000_u64, chance: u64, percent in 0..=100_u32) {
            let first = Duration::from_nanos(first);
            let one = |jitter| Pauses::new().next(&Backoff::exponential(first).max(first * 4).jitter(jitter), chance);
            prop_assert!(one(Jitter::Equal) >= first / 2 && one(Jitter::Equal) <= first);
            prop_assert!(one(Jitter::Full) <= first);
            let decorrelated = one(Jitter::Decorrelated);
            prop_assert!(decorrelated >= first && decorrelated <= first * 3);
            let margin = first * percent / 100 + Duration::from_nanos(1);
            let spread = one(Jitter::Spread(percent));
            prop_assert!(spread + margin >= first && spread <= first + margin);
        }
    }

    #[test]
    fn pauses_grow_up_to_attempt_10_000() {
        for backoff in [
            Backoff::exponential(ms(100)),
            Backoff::exponential(ms(1)).factor(1.001),
            Backoff::linear(Duration::from_nanos(1)),
            Backoff::exponential(secs(1)).max(Duration::MAX).factor(100.0),
        ] {
            let mut before = Duration::ZERO;
            for repeat in 1..=10_000 {
                let pause = backoff.bare(repeat);
                assert!(pause >= before && !pause.is_zero(), "{backoff:?} at {repeat}: {pause:?}");
                before = pause;
            }
        }
        assert_eq!(Backoff::exponential(ms(100)).bare(u32::MAX), LONGEST);
    }

    #[test]
    fn nonsense_is_refused() {
        let paths = |backoff: Backoff| match backoff.check() {
            Ok(()) => Vec::new(),
            Err(error) => error.faults().iter().map(|fault| fault.path().to_owned()).collect(),
        };
        assert_eq!(paths(Backoff::exponential(ms(100)).factor(0.5).max(ms(1))), ["factor", "max"]);
        assert_eq!(paths(Backoff::exponential(ms(100)).factor(f64::NAN)), ["factor"]);
        assert_eq!(paths(Backoff::linear(Duration::ZERO).factor(2.0)), ["factor", "first"]);
        assert_eq!(paths(Backoff::fixed(ms(1)).jitter(Jitter::Spread(101))), ["jitter"]);
        assert_eq!(paths(Backoff::none().jitter(Jitter::Full)), ["jitter"]);
        assert_eq!(paths(Backoff::none()), [""; 0]);
    }
}
