use std::future::poll_fn;
use std::task::Poll;

use buttress_core::metrics::Metrics;
use buttress_testkit::models::{block_on, explore, join, thread};

use super::*;
use crate::serve::turn::Turn;

fn link() -> Arc<Link> {
    Arc::new(Link::new(Shutdown::new(), Arc::new(Meters::new(&Metrics::none()))))
}

/// Waits as a connection does: it is woken, or it waits for ever.
fn wait(watch: impl Fn(&Waker), is_over: impl Fn() -> bool) {
    block_on(poll_fn(|cx| {
        watch(cx.waker());
        if is_over() { Poll::Ready(()) } else { Poll::Pending }
    }));
}

#[test]
fn the_connection_hears_of_the_last_that_lands() {
    explore(|| {
        let link = link();
        let flights = [(); 2].map(|()| link.begin(true).1);
        let landing = flights.map(|flight| thread::spawn(move || drop(flight)));
        wait(|task| link.watched_by(task), || link.under_way() == 0);
        join(landing);
        assert_eq!(link.under_way(), 0);
    });
}

/// Of an answer that trails, and of its end: whatever comes first.
#[test]
fn the_connection_hears_that_an_answer_only_trails() {
    explore(|| {
        let link = link();
        let turn = Arc::new(Turn::new(link.begin(true).1, 0));
        let piece = turn.clone();
        let trailing = thread::spawn(move || turn.trails());
        wait(
            |task| link.watched_by(task),
            || {
                let seen = link.seen();
                seen.in_flight == seen.trailing
            },
        );
        join([trailing]);
        piece.landed();
        let seen = link.seen();
        assert_eq!((seen.in_flight, seen.trailing), (0, 0));
    });
}

#[test]
fn the_body_hears_that_there_is_room() {
    explore(|| {
        let turn = Arc::new(Turn::new(link().begin(true).1, 1));
        turn.theirs(3);
        let taking = thread::spawn({
            let turn = turn.clone();
            move || [1, 1].map(|bytes| turn.took(bytes, false))
        });
        block_on(poll_fn(|cx| if turn.has_room(cx) { Poll::Ready(()) } else { Poll::Pending }));
        taking.join().unwrap();
        assert_eq!(turn.taken().0, 2);
    });
}

#[test]
fn a_newcomer_hears_that_it_is_its_turn() {
    explore(|| {
        let link = link();
        let inviting = thread::spawn({
            let link = link.clone();
            move || link.invite()
        });
        wait(|task| link.watched_by(task), || link.is_invited());
        join([inviting]);
        assert!(!link.is_invited(), "once");
    });
}

/// Who sees that a request has begun, sees it under way until it has ended.
#[test]
fn what_has_begun_is_under_way() {
    explore(|| {
        let link = link();
        let ended = Arc::new(AtomicBool::new(false));
        let serving = thread::spawn({
            let (link, ended) = (link.clone(), ended.clone());
            move || {
                let (number, flight) = link.begin(true);
                ended.store(true, Relaxed);
                drop(flight);
                number
            }
        });
        let seen = link.seen();
        assert!(seen.in_flight <= 1 && seen.requests <= 1);
        if seen.requests == 1 && seen.in_flight == 0 {
            assert!(ended.load(Relaxed), "it has not ended");
        }
        assert_eq!(serving.join().unwrap(), 1);
    });
}

#[test]
fn an_upgraded_connection_hears_that_it_is_cut() {
    explore(|| {
        let link = link();
        let halves = [Link::read_by, Link::written_by].map(|watch| {
            let link = link.clone();
            thread::spawn(move || wait(|task| watch(&link, task), || link.is_cut()))
        });
        link.cut();
        join(halves);
    });
}

#[test]
fn a_connection_hears_of_the_end() {
    explore(|| {
        let link = link();
        let serving = thread::spawn({
            let link = link.clone();
            move || {
                let is_closing = || link.phase() >= Phase::Closing;
                wait(|task| link.watched_by(task), is_closing);
            }
        });
        link.shutdown().enter(Phase::Closing);
        link.wake();
        serving.join().unwrap();
    });
}
