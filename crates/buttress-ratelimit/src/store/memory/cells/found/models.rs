use buttress_testkit::models::{explore, join};

use super::super::WhenFull;
use super::super::models::{at, cells, gives_back, key, limit, spawn, takes, until};
use super::*;

/// Looks, and takes what was found, as one of several charges is: whether it was taken. Nothing is asked anew.
fn finds(cells: &Cells, of: u8, burst: u64, now: u64) -> bool {
    let (limit, ask) = (limit(burst), Ask { key: key(of), cost: 1, forced: false });
    let found = cells.find(&limit, ask, at(now));
    found.is_some_and(|found| found.take(&limit, ask.key, at(now)).is_some())
}

#[test]
fn what_is_taken_where_it_was_found_is_counted_once() {
    explore(|| {
        let cells = cells(WhenFull::Forget);
        assert!(takes(&cells, 1, 9, 0));
        let other = spawn(&cells, |cells| finds(cells, 1, 9, 0));
        let mine = finds(&cells, 1, 9, 0);
        let [other] = join([other]);
        assert!(mine || other, "one of them was the faster");
        assert_eq!(until(&cells, 1, 0), 100 + 100 * (u64::from(mine) + u64::from(other)));
    });
}

#[test]
fn what_two_have_found_is_taken_by_one() {
    explore(|| {
        let cells = cells(WhenFull::Forget);
        assert!(takes(&cells, 1, 2, 0));
        let other = spawn(&cells, |cells| finds(cells, 1, 2, 0));
        let mine = finds(&cells, 1, 2, 0);
        assert_ne!([mine], join([other]));
    });
}

/// It was found, its place went to another key, and is as full as it was: it is not taken from there.
#[test]
fn what_was_found_is_not_taken_once_its_place_has_changed_hands() {
    explore(|| {
        let cells = cells(WhenFull::Refuse);
        assert!((0..3).all(|_| takes(&cells, 3, 9, 0)) && takes(&cells, 1, 9, 0));
        let newcomer = spawn(&cells, |cells| {
            let is_taken = takes(cells, 2, 9, 100);
            if is_taken {
                gives_back(cells, 2, 200, 100);
            }
            is_taken
        });
        let late = finds(&cells, 1, 9, 99);
        let [newcomer] = join([newcomer]);
        assert!(!(late && newcomer), "there is one place for both");
        assert_eq!(until(&cells, 1, 99), if late { 200 } else { 99 });
    });
}
