//! Randomness: [`numbers`] for ids, unpredictable enough not to repeat in a fleet, not made for secrets; and a
//! [`seed`] for what is.

use std::cell::RefCell;
use std::hash::{BuildHasher, RandomState};

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
