//! What metrics hear of calls.

use buttress_core::clock::{Clock, ManualClock, ms, secs};
use buttress_core::metrics::Metrics;
use buttress_core::outcome::Outcome;
use buttress_core::{Deadline, Dice, Problem};
use buttress_overload::adaptive::{Adaptive, Aimd};
use buttress_overload::bulkhead::Bulkhead;
use buttress_overload::deadline::DeadlineLayer;
use buttress_overload::outlier::Outliers;
use buttress_overload::shed::Shed;
use buttress_overload::throttle::Throttle;
use buttress_overload::timeout::Timeout;
use buttress_overload::{Priority, adaptive, bulkhead, deadline, outlier, shed, throttle, timeout};
use buttress_testkit::page::Page;
use buttress_testkit::poll::{assert_pending, assert_ready};

async fn never() -> Result<u32, Problem> {
    std::future::pending().await
}

async fn at_once() -> Result<u32, Problem> {
    Ok(7)
}

#[test]
fn what_becomes_of_calls_is_counted() {
    let (clock, page) = (ManualClock::new(), Page::default());
    let metrics = Metrics::new(page.clone());
    let stock = Bulkhead::of(1).queue(3, ms(100), clock.clone()).clock(clock.clone());
    let stock = stock.named("stock").metrics(&metrics).build().unwrap();

    assert_ready(Box::pin(stock.run(at_once))).unwrap();
    let first = Box::pin(stock.run(never));
    let mut waits = Box::pin(stock.run(at_once));
    let [mut late, leaves] = [(); 2].map(|()| Box::pin(stock.run(at_once)));
    assert_pending(waits.as_mut());
    assert!(assert_ready(Box::pin(stock.run(at_once))).is_err());
    assert_eq!(page.of("buttress_bulkhead_waiting stock"), Some(3.0));
    drop(leaves);
    clock.advance(ms(50));
    drop(first);
    assert_ready(waits).unwrap();
    clock.advance(ms(50));
    assert!(assert_ready(late.as_mut()).is_err());
    assert_eq!(
        page.lines(),
        [
            "buttress_bulkhead_calls_total stock expired: 1",
            "buttress_bulkhead_calls_total stock full: 1",
            "buttress_bulkhead_calls_total stock left: 1",
            "buttress_bulkhead_calls_total stock passed: 2",
            "buttress_bulkhead_calls_total stock waited: 1",
            "buttress_bulkhead_wait_seconds stock: 1",
        ],
        "and nobody waits any more"
    );
    is_all(&page, bulkhead::CATALOGUE);
}

#[test]
fn what_runs_out_of_time_is_counted() {
    let (clock, page) = (ManualClock::new(), Page::default());
    let metrics = Metrics::new(page.clone());
    let timeout = Timeout::after(ms(0), clock.clone()).metrics(&metrics, "stock");
    assert!(assert_ready(Box::pin(timeout.run(never))).is_err());
    assert_eq!(page.lines(), ["buttress_timeout_expired_total stock: 1"]);
    is_all(&page, timeout::CATALOGUE);

    let page = Page::default();
    let deadline = DeadlineLayer::after(secs(1), clock.clone()).clock(clock.clone());
    let deadline = deadline.metrics(&Metrics::new(page.clone()), "stock");
    assert_ready(Box::pin(deadline.run(at_once))).unwrap();
    let mut late = Box::pin(deadline.run(never));
    clock.advance(secs(1));
    assert!(assert_ready(late.as_mut()).is_err());
    let _over = Deadline::at(clock.now()).enter();
    assert!(assert_ready(Box::pin(deadline.run(at_once))).is_err());
    assert_eq!(
        page.lines(),
        [
            "buttress_deadline_expired_total stock before: 1",
            "buttress_deadline_expired_total stock meanwhile: 1",
        ]
    );
    is_all(&page, deadline::CATALOGUE);
}

