use proptest::prelude::*;

#[path = "../model/mod.rs"]
mod model;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Whatever happens, it is what a slow machine says that forgets nothing. A million scripts are played in
    /// `tests/soak.rs`.
    #[test]
    fn it_does_what_a_slow_machine_does(seed: u64) {
        model::play(seed);
    }

    /// And so does the breaker of a key.
    #[test]
    fn the_breaker_of_a_key_does_the_same(seed: u64) {
        model::play_keyed(seed);
    }
}
