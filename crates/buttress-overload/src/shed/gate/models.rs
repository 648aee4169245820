use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use buttress_core::clock::{Clock, Moment, Timestamp};
use buttress_testkit::models::{block_on, explore, join, thread};

use super::*;

fn shed() -> Arc<Shed> {
    let shed = Shed::of(1).target(Duration::from_secs(1), Duration::from_secs(9));
    let shed = shed.queue(9, Duration::from_secs(60), NoTimer).clock(Stands);
    Arc::new(shed.build().unwrap())
}

/// A clock that stands.
#[derive(Debug)]
struct Stands;

impl Clock for Stands {
    fn now(&self) -> Moment {
        Moment::FIRST
    }

    fn wall(&self) -> Timestamp {
        Timestamp::EPOCH
    }
}

/// Waits for a place, as long as that takes.
fn wait(shed: &Shed) -> Place {
    match shed.admit(Priority::Critical) {
        Admission::In(place) => place,
        Admission::Wait(wait) => block_on(wait).unwrap(),
        Admission::Out(problem) => panic!("{problem}"),
    }
}

/// Stands in the line and goes again, whether called or not.
fn go(shed: &Shed) {
    if let Admission::Wait(wait) = shed.admit(Priority::Critical) {
        let mut wait = Box::pin(wait);
        let looked = wait.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        if let Poll::Ready(place) = looked {
            drop(place.unwrap());
        }
    }
}

fn spawn(shed: &Arc<Shed>, run: fn(&Shed)) -> thread::JoinHandle<()> {
    let shed = shed.clone();
    thread::spawn(move || run(&shed))
}

fn all_is_back(shed: &Shed) {
    assert_eq!((shed.under_way(), shed.waiting()), (0, 0));
    assert!(matches!(shed.admit(Priority::Critical), Admission::In(_)), "in passing");
}

#[test]
fn nobody_sleeps_beside_a_free_slot() {
    explore(|| {
        let shed = shed();
        let place = wait(&shed);
        let waiting = [(); 2].map(|()| spawn(&shed, |shed| drop(wait(shed))));
        drop(place);
        join(waiting);
        all_is_back(&shed);
    });
}

#[test]
fn a_called_waiter_that_goes_gives_it_on() {
    explore(|| {
        let shed = shed();
        let place = wait(&shed);
        let goes = spawn(&shed, go);
        let waits = spawn(&shed, |shed| drop(wait(shed)));
        drop(place);
        join([goes, waits]);
        all_is_back(&shed);
    });
}
