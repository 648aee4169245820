//! A budget that is used up shows in health.

use buttress_core::clock::{Clock, ManualClock, secs};
use buttress_core::outcome::HttpClassify;
use buttress_core::{HealthStatus, Probe};
use buttress_retry::{Budget, Cost, Retry, RetryBuilder};
use buttress_testkit::poll::assert_ready;

fn of(budget: Budget, clock: &ManualClock) -> RetryBuilder<HttpClassify, ManualClock> {
    Retry::up_to(2).named("stock").budget(budget).clock(clock.clone()).timer(clock.clone())
}

fn status(probe: &impl Probe) -> HealthStatus {
    assert_eq!((probe.name(), probe.critical()), ("stock", false));
    assert_ready(probe.check()).status()
}

#[test]
fn it_is_degraded_until_calls_have_earned_more() {
    let clock = ManualClock::new();
    let retry = of(Budget::percent(10).floor(0), &clock).build().unwrap();
    let budget = retry.budget();
    assert_eq!(status(&retry), HealthStatus::Up, "nobody has called, so nothing is used up");
    let call = |_| {
        budget.deposit(|| clock.now());
    };
    (0..10).for_each(call);
    let taken = budget.take(Cost::Failure, None, clock.now()).unwrap();
    assert_eq!(status(&retry), HealthStatus::Degraded);

    drop(taken);
    assert_eq!(status(&retry), HealthStatus::Up, "it was given back");
    budget.take(Cost::Failure, None, clock.now()).unwrap().spend();
    let health = assert_ready(retry.check());
    assert_eq!(health.message(), Some("the budget is used up"));
    assert!(health.details().eq([("left", "0.0")]), "{health:?}");
    (0..10).for_each(call);
    assert_eq!(status(&retry), HealthStatus::Up);

    budget.take(Cost::Failure, None, clock.now()).unwrap().spend();
    assert_eq!(status(&retry), HealthStatus::Degraded);
    clock.advance(secs(20));
    assert_eq!(status(&retry), HealthStatus::Up, "what was spent has left the window");
}

#[test]
fn so_it_is_with_tokens() {
    let clock = ManualClock::new();
    let grpc = of(Budget::tokens(4, 1.0), &clock).build_policy().unwrap();
    grpc.budget().failed();
    assert_eq!(status(&grpc), HealthStatus::Up, "three of four are left");
    grpc.budget().failed();
    assert_eq!(status(&grpc), HealthStatus::Degraded, "half of them");
    grpc.budget().succeeded(None);
    assert_eq!(status(&grpc), HealthStatus::Up);

    let quota = of(Budget::quota(12), &clock).build_policy().unwrap();
    let taken = quota.budget().take(Cost::Unanswered, None, clock.now()).unwrap();
    assert_eq!(status(&quota), HealthStatus::Degraded);
    drop(taken);
    assert_eq!(status(&quota), HealthStatus::Up);
}

#[test]
fn who_never_repeats_uses_nothing_up() {
    let clock = ManualClock::new();
    let budget = Budget::tokens(1, 1.0);
    budget.failed();
    let once =
        Retry::up_to(1).named("stock").budget(budget).clock(clock.clone()).timer(clock.clone());
    assert_eq!(status(&once.build().unwrap()), HealthStatus::Up);
    let free = of(Budget::dangerous_unlimited(), &clock).build().unwrap();
    assert_eq!(status(&free), HealthStatus::Up);
}
