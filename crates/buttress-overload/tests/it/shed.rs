//! What is done is done in time, and what matters least is refused first.

use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use buttress_core::clock::{ManualClock, ms, secs};
use buttress_core::outcome::Outcome;
use buttress_core::{Code, Problem};
use buttress_overload::Priority;
use buttress_overload::adaptive::Aimd;
use buttress_overload::shed::{Place, Shed};
use buttress_testkit::poll::{Wakes, assert_pending, assert_ready, poll_once};

type Entering = Pin<Box<dyn Future<Output = Result<Place, Problem>>>>;

struct Door {
    shed: Shed<ManualClock>,
    clock: ManualClock,
}

impl Door {
    fn new(limit: u32, room: u32) -> Self {
        let clock = ManualClock::new();
        let shed = Shed::of(limit).queue(room, secs(1), clock.clone()).clock(clock.clone());
        Self { shed: shed.build().unwrap(), clock }
    }

    fn enter(&self, priority: Priority) -> Entering {
        let shed = self.shed.clone();
        let mut entering: Entering = Box::pin(async move { shed.enter(priority).await });
        // A future does nothing until it is polled: so it comes now.
        match poll_once(&mut entering) {
            Poll::Pending => entering,
            Poll::Ready(done) => Box::pin(std::future::ready(done)),
        }
    }

    fn holds(&self, priority: Priority) -> Place {
        assert_ready(self.enter(priority)).unwrap()
    }
}

fn is_refused(entering: Entering) {
    let problem = assert_ready(entering).unwrap_err();
    assert_eq!((problem.code(), problem.retry_after()), (Code::OVERLOADED, Some(secs(1))));
}

#[test]
fn what_waited_too_long_is_not_called() {
    let door = Door::new(1, 100);
    let mut place = door.holds(Priority::Critical);
    // Each call takes 10 ms, and one more comes each 2 ms: the queue stands.
    let mut waiting: Vec<Entering> = Vec::new();
    let (mut served, mut refused) = (Vec::new(), 0);
    for time in 0..1_000_u64 {
        door.clock.advance(ms(1));
        if time % 2 == 0 {
            waiting.push(door.enter(Priority::Normal));
        }
        if time % 10 == 9 {
            drop(place);
            waiting.retain_mut(|entering| match poll_once(entering) {
                Poll::Pending => true,
                Poll::Ready(Ok(got)) => {
                    served.push((time, got));
                    false
                }
                Poll::Ready(Err(_)) => {
                    refused += 1;
                    false
                }
            });
            place = served.pop().expect("somebody is always served").1;
        }
    }
    // Who waits now has come within twice the target, and what one call takes: the others were not kept waiting for
    // nothing.
    assert!(waiting.len() <= 10, "{}", waiting.len());
    assert!(refused > 300, "{refused}");
    assert!(door.shed.is_standing(Priority::Normal));
}

#[test]
fn while_the_queue_stands_who_came_last_goes_first() {
    let door = Door::new(1, 100);
    let mut place = door.holds(Priority::Critical);
    let mut waiting: Vec<Entering> = (0..60).map(|_| door.enter(Priority::Normal)).collect();
    let mut order = Vec::new();
    // As many come as are served, one each 4 ms, behind those that were there before. First they are served in turn,
    // and once a whole interval has shown that the queue stands, from the other end.
    for _ in 0..60 {
        door.clock.advance(ms(4));
        waiting.push(door.enter(Priority::Normal));
        drop(place);
        let mut called = None;
        for (at, entering) in waiting.iter_mut().enumerate() {
            let Poll::Ready(done) = poll_once(entering.as_mut()) else { continue };
            *entering = Box::pin(std::future::pending());
            called = done.ok().map(|place| (at, place)).or(called);
        }
        let (at, got) = called.expect("somebody is always served");
        order.push(at);
        place = got;
    }
    assert_eq!(order[..50], (0..50).collect::<Vec<_>>());
    assert!(order.ends_with(&[117, 118, 119]), "{order:?}");
    assert_eq!(door.shed.waiting(), 0, "the others had waited for too long");
}

#[test]
fn a_burst_is_smoothed() {
    let door = Door::new(2, 100);
    let mut held = vec![door.holds(Priority::Critical), door.holds(Priority::Critical)];
    let mut waiting: Vec<Entering> = (0..40).map(|_| door.enter(Priority::Normal)).collect();
    let mut served = 0;
    // Two each 4 ms: the last of them waits for 80 ms, which is far above the target, and is served: within an interval
    // there is an end.
    for _ in 0..20 {
        door.clock.advance(ms(4));
        held.clear();
        waiting.retain_mut(|entering| match poll_once(entering) {
            Poll::Pending => true,
            Poll::Ready(done) => {
                held.push(done.unwrap());
                false
            }
        });
        assert_eq!(held.len(), 2);
        served += held.len();
    }
    held.clear();
    assert_eq!((served, waiting.len(), door.shed.under_way()), (40, 0, 0));
}

