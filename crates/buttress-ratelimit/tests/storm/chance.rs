//! Random, and the same again if it is told its seed: `BUTTRESS_SOAK_SEED`.

use std::env;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// How long at least, unless `BUTTRESS_SOAK_SECONDS` says otherwise.
const SECONDS: u64 = 5 * 60;

pub(crate) struct Chance(u64);

impl Chance {
    /// Says its seed.
    pub(crate) fn new() -> Self {
        let seed = named("SEED").unwrap_or_else(|| RandomState::new().hash_one(0));
        println!("seed {seed}");
        Self(seed | 1)
    }

    pub(crate) fn time() -> Duration {
        Duration::from_secs(named("SECONDS").unwrap_or(SECONDS))
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(end.max(1)).unwrap()).unwrap()
    }
}

fn named(what: &str) -> Option<u64> {
    let said = env::var(format!("BUTTRESS_SOAK_{what}")).ok()?;
    Some(said.parse().expect("a number"))
}
