use std::sync::Arc;

use buttress_core::clock::{Clock, Timestamp};
use buttress_testkit::models::{explore, join, thread};

use super::super::settings::Watch;
use super::*;
use crate::Quota;
use crate::parts::atomic::AtomicU64;
use crate::parts::atomic::Ordering::{Acquire, Release};
use crate::store::memory::tally::SAMPLE;

/// Two places in one bucket, and a limit of which one request is a hundred nanoseconds.
pub(super) fn cells(when_full: WhenFull) -> Arc<Cells> {
    Arc::new(Cells::new(1, when_full))
}

pub(super) fn limit(burst: u64) -> Limit {
    Limit::try_from(Quota::per(Duration::from_nanos(100), 1).burst(burst)).unwrap()
}

pub(super) fn key(of: u8) -> Key {
    Key::from_bytes([of; 16])
}

pub(super) fn at(now: u64) -> Moment {
    Moment::from_nanos(now)
}

pub(super) fn takes(cells: &Cells, of: u8, burst: u64, now: u64) -> bool {
    let ask = Ask { key: key(of), cost: 1, forced: false };
    cells.take(&limit(burst), ask, &mut Time::at(at(now))).room.is_ok()
}

/// Until when the key is not as if it had never asked; its own time if it is.
pub(super) fn until(cells: &Cells, of: u8, now: u64) -> u64 {
    cells.look(&limit(9), Ask { key: key(of), cost: 0, forced: false }, at(now)).until
}

pub(super) fn gives_back(cells: &Cells, of: u8, until: u64, now: u64) {
    let ask = Ask { key: key(of), cost: 1, forced: false };
    cells.give_back(&limit(9), ask, Some(until), at(now));
}

pub(super) fn spawn<T: 'static>(
    cells: &Arc<Cells>,
    what: impl FnOnce(&Cells) -> T + 'static,
) -> thread::JoinHandle<T> {
    let cells = cells.clone();
    thread::spawn(move || what(&cells))
}

#[test]
fn a_key_has_one_place_however_many_bring_it() {
    explore(|| {
        let cells = cells(WhenFull::Forget);
        let other = spawn(&cells, |cells| takes(cells, 1, 9, 0));
        assert!(takes(&cells, 1, 9, 0));
        assert_eq!(join([other]), [true]);
        assert_eq!(until(&cells, 1, 0), 200, "both were counted");
        assert_eq!(cells.usage(at(0), SAMPLE).live, 1);
    });
}

#[test]
fn a_burst_of_one_is_taken_by_one() {
    explore(|| {
        let cells = cells(WhenFull::Forget);
        let other = spawn(&cells, |cells| takes(cells, 1, 1, 0));
        let mine = takes(&cells, 1, 1, 0);
        assert_ne!([mine], join([other]));
    });
}

#[test]
fn of_a_key_that_is_known_all_is_counted() {
    explore(|| {
        let cells = cells(WhenFull::Forget);
        assert!(takes(&cells, 1, 9, 0));
        let other = spawn(&cells, |cells| takes(cells, 1, 9, 0));
        assert!(takes(&cells, 1, 9, 0));
        assert_eq!(join([other]), [true]);
        assert_eq!(until(&cells, 1, 0), 300);
    });
}

#[test]
fn what_is_given_back_meanwhile_is_neither_lost_nor_doubled() {
    explore(|| {
        let cells = cells(WhenFull::Forget);
        assert!(takes(&cells, 1, 9, 0) && takes(&cells, 1, 9, 0));
        let back = spawn(&cells, |cells| gives_back(cells, 1, 200, 0));
        assert!(takes(&cells, 1, 9, 0));
        join([back]);
        assert_eq!(until(&cells, 1, 0), 200);
    });
}

/// Two keys, and one place that is free: whoever gets it, neither is counted for the other.
#[test]
fn the_last_place_goes_to_one_key() {
    explore(|| {
        let cells = cells(WhenFull::Refuse);
        assert!(takes(&cells, 3, 9, 0));
        let other = spawn(&cells, |cells| takes(cells, 2, 9, 0));
        let mine = takes(&cells, 1, 9, 0);
        let [other] = join([other]);
        assert_ne!(mine, other);
        assert_eq!(
            [1, 2].map(|of| until(&cells, of, 0)),
            [mine, other].map(|is| u64::from(is) * 100)
        );
        assert_eq!(until(&cells, 3, 0), 100);
    });
}

