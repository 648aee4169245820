//! Who waits is counted exactly, whoever goes away or panics meanwhile.

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use buttress_core::Problem;
use buttress_core::clock::{ManualClock, Timer, ms};
use buttress_core::metrics::Metrics;
use buttress_overload::Priority;
use buttress_overload::bulkhead::Bulkhead;
use buttress_overload::shed::Shed;
use buttress_testkit::page::Page;
use buttress_testkit::poll::{assert_pending, assert_ready};
use proptest::prelude::*;

type Flight = Pin<Box<dyn Future<Output = Result<u32, Problem>>>>;

/// How the work ends that a call does.
#[derive(Clone, Copy, Debug)]
enum Work {
    AtOnce,
    Never,
    Panics,
}

async fn work(work: Work) -> Result<u32, Problem> {
    match work {
        Work::AtOnce => Ok(7),
        Work::Never => pending().await,
        Work::Panics => panic!("the work is no good"),
    }
}

#[derive(Clone, Debug)]
enum Step {
    Begin(Work, Priority),
    Poll(usize, bool),
    Drop(usize),
    Pass(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let work = prop::sample::select(vec![Work::AtOnce, Work::Never, Work::Never, Work::Panics]);
    let priority = prop::sample::select(Priority::ALL.to_vec());
    let step = prop_oneof![
        4 => (work, priority).prop_map(|(work, priority)| Step::Begin(work, priority)),
        4 => (0_usize..8, any::<bool>()).prop_map(|(at, bad)| Step::Poll(at, bad)),
        2 => (0_usize..8).prop_map(Step::Drop),
        1 => (0_u64..80).prop_map(Step::Pass),
    ];
    prop::collection::vec(step, 0..60)
}

/// Panics when it is woken.
struct Bad;

impl Wake for Bad {
    fn wake(self: Arc<Self>) {
        panic!("this waker is no good");
    }
}

/// Polls it, and drops it once it has ended, or has panicked.
fn poll(flights: &mut Vec<Flight>, at: usize, is_bad: bool) {
    let waker = if is_bad { Arc::new(Bad).into() } else { Waker::noop().clone() };
    let Some(flight) = flights.get_mut(at) else { return };
    let poll = || flight.as_mut().poll(&mut Context::from_waker(&waker));
    if !matches!(catch_unwind(AssertUnwindSafe(poll)), Ok(Poll::Pending)) {
        drop(flights.remove(at));
    }
}

/// Plays it; after each step `look` is told how many calls there are yet.
fn play(
    clock: &ManualClock,
    steps: Vec<Step>,
    begin: impl Fn(Work, Priority) -> Flight,
    mut look: impl FnMut(u32) -> Result<(), TestCaseError>,
) -> Result<(), TestCaseError> {
    let mut flights: Vec<Flight> = Vec::new();
    for step in steps {
        match step {
            Step::Begin(work, priority) => {
                flights.push(begin(work, priority));
                let at = flights.len() - 1;
                poll(&mut flights, at, false);
            }
            Step::Poll(at, is_bad) => poll(&mut flights, at, is_bad),
            Step::Drop(at) if at < flights.len() => drop(flights.remove(at)),
            Step::Drop(_) => {}
            Step::Pass(time) => {
                // The clock wakes, too.
                let _ = catch_unwind(AssertUnwindSafe(|| clock.advance(ms(time))));
            }
        }
        look(u32::try_from(flights.len()).unwrap())?;
    }
    Ok(())
}

proptest! {
    #[test]
    fn of_a_bulkhead(steps in steps()) {
        let (clock, page) = (ManualClock::new(), Page::default());
        let bulkhead = Bulkhead::of(2).queue(4, ms(100), clock.clone()).clock(clock.clone());
        let bulkhead = bulkhead.named("stock").metrics(&Metrics::new(page.clone())).build().unwrap();
        let waiting = || page.of("buttress_bulkhead_waiting stock").unwrap_or_default();
        let begin = |ends, _| -> Flight {
            let bulkhead = bulkhead.clone();
            Box::pin(async move { bulkhead.run(|| work(ends)).await })
        };
        play(&clock, steps, begin, |calls| {
            let (out, queued) = (bulkhead.in_flight(), bulkhead.waiting());
            prop_assert!(out <= 2 && queued <= 4);
            // Who has been called has a permit, but not come for it: it waits, and the permit is out.
            prop_assert!(queued + out >= calls && queued <= calls);
            prop_assert!((f64::from(queued)..=f64::from(calls)).contains(&waiting()));
            prop_assert!(waiting() + f64::from(out) >= f64::from(calls));
            Ok(())
        })?;
        prop_assert_eq!((bulkhead.in_flight(), bulkhead.waiting(), waiting()), (0, 0, 0.0));
        assert_ready(begin(Work::AtOnce, Priority::Low)).unwrap();
    }

    #[test]
    fn of_a_shed(steps in steps()) {
        let clock = ManualClock::new();
        let shed = Shed::of(2).queue(4, ms(100), clock.clone()).clock(clock.clone()).build().unwrap();
        let begin = |ends, priority| -> Flight {
            let shed = shed.clone();
            Box::pin(async move { shed.run(priority, || work(ends)).await })
        };
        play(&clock, steps, begin, |calls| {
            let (out, queued) = (shed.under_way(), shed.waiting());
            prop_assert!(out <= 2 && queued <= calls && out <= calls);
            Ok(())
        })?;
        prop_assert_eq!((shed.under_way(), shed.waiting()), (0, 0));
        assert_ready(begin(Work::AtOnce, Priority::Critical)).unwrap();
    }
}

/// It is given to the next, and who gave it hears nothing of that.
#[test]
fn a_waker_that_panics_takes_nobody_along() {
    let clock = ManualClock::new();
    let bulkhead = Bulkhead::of(2).queue(4, ms(100), clock.clone()).build().unwrap();
    let (first, second) = (bulkhead.try_enter().unwrap(), bulkhead.try_enter().unwrap());
    let mut flights: Vec<Flight> = (0..2).map(|_| waits(&bulkhead)).collect();
    poll(&mut flights, 0, true);
    assert_pending(flights[1].as_mut());
    bulkhead.resize(4).unwrap();
    assert_eq!(bulkhead.waiting(), 0, "both are called");
    assert_ready(flights.remove(1)).unwrap();
    drop((first, second, flights));
    assert_eq!((bulkhead.in_flight(), bulkhead.waiting()), (0, 0));

    let shed = Shed::of(2).queue(4, ms(100), clock.clone()).clock(clock).build().unwrap();
    let begin = |ends| -> Flight {
        let shed = shed.clone();
        Box::pin(async move { shed.run(Priority::Critical, || work(ends)).await })
    };
    let mut flights: Vec<Flight> = (0..2).map(|_| begin(Work::Never)).collect();
    for flight in &mut flights {
        assert_pending(flight.as_mut());
    }
    flights.extend((0..2).map(|_| begin(Work::AtOnce)));
    poll(&mut flights, 2, true);
    assert_pending(flights[3].as_mut());
    shed.resize(4).unwrap();
    assert_eq!(shed.waiting(), 0, "both are called");
    assert_ready(flights.remove(3)).unwrap();
    drop(flights);
    assert_eq!((shed.under_way(), shed.waiting()), (0, 0));
}

fn waits(bulkhead: &Bulkhead<ManualClock>) -> Flight {
    let bulkhead = bulkhead.clone();
    Box::pin(async move { bulkhead.run(|| work(Work::AtOnce)).await })
}

/// A timer that panics, as one of tokio does outside of a runtime: who asked keeps no place in the line.
#[derive(Debug)]
struct Broken;

impl Clone for Broken {
    fn clone(&self) -> Self {
        Self
    }
}

impl Timer for Broken {
    type Sleep = std::future::Ready<()>;

    fn sleep(&self, _: Duration) -> Self::Sleep {
        panic!("there is no timer here")
    }
}

#[test]
fn who_has_no_timer_keeps_no_place() {
    let bulkhead = Bulkhead::of(1).queue(4, ms(100), Broken).build().unwrap();
    let permit = bulkhead.try_enter().unwrap();
    let begin = || drop(bulkhead.run(|| work(Work::AtOnce)));
    assert!(catch_unwind(AssertUnwindSafe(begin)).is_err());
    assert_eq!(bulkhead.waiting(), 0);
    drop(permit);
    assert_eq!(bulkhead.in_flight(), 0);

    let shed = Shed::of(1).queue(4, ms(100), Broken).build().unwrap();
    let mut first = Box::pin(shed.run(Priority::Critical, || work(Work::Never)));
    assert_pending(first.as_mut());
    let mut flight = Box::pin(shed.run(Priority::Critical, || work(Work::AtOnce)));
    let poll = || flight.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(catch_unwind(AssertUnwindSafe(poll)).is_err());
    drop(flight);
    assert_eq!((shed.under_way(), shed.waiting()), (1, 0));
}
