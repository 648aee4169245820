//! Checks run in the background: in time, one at a time, and whatever they do.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use buttress_core::Health;
use buttress_core::clock::{TokioClock, TokioTimer};
use buttress_health::{Check, CheckStatus, HealthChecks, HealthChecksBuilder, Status};
use buttress_testkit::paused::pass;

use crate::support::{Dependency, ask, get, hanging, run};

fn builder() -> HealthChecksBuilder {
    HealthChecks::builder().clock(TokioClock::new())
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_probes_a_second_start_one_run_an_interval() {
    let database = Dependency::new(Health::up());
    let check = database.check("db").every(Duration::from_secs(10));
    let health = builder().check(check).build().unwrap();
    let _running = run(&health);
    let mut longest = 0;
    for second in 1..=30 {
        for _ in 0..10 {
            for _ in 0..1_000 {
                ask(&health, get("/ready"));
            }
            pass(Duration::from_millis(100)).await;
        }
        assert!(database.runs() <= second / 10 + 1, "{} in {second} s", database.runs());
        longest = longest.max(database.runs());
    }
    assert!(longest >= 3, "{longest}");
}

#[tokio::test(start_paused = true)]
async fn a_check_that_hangs_is_dropped_at_its_deadline_and_holds_up_no_other() {
    struct Inside(Arc<AtomicUsize>);
    impl Drop for Inside {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::Relaxed);
        }
    }

    let inside = Arc::new(AtomicUsize::new(0));
    let most = Arc::new(AtomicUsize::new(0));
    let hang = {
        let (inside, most) = (inside.clone(), most.clone());
        Check::of("hangs", move || {
            let now = inside.fetch_add(1, Ordering::Relaxed) + 1;
            most.fetch_max(now, Ordering::Relaxed);
            let held = Inside(inside.clone());
            async move {
                std::future::pending::<()>().await;
                drop(held);
                Health::up()
            }
        })
    };
    let other = Dependency::new(Health::up());
    let health = builder()
        .check(hang.deadline(Duration::from_secs(2)).every(Duration::from_secs(5)))
        .check(other.check("other").every(Duration::from_secs(1)))
        .build()
        .unwrap();
    let _running = run(&health);

    pass(Duration::from_millis(1_900)).await;
    assert_eq!(health.report().check("hangs").unwrap().status(), CheckStatus::Pending);
    pass(Duration::from_millis(200)).await;
    let report = health.report();
    let hangs = report.check("hangs").unwrap();
    assert_eq!(hangs.status(), CheckStatus::Down);
    assert_eq!(hangs.message(), Some("no answer within 2s"));
    assert_eq!(hangs.latency(), Some(Duration::from_secs(2)));
    assert_eq!(inside.load(Ordering::Relaxed), 0, "it was dropped");

    pass(Duration::from_secs(600)).await;
    assert_eq!(most.load(Ordering::Relaxed), 1, "never two at a time");
    assert!(other.runs() > 500, "{}", other.runs());
}

#[tokio::test(start_paused = true)]
async fn what_comes_after_the_deadline_does_not_count() {
    // Blocks its thread, as a call that is not async would, and then finds that all is well.
    let late = Check::of("late", || async {
        tokio::time::advance(Duration::from_secs(3)).await;
        Health::up()
    });
    let health = builder().check(late.deadline(Duration::from_secs(2))).build().unwrap();
    let _running = run(&health);
    pass(Duration::from_secs(4)).await;
    let report = health.report();
    assert_eq!(report.checks()[0].status(), CheckStatus::Down);
    assert!(report.checks()[0].last_success().is_none());
}

#[test]
fn what_blocked_until_after_the_deadline_does_not_count() {
    use buttress_core::clock::ManualClock;
    use buttress_testkit::poll::Wakes;

    let clock = ManualClock::new();
    let blocks = {
        let clock = clock.clone();
        Check::of("blocks", move || {
            clock.advance(Duration::from_secs(3));
            async { Health::up() }
        })
    };
    let health = HealthChecks::builder().clock(clock.clone()).check(blocks).build().unwrap();
    let mut tasks: Vec<_> = health.tasks(&clock).collect();
    let wakes = Wakes::new();
    for task in &mut tasks {
        assert!(wakes.poll(task).is_pending());
    }
    assert_eq!(health.report().checks()[0].status(), CheckStatus::Down);
}

#[tokio::test(start_paused = true)]
async fn a_check_that_panics_is_down_and_runs_again() {
    let runs = Arc::new(AtomicUsize::new(0));
    let odd = {
        let runs = runs.clone();
        Check::of("odd", move || {
            let run = runs.fetch_add(1, Ordering::Relaxed);
            assert_ne!(run, 0, "while it is made, with secret=hunter2");
            async move {
                assert_ne!(run, 1, "while it runs");
                Health::up()
            }
        })
    };
    let health = builder().check(odd.every(Duration::from_secs(1))).build().unwrap();
    let _running = run(&health);
    pass(Duration::from_millis(10)).await;
    for _ in 0..2 {
        let report = health.report();
        assert_eq!(report.checks()[0].status(), CheckStatus::Down);
        assert_eq!(report.checks()[0].message(), Some("it panicked"));
        pass(Duration::from_millis(1_100)).await;
    }
    assert_eq!(health.status(), Status::Ok, "the third run finds it well");
}

