//! The steps of a breaker, for those who listen and those who ask later.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Wake, Waker};

use buttress_circuit_breaker::{
    Breaker, CircuitBreaker, Event, Events, Force, State, Transition, Why,
};
use buttress_core::audit::{Audit, Record, Sink};
use buttress_core::outcome::Outcome;

fn breaker() -> Breaker {
    CircuitBreaker::after(1).build().unwrap().breaker().clone()
}

fn fail(breaker: &Breaker) {
    breaker.try_enter().expect("it passes").settle(Outcome::Failure);
}

fn steps(events: &mut Events) -> Vec<Event> {
    std::iter::from_fn(|| events.try_next()).collect()
}

fn told(event: &Event) -> (State, State) {
    let Event::Moved(step) = event else { panic!("{event:?}") };
    (step.from(), step.to())
}

#[test]
fn each_step_is_told_and_kept() {
    let breaker = breaker();
    let mut events = breaker.events(8);
    fail(&breaker);
    breaker.reset();
    breaker.force(Force::Off);
    let heard = steps(&mut events);
    let path: Vec<_> = heard.iter().map(told).collect();
    assert_eq!(
        path,
        [
            (State::Closed, State::Open),
            (State::Open, State::Closed),
            (State::Closed, State::Disabled)
        ]
    );
    let kept: Vec<_> = breaker.history().into_iter().map(Event::Moved).collect();
    assert_eq!(kept, heard);
    let generations: Vec<_> = breaker.history().iter().map(Transition::generation).collect();
    assert!(generations.is_sorted());
}

/// It waits for nobody, and says how much was missed.
#[test]
fn who_lags_behind_is_told_how_much_was_missed() {
    let breaker = breaker();
    let (mut slow, mut quick) = (breaker.events(2), breaker.events(64));
    for force in [Force::Open, Force::Release].repeat(20) {
        breaker.force(force);
    }
    let heard = steps(&mut slow);
    assert_eq!(heard[0], Event::Missed(38));
    assert_eq!(heard[1..].iter().map(told).count(), 2);
    assert_eq!(steps(&mut quick).len(), 40);
    assert_eq!(breaker.history().len(), 32, "more are not kept");
}

#[tokio::test]
async fn the_end_of_a_breaker_ends_the_waiting() {
    let breaker = breaker();
    let mut events = breaker.events(2);
    breaker.force(Force::Open);
    drop(breaker);
    let Some(Event::Moved(step)) = events.next().await else { panic!("it was told") };
    assert_eq!(step.why(), Why::Forced);
    assert_eq!(events.next().await, None);
}

/// Counts how often it was woken, and panics then, if it shall.
struct Bell {
    rung: AtomicUsize,
    is_broken: bool,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.rung.fetch_add(1, Ordering::SeqCst);
        assert!(!self.is_broken, "this bell is broken");
    }
}

/// One that waits, and a bell that rings when it need not any more.
fn waiting(breaker: &Breaker, is_broken: bool) -> (Events, Arc<Bell>) {
    let bell = Arc::new(Bell { rung: AtomicUsize::new(0), is_broken });
    let mut events = breaker.events(8);
    let waker = Waker::from(bell.clone());
    assert!(events.poll_next(&mut Context::from_waker(&waker)).is_pending());
    (events, bell)
}

#[test]
fn a_panicking_listener_changes_nothing() {
    let breaker = breaker();
    let (mut broken, broken_bell) = waiting(&breaker, true);
    let (mut well, bell) = waiting(&breaker, false);
    fail(&breaker);
    assert_eq!(breaker.state(), State::Open, "and the call goes on as well");
    let rung = |bell: &Bell| bell.rung.load(Ordering::SeqCst);
    assert_eq!((rung(&broken_bell), rung(&bell)), (1, 1));
    assert_eq!((steps(&mut broken).len(), steps(&mut well).len()), (1, 1));
    breaker.reset();
    assert_eq!((breaker.state(), steps(&mut well).len()), (State::Closed, 1));
}

/// A sink of the audit that should not.
struct Panics;

impl Sink for Panics {
    fn record(&self, _: &Record<'_>) -> bool {
        panic!("this sink is broken")
    }
}

/// It is whose call it was that panics; the breaker, and those who listen to it, are as they should be.
#[test]
fn a_panicking_sink_keeps_no_step_from_others() {
    let audit = Audit::builder().sink(Panics).build().unwrap();
    let breaker = CircuitBreaker::after(1).audit(audit).build().unwrap().breaker().clone();
    let (mut events, bell) = waiting(&breaker, false);
    assert!(catch_unwind(AssertUnwindSafe(|| fail(&breaker))).is_err());
    assert_eq!(breaker.state(), State::Open);
    assert_eq!(steps(&mut events).iter().map(told).count(), 1);
    assert_eq!(bell.rung.load(Ordering::SeqCst), 1);
    assert_eq!(breaker.history().len(), 1);
    assert!(breaker.try_enter().is_err(), "it refuses, and does not panic");
}
