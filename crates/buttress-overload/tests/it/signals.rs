//! What metrics hear of calls.

use buttress_core::clock::{Clock, ManualClock, ms, secs};
use buttress_core::metrics::Metrics;
use buttress_core::{Deadline, Problem};
use buttress_overload::bulkhead::Bulkhead;
use buttress_overload::deadline::DeadlineLayer;
use buttress_overload::timeout::Timeout;
use buttress_overload::{bulkhead, deadline, timeout};
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

fn is_all(page: &Page, catalogue: &[buttress_core::metrics::Description]) {
    assert!(page.bound().iter().all(|metric| catalogue.contains(metric)));
    assert!(catalogue.iter().all(|metric| page.bound().contains(metric)));
}
