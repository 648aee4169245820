use std::time::Duration;

use buttress_core::clock::Timestamp;
use buttress_core::{Health, HealthStatus};
use buttress_testkit::models::{explore, join, thread};

use super::*;
use crate::{Check, HealthChecks, HealthChecksBuilder};

/// Time that is the same for all threads, as that of a machine: what one has read, no other reads
/// as less later.
#[derive(Clone)]
struct Time(Arc<AtomicU64>);

impl Time {
    fn now(&self) -> Moment {
        Moment::from_nanos(self.0.fetch_add(0, Ordering::AcqRel))
    }
}

fn checks(names: &[&'static str]) -> HealthChecks {
    let builder = HealthChecks::builder();
    let check = |name: &&'static str| Check::of(*name, || async { Health::up() });
    names.iter().map(check).fold(builder, HealthChecksBuilder::check).build().unwrap()
}

fn seen(status: HealthStatus, expires: u64) -> Seen {
    let time = Timestamp::EPOCH;
    Seen {
        status,
        latency: Duration::ZERO,
        time,
        since: time,
        last_success: (status != HealthStatus::Down).then_some(time),
        message: None,
        details: Vec::new(),
        expires: Moment::from_nanos(expires),
        text: expires.to_string().into(),
        health_text: Box::default(),
    }
}

fn status(health: &HealthChecks, now: Moment) -> Status {
    let board = &health.0.board;
    board.status(&board.verdict(now), None)
}

#[test]
fn a_verdict_is_never_older_than_a_change() {
    explore(|| {
        let (health, now) = (checks(&["one", "other"]), Moment::from_nanos(1));
        let putting = [0, 1].map(|at| {
            let health = health.clone();
            thread::spawn(move || {
                let board = &health.0.board;
                let changed = board.put(&board.slots[at], seen(HealthStatus::Up, 9), || now);
                assert!(changed);
            })
        });
        // Makes one at any time, and leaves it for others.
        let _ = status(&health, now);
        join(putting);
        assert_eq!(status(&health, now), Status::Ok);
    });
}

#[test]
fn the_start_is_over_once_all_were_well() {
    explore(|| {
        let (health, now) = (checks(&["one", "other"]), Moment::from_nanos(1));
        let putting = [0, 1].map(|at| {
            let health = health.clone();
            thread::spawn(move || {
                let board = &health.0.board;
                assert!(!board.is_started());
                board.put(&board.slots[at], seen(HealthStatus::Up, 9), || now);
                board.put(&board.slots[at], seen(HealthStatus::Up, 9), || now);
            })
        });
        let [one, other] = putting;
        one.join().unwrap();
        other.join().unwrap();
        assert!(health.0.board.is_started());
    });
}

/// A result that comes just as the one before gets too old: whoever finds that nobody knows any more
/// must not leave that for good.
#[test]
fn a_result_in_the_nick_of_time_counts() {
    explore(|| {
        let (health, time) = (checks(&["one"]), Time(Arc::new(AtomicU64::new(9))));
        let board = &health.0.board;
        board.put(&board.slots[0], seen(HealthStatus::Up, 10), || time.now());
        assert_eq!(status(&health, time.now()), Status::Ok);

        let passing = thread::spawn({
            let time = time.clone();
            move || time.0.fetch_add(1, Ordering::AcqRel)
        });
        let putting = thread::spawn({
            let (health, time) = (health.clone(), time.clone());
            move || {
                let board = &health.0.board;
                board.put(&board.slots[0], seen(HealthStatus::Up, 20), || time.now());
            }
        });
        let _ = status(&health, time.now());
        passing.join().unwrap();
        putting.join().unwrap();
        assert_eq!(status(&health, time.now()), Status::Ok);
    });
}
