use std::sync::Arc;

use buttress_testkit::models::{explore, join, thread};

use super::*;

fn at(second: u64) -> Moment {
    Moment::from_nanos(3_600_000_000_000 + second * 1_000_000_000)
}

/// A repeat for each call, in ten buckets of a second.
fn ratio() -> Arc<Ratio> {
    let ratio = Ratio::new(1_000_000, 0, Duration::from_secs(10), 0);
    ratio.look(at(0));
    Arc::new(ratio)
}

fn spawn<T: 'static>(
    ratio: &Arc<Ratio>,
    what: impl FnOnce(&Ratio) -> T + 'static,
) -> thread::JoinHandle<T> {
    let ratio = ratio.clone();
    thread::spawn(move || what(&ratio))
}

#[test]
fn two_takers_one_token() {
    explore(|| {
        let ratio = ratio();
        ratio.deposit(|| at(0));
        let other = spawn(&ratio, |ratio| ratio.take(1_000_000, None, at(0)).is_some());
        let mine = ratio.take(1_000_000, None, at(0)).is_some();
        assert_ne!([mine], join([other]), "one of them has it");
    });
}

#[test]
fn what_is_given_back_is_there_for_one() {
    explore(|| {
        let ratio = ratio();
        ratio.deposit(|| at(0));
        let taken = ratio.take(1_000_000, None, at(0)).unwrap();
        let other = spawn(&ratio, |ratio| ratio.take(1_000_000, None, at(0)).is_some());
        ratio.give_back(taken);
        let mine = ratio.take(1_000_000, None, at(0)).is_some();
        assert_ne!([mine], join([other]), "one of them has it");
    });
}

/// It is counted into the old bucket or into the new one; into none that is emptied then.
#[test]
fn a_call_is_counted_while_the_bucket_turns() {
    explore(|| {
        let ratio = ratio();
        let other = spawn(&ratio, |ratio| ratio.deposit(|| at(5)));
        ratio.look(at(5));
        join([other]);
        assert_eq!(ratio.left(at(5)), 1_000_000);
        assert_eq!(ratio.left(at(9)), 1_000_000, "for nine seconds at least");
        assert_eq!(ratio.left(at(20)), 0);
    });
}

#[test]
fn two_who_turn_empty_no_bucket_that_is_counted_into() {
    explore(|| {
        let ratio = ratio();
        let other = spawn(&ratio, |ratio| {
            ratio.look(at(40));
            ratio.deposit(|| at(40));
        });
        ratio.look(at(40));
        ratio.deposit(|| at(40));
        join([other]);
        assert_eq!(ratio.left(at(40)), 2_000_000);
    });
}