#[tokio::test(start_paused = true)]
async fn a_panic_while_it_is_dropped_changes_nothing() {
    struct Odd;
    impl Drop for Odd {
        fn drop(&mut self) {
            panic!("while it is dropped");
        }
    }
    let odd = Check::of("odd", || {
        let held = Odd;
        async move {
            std::future::pending::<()>().await;
            drop(held);
            Health::up()
        }
    });
    let health = builder().check(odd.every(Duration::from_secs(3))).build().unwrap();
    let _running = run(&health);
    pass(Duration::from_secs(10)).await;
    let report = health.report();
    assert_eq!(report.checks()[0].message(), Some("no answer within 2s"));
}

#[tokio::test(start_paused = true)]
async fn hysteresis_counts_runs() {
    let database = Dependency::new(Health::up());
    let check = database.check("db").every(Duration::from_secs(10)).fall(3).rise(2);
    let health = builder().check(check).build().unwrap();
    let _running = run(&health);
    let after = async |found: Health, runs: u64| {
        database.set(found);
        let until = database.runs() + runs;
        while database.runs() < until {
            pass(Duration::from_millis(100)).await;
        }
        health.status()
    };
    assert_eq!(after(Health::up(), 1).await, Status::Ok);
    assert_eq!(after(Health::down("gone"), 2).await, Status::Ok);
    assert_eq!(after(Health::up(), 1).await, Status::Ok);
    assert_eq!(after(Health::down("gone"), 3).await, Status::Down);
    assert_eq!(after(Health::up(), 1).await, Status::Down);
    assert_eq!(after(Health::up(), 1).await, Status::Ok);
}

#[tokio::test(start_paused = true)]
async fn a_check_waits_before_its_first_run() {
    let database = Dependency::new(Health::up());
    let check = database.check("db").initial_delay(Duration::from_secs(30));
    let health = builder().check(check).build().unwrap();
    let _running = run(&health);
    pass(Duration::from_secs(29)).await;
    assert_eq!((database.runs(), health.status()), (0, Status::Starting));
    pass(Duration::from_secs(2)).await;
    assert_eq!((database.runs(), health.status()), (1, Status::Ok));
}

#[tokio::test(start_paused = true)]
async fn an_old_result_is_unknown_until_there_is_a_new_one() {
    let database = Dependency::new(Health::up());
    let check = database.check("db").every(Duration::from_secs(10));
    let health = builder().check(check.stale_after(Duration::from_secs(20))).build().unwrap();
    let running = run(&health);
    pass(Duration::from_secs(1)).await;
    assert_eq!(health.status(), Status::Ok);

    drop(running);
    pass(Duration::from_secs(18)).await;
    assert_eq!(ask(&health, get("/ready")).status(), 200);
    pass(Duration::from_secs(2)).await;
    assert_eq!(ask(&health, get("/ready")).status(), 503);
    let report = health.report();
    assert_eq!(report.checks()[0].status(), CheckStatus::Unknown);
    assert!(report.checks()[0].last_success().is_some());

    let _running = run(&health);
    pass(Duration::from_millis(1)).await;
    assert_eq!(ask(&health, get("/ready")).status(), 200);
}

#[tokio::test(start_paused = true)]
async fn what_is_run_already_is_not_run_twice() {
    let database = Dependency::new(Health::up());
    let check = database.check("db").every(Duration::from_secs(10));
    let health = builder().check(check).build().unwrap();
    let first = run(&health);
    pass(Duration::from_secs(1)).await;
    let _second = run(&health);
    pass(Duration::from_secs(100)).await;
    assert!(database.runs() <= 11, "{}", database.runs());

    // Once the first ones are gone, others may take over.
    let before = database.runs();
    drop(first);
    let _third = run(&health);
    pass(Duration::from_secs(1)).await;
    assert_eq!(database.runs(), before + 1);
}

#[tokio::test(start_paused = true)]
async fn dropping_stops_the_checks() {
    let database = Dependency::new(Health::up());
    let health = builder().check(database.check("db")).check(hanging("h")).build().unwrap();
    let running = run(&health);
    pass(Duration::from_secs(1)).await;
    drop(running);
    pass(Duration::from_secs(100)).await;
    assert_eq!(database.runs(), 1);
}

#[cfg(feature = "tokio")]
#[tokio::test(start_paused = true)]
async fn spawned_checks_stop_with_what_runs_them() {
    let database = Dependency::new(Health::up());
    let health = builder().check(database.check("db")).build().unwrap();
    let running = health.spawn();
    pass(Duration::from_secs(1)).await;
    running.stop().await;
    pass(Duration::from_secs(100)).await;
    assert_eq!(database.runs(), 1);
}

#[test]
fn tasks_are_what_runtimes_need() {
    fn spawnable<T: Future<Output = ()> + Send + 'static>(_: &T) {}
    let health = builder_with_system_clock();
    let tasks: Vec<_> = health.tasks(&TokioTimer).collect();
    tasks.iter().for_each(spawnable);
    let names: Vec<_> = tasks.iter().map(buttress_health::CheckTask::name).collect();
    assert_eq!(names, [None, Some("a")]);
}

fn builder_with_system_clock() -> HealthChecks {
    HealthChecks::builder().check(hanging("a")).build().unwrap()
}
