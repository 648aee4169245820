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

/// Two threads share the scripts, a million of them.
#[test]
fn a_million_scripts_end_as_a_slow_machine_says() {
    const SCRIPTS: u64 = 1_000_000;
    std::thread::scope(|scope| {
        for half in 0..2 {
            scope.spawn(move || (half..SCRIPTS).step_by(2).for_each(model::play));
        }
    });
}
