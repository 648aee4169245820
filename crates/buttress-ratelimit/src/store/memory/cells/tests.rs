use super::*;
use crate::Quota;

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
