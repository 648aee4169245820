//! The pauses of Polly 8.

use buttress_core::clock::{ms, secs};
use buttress_retry::{Backoff, Jitter, Pauses};

use super::{Deviations, print};

const DEVIATIONS: &Deviations = &[
    (
        "exponential pauses with jitter follow a formula of their own",
        "`Decorrelated`, as AWS has it: the bounds are those of its definition",
    ),
    ("`MaxRetryAttempts` counts repeats", "`up_to` counts attempts: theirs and one"),
];

/// The pause before this repeat, where chance is this share of all there is.
fn pause(backoff: Backoff, repeat: u32, share: f64) -> u128 {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is what chance is"
    )]
    let chance = (share * u64::MAX as f64) as u64;
    let mut pauses = Pauses::new();
    for _ in 1..repeat {
        let _ = pauses.next(&backoff, 0);
    }
    // Chance has no room for what is below a microsecond here.
    (pauses.next(&backoff, chance).as_micros() + 1) / 1_000
}

#[test]
fn pauses_are_theirs() {
    print("polly", DEVIATIONS);
    let (constant, linear) = (Backoff::fixed(secs(1)), Backoff::linear(secs(1)));
    let exponential = Backoff::exponential(secs(1));
    for (backoff, expected) in [
        (constant, [1_000, 1_000, 1_000]),
        (linear, [1_000, 2_000, 3_000]),
        (exponential, [1_000, 2_000, 4_000]),
        (exponential.max(ms(1_500)), [1_000, 1_500, 1_500]),
        (linear.max(ms(2_500)), [1_000, 2_000, 2_500]),
        (Backoff::none(), [0, 0, 0]),
    ] {
        assert_eq!([1, 2, 3].map(|repeat| pause(backoff, repeat, 0.5)), expected, "{backoff:?}");
    }
    assert_eq!(pause(exponential.max(secs(86_400)), 1_000, 0.5), 86_400_000, "no overflow");
}

#[test]
fn jitter_is_a_quarter_more_or_less() {
    let quarter = |backoff: Backoff| backoff.jitter(Jitter::Spread(25));
    let shares = [0.0, 0.4, 0.6, 1.0];
    let constant = quarter(Backoff::fixed(secs(1)));
    assert_eq!(shares.map(|share| pause(constant, 1, share)), [750, 950, 1_050, 1_250]);
    let linear = quarter(Backoff::linear(secs(1)));
    let shares = [0.0, 0.4, 0.5, 0.6, 1.0];
    assert_eq!(shares.map(|share| pause(linear, 3, share)), [2_250, 2_850, 3_000, 3_150, 3_750]);
}