#[test]
fn nobody_waits_longer_than_one_may() {
    let door = Door::new(1, 9);
    let place = door.holds(Priority::Critical);
    let mut waiting = door.enter(Priority::Normal);
    assert_pending(&mut waiting);
    door.clock.advance(ms(999));
    assert_pending(&mut waiting);
    door.clock.advance(ms(1));
    is_refused(waiting);
    assert_eq!((door.shed.waiting(), door.clock.sleepers()), (0, 0));
    drop(place);
    drop(door.holds(Priority::Background));
    assert_eq!(door.shed.under_way(), 0);
}

#[test]
fn what_matters_least_is_refused_first() {
    let door = Door::new(10, 10);
    let mut inside = Vec::new();
    let mut waiting = Vec::new();
    for priority in Priority::ALL {
        let mut counts = [0, 0, 0];
        for _ in 0..20 {
            let mut entering = door.enter(priority);
            match poll_once(&mut entering) {
                Poll::Ready(Ok(place)) => {
                    inside.push(place);
                    counts[0] += 1;
                }
                Poll::Ready(Err(_)) => counts[2] += 1,
                Poll::Pending => {
                    waiting.push(entering);
                    counts[1] += 1;
                }
            }
        }
        let expected = match priority {
            Priority::Background => [5, 5, 10],
            // Who is above all that wait takes what is there for him before them.
            Priority::Low | Priority::Normal => [2, 2, 16],
            _ => [1, 1, 18],
        };
        assert_eq!(counts, expected, "{priority}");
    }
    assert_eq!((door.shed.under_way(), door.shed.waiting()), (10, 10));
    drop(inside);
    // Those that matter most came last here, and have to be gone before there is room for the others.
    let served = waiting.into_iter().rev().map(|mut entering| {
        let place = poll_once(&mut entering);
        assert!(matches!(place, Poll::Ready(Ok(_))), "{place:?}");
    });
    assert_eq!(served.count(), 10);
    assert_eq!(door.shed.under_way(), 0);
}

#[test]
fn a_higher_priority_goes_first() {
    let door = Door::new(1, 10);
    let place = door.holds(Priority::Critical);
    let mut low = door.enter(Priority::Low);
    let mut critical = door.enter(Priority::Critical);
    drop(place);
    assert_pending(&mut low);
    drop(assert_ready(critical.as_mut()).unwrap());
    drop(assert_ready(low.as_mut()).unwrap());
}

#[test]
fn who_goes_away_leaves_his_place_to_the_next() {
    let door = Door::new(1, 10);
    let place = door.holds(Priority::Critical);
    let (gone, called, mut next) =
        (door.enter(Priority::Normal), door.enter(Priority::Normal), door.enter(Priority::Normal));
    let wakes = Wakes::new();
    assert!(wakes.poll(next.as_mut()).is_pending());
    drop(gone);
    drop(place);
    assert_eq!(wakes.count(), 0, "it is for who came before");
    drop(called);
    assert_eq!(wakes.count(), 1);
    drop(assert_ready(next).unwrap());
    assert_eq!((door.shed.under_way(), door.shed.waiting()), (0, 0));
}

#[test]
fn without_a_queue_nobody_waits() {
    let shed = Shed::of(1).build().unwrap();
    let place = assert_ready(std::pin::pin!(shed.enter(Priority::Critical))).unwrap();
    let refused = assert_ready(std::pin::pin!(shed.enter(Priority::Critical)));
    assert_eq!(refused.unwrap_err().code(), Code::OVERLOADED);
    drop(place);
    drop(assert_ready(std::pin::pin!(shed.enter(Priority::Critical))).unwrap());
}

#[test]
fn more_places_serve_who_waits() {
    let door = Door::new(1, 10);
    let place = door.holds(Priority::Critical);
    let mut waiting = [(); 3].map(|()| door.enter(Priority::Critical));
    door.shed.resize(3).unwrap();
    let is_in = waiting.each_mut().map(poll_once);
    assert_eq!(is_in.each_ref().map(Poll::is_ready), [true, true, false]);
    drop(place);
    assert!(poll_once(&mut waiting[2]).is_ready());
}

#[test]
fn a_limit_that_is_found_serves_who_waits() {
    let clock = ManualClock::new();
    let shed = Shed::adapting(Aimd::new().between(4, 9).starting_at(4))
        .queue(100, secs(1), clock.clone())
        .clock(clock.clone())
        .build()
        .unwrap();
    let door = Door { shed, clock };
    for _ in 0..20 {
        let places = [(); 4].map(|()| door.holds(Priority::Critical));
        door.clock.advance(ms(50));
        for place in places {
            place.settle(Outcome::Success);
        }
    }
    assert!(door.shed.limit() > 4);
    for _ in 0..100 {
        let places = [(); 4].map(|()| door.holds(Priority::Critical));
        door.clock.advance(Duration::from_millis(50));
        for place in places {
            place.settle(Outcome::Throttled);
        }
    }
    assert_eq!(door.shed.limit(), 4);
}
