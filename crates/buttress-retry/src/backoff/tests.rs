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
    assert_eq!(paths(Backoff::none().factor(3.0)), ["factor"]);
    assert_eq!(paths(Backoff::none()), [""; 0]);
}