#[test]
fn what_is_shed_found_held_back_and_left_out_is_counted() {
    let (clock, page) = (ManualClock::new(), Page::default());
    let metrics = Metrics::new(page.clone());
    let limit = Adaptive::by(Aimd::new().between(1, 9).starting_at(1)).clock(clock.clone());
    let limit = limit.named("stock").metrics(&metrics).build().unwrap();
    let slot = limit.enter(Priority::Critical).unwrap();
    assert!(limit.enter(Priority::Low).is_err());
    drop(slot);
    assert_eq!(
        page.lines(),
        ["buttress_adaptive_limit stock: 1", "buttress_adaptive_refused_total stock low: 1"]
    );
    is_all(&page, adaptive::CATALOGUE);

    let page = Page::default();
    let shed = Shed::of(1).queue(2, secs(1), clock.clone()).clock(clock.clone());
    let shed = shed.named("stock").metrics(&Metrics::new(page.clone())).build().unwrap();
    let mut first = Box::pin(shed.run(Priority::Critical, never));
    assert_pending(first.as_mut());
    let mut waits = Box::pin(shed.run(Priority::Critical, at_once));
    let mut late = Box::pin(shed.run(Priority::Critical, at_once));
    assert_pending(waits.as_mut());
    assert_pending(late.as_mut());
    assert!(assert_ready(Box::pin(shed.run(Priority::Low, at_once))).is_err());
    drop(first);
    assert_ready(waits.as_mut()).unwrap();
    drop(waits);
    assert_ready(late.as_mut()).unwrap();
    assert_eq!(
        page.lines(),
        [
            "buttress_shed_limit stock: 1",
            "buttress_shed_refused_total stock low full: 1",
            "buttress_shed_wait_seconds stock: 2",
        ]
    );
    is_all(&page, shed::CATALOGUE);

    let page = Page::default();
    let throttle = Throttle::builder().named("stock").clock(clock.clone()).dice(Dice::seeded(1));
    let throttle = throttle.metrics(&Metrics::new(page.clone())).build().unwrap();
    let refused = (0..100).filter(|_| match throttle.enter(Priority::Normal) {
        Ok(pass) => {
            pass.settle(Outcome::Throttled);
            false
        }
        Err(_) => true,
    });
    let refused = refused.count();
    assert!(refused > 50);
    assert_eq!(page.lines(), [format!("buttress_throttle_refused_total stock normal: {refused}")]);
    is_all(&page, throttle::CATALOGUE);

    let page = Page::default();
    let outliers = Outliers::of(2).named("stock").clock(clock).metrics(&Metrics::new(page.clone()));
    let outliers = outliers.build().unwrap();
    (0..5).for_each(|_| outliers.enter(1).settle(Outcome::Failure));
    assert_eq!(
        page.lines(),
        ["buttress_outlier_left_out_total stock in_a_row: 1", "buttress_outlier_out stock: 1"]
    );
    is_all(&page, outlier::CATALOGUE);
}

/// Whoever is the last to write has seen what is so by then.
#[test]
fn how_many_are_left_out_is_true_though_another_one_comes_between() {
    let page = Page::default();
    let outliers = Outliers::of(9).named("stock").clock(ManualClock::new());
    let outliers = outliers.metrics(&Metrics::new(page.clone())).build().unwrap();
    let other = outliers.clone();
    page.between(move || (0..5).for_each(|_| other.enter(2).settle(Outcome::Failure)));
    (0..5).for_each(|_| outliers.enter(1).settle(Outcome::Failure));
    assert_eq!(outliers.left_out(), [1, 2]);
    assert_eq!(page.of("buttress_outlier_out stock"), Some(2.0));
}

fn is_all(page: &Page, catalogue: &[buttress_core::metrics::Description]) {
    assert!(page.bound().iter().all(|metric| catalogue.contains(metric)));
    assert!(catalogue.iter().all(|metric| page.bound().contains(metric)));
}
