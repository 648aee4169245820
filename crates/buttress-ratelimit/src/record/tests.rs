use proptest::prelude::*;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn penalty() -> Penalty {
    Penalty::after(3)
        .within(SECOND * 10)
        .lasts(SECOND * 60)
        .at_most(SECOND * 200)
        .forgiven_after(SECOND * 100)
}

fn refuse(record: &mut Record, now: Moment) -> Option<Duration> {
    let bans: Vec<_> = (0..3).filter_map(|_| record.refused(&penalty(), now, SECOND)).collect();
    bans.first().copied()
}

fn hear(record: &mut Record, began: Moment, length: Duration, steps: u32) {
    record.hear(&penalty(), Imposed { began, length, steps, room_at: began });
}

fn left(record: &mut Record, now: Moment) -> Option<Duration> {
    record.banned(now).map(|ban| ban.left)
}

#[test]
fn bans_grow_up_to_a_bound_and_are_forgiven() {
    let mut record = Record::default();
    let mut now = Moment::from_nanos(1);
    for seconds in [60, 120, 200, 200] {
        assert_eq!(refuse(&mut record, now), Some(SECOND * seconds));
        assert_eq!(left(&mut record, now), Some(SECOND * seconds));
        now = now + SECOND * seconds;
        assert_eq!(left(&mut record, now), None);
    }
    // Four steps; three are forgiven, one is left.
    now = now + SECOND * 399;
    assert_eq!(refuse(&mut record, now), Some(SECOND * 120));
}

/// A thousand that were under way are refused while the first three have brought a ban about.
#[test]
fn whoever_was_under_way_makes_no_ban_longer() {
    let mut record = Record::default();
    let now = Moment::from_nanos(1);
    assert_eq!(refuse(&mut record, now), Some(SECOND * 60));
    for _ in 0..1_000 {
        assert_eq!(record.refused(&penalty(), now + SECOND, SECOND), None);
    }
    assert_eq!(left(&mut record, now + SECOND), Some(SECOND * 59));
    assert_eq!(record.steps, 1);
    // Nor do they count towards the next one.
    assert_eq!(record.refused(&penalty(), now + SECOND * 60, SECOND), None);
    assert_eq!(refuse(&mut record, now + SECOND * 60), Some(SECOND * 120));
}

#[test]
fn it_says_when_the_quota_has_room_if_that_is_later() {
    let mut record = Record::default();
    let now = Moment::from_nanos(1_000_000_000_000);
    for _ in 0..3 {
        record.refused(&penalty(), now, SECOND * 90);
    }
    let again = |record: &mut Record, now| record.banned(now).map(|ban| ban.again);
    assert_eq!(again(&mut record, now), Some(SECOND * 90));
    assert_eq!(again(&mut record, now + SECOND * 59), Some(SECOND * 31));
    // Somebody under way was told more.
    record.refused(&penalty(), now + SECOND * 59, SECOND * 40);
    assert_eq!(again(&mut record, now + SECOND * 59), Some(SECOND * 40));
    // A clock that is set back moves it along.
    assert_eq!(again(&mut record, now - SECOND * 500), Some(SECOND * 99));
    assert_eq!(again(&mut record, now), None);
}

#[test]
fn the_quota_of_a_ban_that_is_told_has_room_when_both_say_so() {
    let now = Moment::from_nanos(1_000_000_000_000);
    let again = |record: &mut Record| record.banned(now).map(|ban| ban.again);
    let mut imposed = Record::default();
    for _ in 0..3 {
        imposed.refused(&penalty(), now, SECOND * 90);
    }
    let Some(Told::Banned(told)) = imposed.told() else { unreachable!() };
    let mut heard = Record::default();
    heard.hear(&penalty(), told);
    assert_eq!((left(&mut heard, now), again(&mut heard)), (Some(SECOND * 60), Some(SECOND * 90)));
    // A shorter ban may have had a quota that is full for longer, and one that is told twice changes nothing.
    heard.hear(&penalty(), Imposed { length: SECOND, room_at: now + SECOND * 95, ..told });
    heard.hear(&penalty(), told);
    assert_eq!((left(&mut heard, now), again(&mut heard)), (Some(SECOND * 60), Some(SECOND * 95)));
    // Whatever is said, it is no later than any quota has room.
    heard.hear(&penalty(), Imposed { room_at: Moment::from_nanos(u64::MAX), ..told });
    assert_eq!(again(&mut heard), Some(LONGEST));
}

#[test]
fn refusals_of_another_window_do_not_add_up() {
    let mut record = Record::default();
    let start = Moment::from_nanos(5);
    assert_eq!(record.refused(&penalty(), start, SECOND), None);
    assert_eq!(record.refused(&penalty(), start, SECOND), None);
    assert_eq!(record.refused(&penalty(), start + SECOND * 10, SECOND), None);
    assert_eq!(record.refused(&penalty(), start + SECOND * 11, SECOND), None);
    assert_eq!(record.refused(&penalty(), start + SECOND * 12, SECOND), Some(SECOND * 60));
}

#[test]
fn of_two_bans_the_one_that_ends_later_holds() {
    let mut record = Record::default();
    let now = Moment::from_nanos(1_000_000_000_000);
    assert_eq!(refuse(&mut record, now), Some(SECOND * 60));
    hear(&mut record, now, SECOND * 59, 9);
    assert_eq!((left(&mut record, now), record.steps), (Some(SECOND * 60), 1));
    hear(&mut record, now + SECOND, SECOND * 120, 2);
    assert_eq!((left(&mut record, now + SECOND), record.steps), (Some(SECOND * 120), 2));
    // The next one grows, whoever imposes it.
    assert_eq!(refuse(&mut record, now + SECOND * 121), Some(SECOND * 200));
}

#[test]
fn what_is_over_is_heard_for_what_follows_from_it() {
    let mut record = Record::default();
    let now = Moment::from_nanos(1_000_000_000_000);
    hear(&mut record, now - SECOND * 500, SECOND * 120, 3);
    assert_eq!(left(&mut record, now), None);
    // Three steps: 380 seconds of peace have taken all of them back.
    assert_eq!(refuse(&mut record, now), Some(SECOND * 60));
    let mut record = Record::default();
    hear(&mut record, now - SECOND * 130, SECOND * 120, 1);
    assert_eq!(refuse(&mut record, now), Some(SECOND * 120));
}

#[test]
fn what_is_told_is_as_long_as_the_longest_ban_at_most() {
    let mut record = Record::default();
    let now = Moment::from_nanos(1);
    hear(&mut record, now, Duration::MAX, u32::MAX);
    assert_eq!(left(&mut record, now), Some(SECOND * 200));
    assert_eq!(record.steps, MOST_STEPS);
}

proptest! {
    /// Whatever the clock does: nobody is banned for longer than the longest ban, and nobody who is banned gets away
    /// by it.
    #[test]
    fn a_clock_that_jumps_locks_nobody_out(jumps in prop::collection::vec(any::<u64>(), 1..60)) {
        let mut record = Record::default();
        for jump in jumps {
            let now = Moment::from_nanos(jump);
            let before = left(&mut record, now);
            prop_assert!(before.is_none_or(|left| left <= SECOND * 200));
            if let Some(length) = refuse(&mut record, now) {
                prop_assert!(length <= SECOND * 200);
                let back = Moment::from_nanos(jump / 2);
                prop_assert!(record.banned(back).is_some());
            }
        }
    }
}
