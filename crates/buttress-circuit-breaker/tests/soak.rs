//! What takes minutes: `scripts/test --soak`.
#![allow(
    clippy::cast_precision_loss,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    missing_docs,
    unreachable_pub,
    reason = "these are tests"
)]

mod model;

const SCRIPTS: u64 = 1_000_000;

#[test]
fn a_million_scripts_end_as_a_slow_machine_says() {
    play_all(model::play);
}

#[test]
fn so_they_do_with_the_breaker_of_a_key() {
    play_all(model::play_keyed);
}

/// Two threads share the scripts.
fn play_all(play: impl Fn(u64) + Sync) {
    let play = &play;
    std::thread::scope(|scope| {
        for half in 0..2 {
            scope.spawn(move || (half..SCRIPTS).step_by(2).for_each(play));
        }
    });
}
