//! Randomness: [`numbers`] for ids, unpredictable enough not to repeat in a fleet, not made for secrets; and a
//! [`seed`] for what is; and [`Dice`] for chance that a test can repeat.

use std::cell::RefCell;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

thread_local! {
    /// One generator a thread, so that nobody waits. Its 256 bits of state come from the operating
    /// system: with the 64 bits of smaller generators, threads of a large fleet would come to overlap.
    static GENERATOR: RefCell<SmallRng> = RefCell::new(SmallRng::from_seed(seed()));
}

/// As many random numbers, in one visit to the generator.
pub(crate) fn numbers<const N: usize>() -> [u64; N] {
    let drawn = GENERATOR.try_with(|generator| {
        let mut generator = generator.borrow_mut();
        [(); N].map(|()| generator.next_u64())
    });
    // The thread is ending and its generator is gone.
    drawn.unwrap_or_else(|_| [(); N].map(|()| RandomState::new().hash_one(0_u64)))
}

/// Random bytes of the operating system.
pub(crate) fn seed<S: AsMut<[u8]> + Default>() -> S {
    let mut seed = S::default();
    if getrandom::fill(seed.as_mut()).is_err() {
        // The standard library has keys of its own, from the same source or from addresses and time.
        for (at, byte) in seed.as_mut().iter_mut().enumerate() {
            *byte = RandomState::new().hash_one(at).to_le_bytes()[0];
        }
    }
    seed
}

/// Chance for what need not be guessed, but spread: the jitter of a pause, the share of calls that is let through.
///
/// By default it is as good as the ids of requests, and nobody waits for it. With a seed it throws the same numbers
/// again, for tests and for simulations. Clones throw in turn from the same row.
///
/// ```
/// use buttress_core::Dice;
///
/// let (one, two) = (Dice::seeded(7), Dice::seeded(7));
/// assert_eq!(one.below(1_000_000), two.below(1_000_000));
///
/// let dice = Dice::new();
/// assert!((0.0..1.0).contains(&dice.share()));
/// assert!(dice.below(6) < 6);
/// ```
///
/// # Cost
///
/// A visit to a generator of the thread's own. With a seed, one atomic addition, which all clones share.
#[derive(Clone, Debug, Default)]
pub struct Dice {
    /// The state of the row, unless chance is left to the thread.
    row: Option<Arc<AtomicU64>>,
}

impl Dice {
    /// Chance that nobody can repeat.
    #[must_use]
    pub const fn new() -> Self {
        Self { row: None }
    }

    /// The row of this seed: the numbers of `SplitMix64`, which no release will change.
    ///
    /// Threads that share it get their numbers in the order in which they ask.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self { row: Some(Arc::new(AtomicU64::new(seed))) }
    }

    /// A number from zero up to one, which it never is.
    #[must_use]
    pub fn share(&self) -> f64 {
        share_of(self.number())
    }

    /// A whole number below `end`, each as likely as the others to within `end` in 2^64; zero if there is none.
    #[must_use]
    pub fn below(&self, end: u64) -> u64 {
        scaled(self.number(), end)
    }

    /// 64 bits.
    fn number(&self) -> u64 {
        match &self.row {
            None => numbers::<1>()[0],
            Some(row) => mixed(row.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP)),
        }
    }
}

/// The upper 53 bits, which is what a share has room for.
fn share_of(number: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "none is lost")]
    let bits = (number >> 11) as f64;
    bits / 9_007_199_254_740_992.0
}

fn scaled(number: u64, end: u64) -> u64 {
    u64::try_from((u128::from(number) * u128::from(end)) >> 64).unwrap_or_default()
}

/// The golden ratio, as far as 64 bits go.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// The finalizer of `SplitMix64`.
const fn mixed(state: u64) -> u64 {
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_throws_the_published_row() {
        let dice = Dice::seeded(1_234_567);
        let row: Vec<_> = (0..5).map(|_| dice.number()).collect();
        assert_eq!(
            row,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423,
                4_593_380_528_125_082_431,
                16_408_922_859_458_223_821,
            ],
        );
        let clone = dice.clone();
        assert_ne!(dice.number(), clone.number(), "they throw in turn");
    }

    #[test]
    fn throws_stay_within_and_spread() {
        for dice in [Dice::new(), Dice::seeded(1)] {
            let mut sides = [0; 6];
            for _ in 0..60_000 {
                sides[usize::try_from(dice.below(6)).unwrap()] += 1;
            }
            assert!(sides.iter().all(|side| (9_300..10_700).contains(side)), "{sides:?}");

            let sum: f64 = (0..60_000)
                .map(|_| dice.share())
                .inspect(|share| assert!((0.0..1.0).contains(share)))
                .sum();
            assert!((0.49..0.51).contains(&(sum / 60_000.0)), "{sum}");
            assert_eq!([dice.below(0), dice.below(1)], [0, 0]);
        }
    }

    #[test]
    fn the_ends_are_never_passed() {
        for end in [1, 2, 3, 1_000, u64::MAX] {
            assert_eq!((scaled(0, end), scaled(u64::MAX, end)), (0, end - 1));
        }
        assert_eq!(share_of(0).to_bits(), 0.0_f64.to_bits());
        assert!(share_of(u64::MAX) < 1.0);
    }
}
