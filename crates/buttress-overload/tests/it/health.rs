//! How they are shows in health, and never makes a service unready.

use buttress_core::clock::{ManualClock, ms, secs};
use buttress_core::outcome::Outcome;
use buttress_core::{Dice, Health, HealthStatus, Probe, Problem};
use buttress_overload::Priority;
use buttress_overload::adaptive::{Adaptive, Aimd};
use buttress_overload::bulkhead::Bulkhead;
use buttress_overload::shed::Shed;
use buttress_overload::throttle::Throttle;
use buttress_testkit::poll::{assert_pending, assert_ready};

fn health(probe: &impl Probe) -> Health {
    assert!(!probe.critical());
    assert_eq!(probe.name(), "stock");
    assert_ready(probe.check())
}

fn is_up(probe: &impl Probe) {
    let health = health(probe);
    assert_eq!((health.status(), health.message()), (HealthStatus::Up, None));
}

fn is_degraded(probe: &impl Probe, message: &str) {
    let health = health(probe);
    assert_eq!((health.status(), health.message()), (HealthStatus::Degraded, Some(message)));
}

fn detail(probe: &impl Probe, name: &str) -> String {
    let health = health(probe);
    health.details().find(|detail| detail.0 == name).expect("it is told").1.to_owned()
}

async fn never() -> Result<u32, Problem> {
    std::future::pending().await
}

#[test]
fn a_bulkhead_is_degraded_while_nobody_more_may_wait() {
    let clock = ManualClock::new();
    let bulkhead = Bulkhead::of(1).queue(2, ms(100), clock.clone()).clock(clock);
    let bulkhead = bulkhead.named("stock").build().unwrap();
    let _permit = bulkhead.try_enter().unwrap();
    is_up(&bulkhead);

    let mut waits = [(); 2].map(|()| Box::pin(bulkhead.run(never)));
    for wait in &mut waits {
        assert_pending(wait.as_mut());
    }
    is_degraded(&bulkhead, "full");
    assert_eq!(detail(&bulkhead, "in_flight"), "1 of 1");
    assert_eq!(detail(&bulkhead, "waiting"), "2");

    let [first, _second] = waits;
    drop(first);
    is_up(&bulkhead);
}

#[test]
fn without_a_queue_it_is_so_while_there_is_no_permit() {
    let bulkhead = Bulkhead::of(2).named("stock").build().unwrap();
    let permits = [(); 2].map(|()| bulkhead.try_enter().unwrap());
    is_degraded(&bulkhead, "full");
    let [one, _other] = permits;
    drop(one);
    is_up(&bulkhead);

    bulkhead.resize(1).unwrap();
    is_degraded(&bulkhead, "full");
}

#[test]
fn shedding_is_degraded_while_the_queue_stands_or_is_full() {
    let clock = ManualClock::new();
    let shed = Shed::of(1).queue(40, secs(9), clock.clone()).target(ms(5), ms(100));
    let shed = shed.clock(clock.clone()).named("stock").build().unwrap();
    let enter = || {
        let shed = shed.clone();
        Box::pin(async move { shed.enter(Priority::Normal).await })
    };
    let mut place = assert_ready(enter()).ok();
    let mut waits: Vec<_> = (0..36).map(|_| enter()).collect();
    is_up(&shed);
    for wait in &mut waits {
        assert_pending(wait.as_mut());
    }
    is_degraded(&shed, "full");

    // Each takes 10 ms, so nobody waits for less.
    while !shed.is_standing(Priority::Normal) {
        clock.advance(ms(10));
        drop(place.take());
        place = assert_ready(waits.remove(0)).ok();
    }
    is_degraded(&shed, "the queue stands");
    assert_eq!(detail(&shed, "under_way"), "1 of 1");

    drop((place, waits));
    clock.advance(secs(1));
    is_up(&shed);
    assert_eq!(detail(&shed, "waiting"), "0");
}

#[test]
fn an_adaptive_limit_is_degraded_while_it_is_reached() {
    let limit = Adaptive::by(Aimd::new().between(1, 20).starting_at(10)).named("stock");
    let limit = limit.clock(ManualClock::new()).build().unwrap();
    let slots = [(); 8].map(|()| limit.enter(Priority::Normal).unwrap());
    is_up(&limit);
    let ninth = limit.enter(Priority::Normal).unwrap();
    is_degraded(&limit, "full");
    assert_eq!(detail(&limit, "under_way"), "9 of 10");
    drop((slots, ninth));
    is_up(&limit);
}

#[test]
fn a_throttle_is_degraded_while_it_holds_back() {
    let clock = ManualClock::new();
    let throttle = Throttle::builder().clock(clock.clone()).dice(Dice::seeded(1)).named("stock");
    let throttle = throttle.build().unwrap();
    is_up(&throttle);
    for _ in 0..1_000 {
        if let Ok(pass) = throttle.enter(Priority::Critical) {
            pass.settle(Outcome::Throttled);
        }
    }
    is_degraded(&throttle, "holds calls back");
    assert_eq!(detail(&throttle, "refused"), "95 %");
    clock.advance(secs(60));
    is_up(&throttle);
}
