use buttress_core::key::{KeySeed, Keyer};

use super::*;
use crate::Quota;
use crate::store::memory::tally::SAMPLE;

fn ask(of: u8, cost: u32) -> Ask {
    Ask { key: Key::from_bytes([of; 16]), cost, forced: false }
}

/// Every word of a table, with what is noted beside it.
fn words(cells: &Cells) -> Vec<String> {
    let buckets = cells.buckets.iter().map(|bucket| format!("{bucket:?}"));
    buckets.chain(cells.heavy.keys().map(|key| key.to_string())).collect()
}

/// So a flood makes no line of the memory travel between the processors, and pushes nobody out.
#[test]
fn a_refusal_writes_nothing() {
    let cells = Cells::new(1, WhenFull::Refuse);
    let limit = Limit::try_from(Quota::per_hour(PLACES as u64)).unwrap();
    let now = Moment::from_nanos(1_000_000_000);
    let take = |ask| cells.take(&limit, ask, &mut Time::at(now)).room;
    for of in 1..=5 {
        assert!(take(ask(of, 5)).is_ok());
    }
    let before = words(&cells);
    assert!(matches!(take(ask(1, 1)), Err(Retry::After(_))), "it has nothing left");
    assert_eq!(take(ask(2, 6)), Err(Retry::Never));
    assert_eq!(take(ask(6, 6)), Err(Retry::Never), "a newcomer, too");
    assert!(matches!(take(ask(7, 1)), Err(Retry::After(_))), "there is no place for it");
    assert_eq!(words(&cells), before);
    assert!(take(Ask { forced: true, ..ask(1, 1) }).is_ok());
    assert_ne!(words(&cells), before, "what is written is seen");
}

/// A table of a hundred million places is looked at as quickly as one of a hundred thousand.
#[test]
fn of_a_large_table_a_part_tells_of_all() {
    let cells = Cells::new(60_000, WhenFull::Refuse);
    let limit = Limit::try_from(Quota::per_hour(1)).unwrap();
    let keyer = Keyer::from(KeySeed::from_bytes([7; 16]));
    let live = |key: u32, now| {
        let ask = Ask { key: keyer.key_of([key.to_le_bytes()]), cost: 1, forced: false };
        let _ = cells.take(&limit, ask, &mut Time::at(now));
        cells.usage(now, SAMPLE).live
    };
    // Each of them is alone there, and every fifth is where it is looked at: it stands for the others.
    let hours = |hours| Moment::from_nanos(hours * 2 * 3_600_000_000_000);
    let mut seen = [0; 2];
    for key in 0..40 {
        match live(key, hours(u64::from(key) + 1)) {
            0 => seen[0] += 1,
            5 => seen[1] += 1,
            other => panic!("{other} of one"),
        }
    }
    assert!(seen[0] > 20 && seen[1] > 0, "{seen:?}");
    let mut taken = 0;
    for key in 0..100_000_u32 {
        let ask = Ask { key: keyer.key_of([key.to_le_bytes()]), cost: 1, forced: false };
        taken += usize::from(cells.take(&limit, ask, &mut Time::at(hours(100))).room.is_ok());
    }
    let usage = cells.usage(hours(100), SAMPLE);
    assert_eq!(usage.places, 60_000 * PLACES);
    let off = usage.live.abs_diff(taken);
    assert!(off > 0 && off < usage.places / 100, "{off} of {taken}");
}