/// A place whose time is over by one clock and not by the other: a key that is still asking, and one that comes.
#[test]
fn a_place_that_is_over_changes_hands_whole() {
    explore(|| {
        let cells = cells(WhenFull::Refuse);
        assert!(takes(&cells, 3, 9, 50) && takes(&cells, 1, 9, 0));
        let newcomer = spawn(&cells, |cells| takes(cells, 2, 9, 101));
        let late = takes(&cells, 1, 9, 99);
        let [newcomer] = join([newcomer]);
        assert_ne!(late, newcomer, "there is one place for both");
        assert_eq!(until(&cells, 1, 99), if late { 200 } else { 99 });
        assert_eq!(until(&cells, 2, 101), if newcomer { 201 } else { 101 });
    });
}

/// A key that is in debt gives way to none; the other one does, and what it asks meanwhile is not given to whom
/// its place was given to.
#[test]
fn who_gives_way_takes_nothing_along() {
    explore(|| {
        let cells = cells(WhenFull::Forget);
        assert!((0..3).all(|_| takes(&cells, 3, 9, 0)) && takes(&cells, 1, 9, 0));
        let newcomer = spawn(&cells, |cells| takes(cells, 2, 9, 0));
        assert!(takes(&cells, 1, 9, 0));
        assert_eq!(join([newcomer]), [true]);
        let [first, second, third] = [1, 2, 3].map(|of| until(&cells, of, 0));
        assert_eq!(third, 300);
        match (first, second) {
            // It was asked twice before it gave way, or gave way in between; nothing of that is the newcomer's.
            (0, 100 | 101) => {}
            // It came anew, and the newcomer gave way; or it had never been away, and came second.
            (100..=102 | 200, 0) => {}
            stands => panic!("{stands:?}"),
        }
    });
}

/// A place has come to another key, and is as full as it was seen: what is taken does not count for the other key
/// alone.
#[test]
fn who_takes_from_a_place_that_has_changed_hands_asks_again() {
    explore(|| {
        let cells = cells(WhenFull::Refuse);
        assert!((0..3).all(|_| takes(&cells, 3, 9, 0)) && takes(&cells, 1, 9, 0));
        let newcomer = spawn(&cells, |cells| {
            if takes(cells, 2, 9, 100) {
                gives_back(cells, 2, 200, 100);
            }
        });
        let late = takes(&cells, 1, 9, 99);
        join([newcomer]);
        assert_eq!(until(&cells, 1, 99), if late { 200 } else { 99 });
    });
}

/// The same, of a key that had to give way: what comes back is not taken from whoever has its place.
#[test]
fn who_gives_back_to_a_place_that_has_changed_hands_takes_nothing_away() {
    explore(|| {
        let cells = cells(WhenFull::Forget);
        assert!((0..3).all(|_| takes(&cells, 3, 9, 0)));
        assert!(takes(&cells, 1, 9, 0) && takes(&cells, 1, 9, 0));
        let newcomer = spawn(&cells, |cells| takes(cells, 2, 9, 0) && takes(cells, 2, 9, 0));
        gives_back(&cells, 1, 200, 0);
        assert_eq!(join([newcomer]), [true]);
        // A hundred too many, if the place changed hands right after: nobody can tell, and it refuses rather than
        // admits.
        let stands = until(&cells, 2, 0);
        assert!([200, 201, 301].contains(&stands), "{stands}");
    });
}

#[derive(Debug)]
struct Ticks(AtomicU64);

impl Clock for Ticks {
    fn now(&self) -> Moment {
        at(self.0.load(Acquire))
    }

    fn wall(&self) -> Timestamp {
        Timestamp::EPOCH
    }
}

/// Who looked at the clock before a key was forgotten, and comes after that, does not begin in the past.
#[test]
fn a_key_does_not_begin_before_it_was_forgotten() {
    explore(|| {
        let cells = cells(WhenFull::Forget);
        let clock = Arc::new(Ticks(AtomicU64::new(0)));
        // The other place is taken for long, so that the newcomer gets that of the key.
        assert!((0..5).all(|_| takes(&cells, 3, 9, 0)) && takes(&cells, 1, 1, 0));
        clock.0.store(99, Release);
        let late = clock.clone();
        let newcomer = spawn(&cells, move |cells| {
            late.0.store(101, Release);
            takes(cells, 2, 1, 101)
        });
        let ask = Ask { key: key(1), cost: 1, forced: false };
        let outcome = cells.take(&limit(1), ask, &mut Time::of(&Watch::Own(clock)));
        assert_eq!(join([newcomer]), [true]);
        let stands = (outcome.room.is_ok(), outcome.until);
        assert!([(false, 100), (true, 201)].contains(&stands), "{stands:?}");
    });
}
