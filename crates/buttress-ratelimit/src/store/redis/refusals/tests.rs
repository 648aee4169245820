use proptest::prelude::*;

use super::*;
use crate::{Quota, Source};

fn bucket() -> Limit {
    Quota::per(Duration::from_millis(800), 8).check().unwrap()
}

fn at(millis: u64) -> Moment {
    Moment::from_nanos(millis * 1_000_000)
}

fn charge(of: u8, cost: u32) -> Charge {
    Charge::new(of / 16, Key::from_bytes([of; 16]), cost)
}

fn note(refusals: &Refusals, charge: Charge, millis: u64, asked: u64, now: u64) {
    let standing = Standing::new(1, Duration::from_millis(2 * millis), Source::Store);
    let heard = Heard { asked: at(asked), now: at(now), at_most: Duration::MAX };
    let retry = Retry::After(Duration::from_millis(millis));
    refusals.note(&bucket(), &charge, (retry, standing), heard);
}

#[test]
fn certain_from_when_it_was_asked_and_over_from_when_it_was_heard() {
    let refusals = Refusals::new(8);
    note(&refusals, charge(1, 3), 100, 50, 60);
    let seen = refusals.look(&bucket(), &charge(1, 3), at(149)).unwrap();
    assert_eq!((seen.retry, seen.remaining), (Duration::from_millis(11), 1));
    assert_eq!(seen.resets_in, Duration::from_millis(111));
    assert_eq!(refusals.look(&bucket(), &charge(1, 3), at(150)), None, "it might be admitted now");
    let more = refusals.look(&bucket(), &charge(1, 5), at(70)).unwrap();
    assert_eq!(more.retry, Duration::from_millis(290), "more is refused for longer");
    assert_eq!(refusals.look(&bucket(), &charge(1, 2), at(70)), None, "less might not be");
    assert_eq!(refusals.look(&bucket(), &charge(2, 3), at(70)), None, "nor another key");
}

#[test]
fn what_was_asked_before_something_came_back_is_not_remembered_after() {
    let refusals = Refusals::new(8);
    note(&refusals, charge(1, 1), 100, 50, 60);
    refusals.clear(&charge(1, 1), at(70));
    assert_eq!(refusals.look(&bucket(), &charge(1, 1), at(71)), None);
    note(&refusals, charge(1, 1), 100, 65, 75);
    assert_eq!(refusals.look(&bucket(), &charge(1, 1), at(76)), None, "asked before, heard after");
    note(&refusals, charge(1, 1), 100, 71, 77);
    assert!(refusals.look(&bucket(), &charge(1, 1), at(78)).is_some());
}

#[test]
fn what_has_no_time_is_not_remembered_and_without_room_nothing_is() {
    let refusals = Refusals::new(8);
    let heard = Heard { asked: at(1), now: at(2), at_most: Duration::MAX };
    let standing = Standing::default();
    refusals.note(&bucket(), &charge(1, 1), (Retry::Unknown, standing), heard);
    refusals.note(&bucket(), &charge(1, 1), (Retry::Never, standing), heard);
    assert_eq!(refusals.look(&bucket(), &charge(1, 1), at(2)), None);
    let none = Refusals::new(0);
    note(&none, charge(1, 1), 100, 1, 2);
    none.clear(&charge(1, 1), at(3));
    assert_eq!(none.look(&bucket(), &charge(1, 1), at(2)), None);
}

/// Where one cost says nothing of another, each is remembered for itself.
#[test]
fn a_window_that_slides_is_remembered_by_cost() {
    let (refusals, heard) =
        (Refusals::new(8), |now| Heard { asked: at(1), now, at_most: Duration::MAX });
    for (algorithm, known) in [
        (Algorithm::FixedWindow, [None, Some(99), Some(99)]),
        (Algorithm::SlidingCounter, [None, Some(99), Some(199)]),
        (Algorithm::SlidingLog, [None, Some(99), Some(199)]),
    ] {
        let limit = Quota::per(Duration::from_secs(1), 8).algorithm(algorithm).check().unwrap();
        let note = |cost, millis| {
            let retry = Retry::After(Duration::from_millis(millis));
            refusals.note(&limit, &charge(1, cost), (retry, Standing::default()), heard(at(1)));
        };
        if algorithm != Algorithm::FixedWindow {
            note(5, 200);
        }
        note(2, 100);
        let seen = |cost| refusals.look(&limit, &charge(1, cost), at(2)).map(|seen| seen.retry);
        let known = known.map(|millis| millis.map(Duration::from_millis));
        assert_eq!([seen(1), seen(2), seen(5)], known, "{algorithm}");
        let three = (algorithm == Algorithm::FixedWindow).then_some(Duration::from_millis(99));
        assert_eq!(seen(3), three, "{algorithm}");
        refusals.clear(&charge(1, 1), at(0));
        assert_eq!([seen(2), seen(5)], [None; 2], "{algorithm}");
    }
}

proptest! {
    /// However many there are, nobody is refused who was not, and those that end last are kept.
    #[test]
    fn it_never_invents(notes in prop::collection::vec((any::<u8>(), 1_u64..100), 0..60)) {
        let refusals = Refusals::new(8);
        let mut model = std::collections::HashMap::new();
        for (of, millis) in notes {
            note(&refusals, charge(of, 1), millis, 10, 11);
            model.insert(of, millis);
        }
        for of in 0..=u8::MAX {
            let seen = refusals.look(&bucket(), &charge(of, 1), at(20)).map(|seen| seen.retry);
            let over = model.get(&of).map(|millis| Duration::from_millis(millis + 11));
            let expected = over.map(|over| over.saturating_sub(Duration::from_millis(20)));
            prop_assert!(seen.is_none() || seen == expected);
        }
    }
}
