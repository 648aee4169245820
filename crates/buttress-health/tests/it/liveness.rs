//! Liveness asks what is inside the process, and nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use buttress_core::Health;
use buttress_core::clock::ManualClock;
use buttress_health::{EventLoop, HealthChecks, Memory};
use buttress_testkit::paused::pass;
use buttress_testkit::poll::Wakes;
use http::Request;

use crate::support::{ask, get, hanging, run};

#[tokio::test(start_paused = true)]
async fn no_dependency_can_touch_it() {
    let health = HealthChecks::builder().checks((0..50).map(|at| hanging(&format!("db{at}"))));
    let health = health.build().unwrap();
    let _running = run(&health);
    for _ in 0..10 {
        pass(Duration::from_secs(3)).await;
        assert_eq!(ask(&health, get("/health/live")).status(), 200);
        assert_eq!(ask(&health, get("/ready")).status(), 503);
    }
}

#[test]
fn what_is_inside_can() {
    let sound = Arc::new(AtomicBool::new(true));
    let health = HealthChecks::builder()
        .live("worker", {
            let sound = sound.clone();
            move || if sound.load(Ordering::Relaxed) { Health::up() } else { Health::down("gone") }
        })
        .live("slow", || Health::degraded("slow"))
        .build()
        .unwrap();
    assert_eq!(ask(&health, get("/health")).status(), 200, "degraded is no reason for a restart");
    sound.store(false, Ordering::Relaxed);
    let answer = ask(&health, get("/health"));
    assert_eq!((answer.status(), &*answer.word()), (503, "down"));
    assert_eq!(ask(&health, get("/ready")).status(), 200, "readiness is another question");
}

/// Or the status of an answer and its list may tell of two moments.
#[test]
fn each_is_asked_once_for_one_answer() {
    for accept in ["*/*", "application/health+json"] {
        let looks = Arc::new(AtomicUsize::new(0));
        let look = {
            let looks = looks.clone();
            move || match looks.fetch_add(1, Ordering::Relaxed) {
                0 => Health::down("gone"),
                _ => Health::up(),
            }
        };
        let health = HealthChecks::builder().insecure_details_for_everyone().live("worker", look);
        let request = Request::get("/health").header("accept", accept).body(()).unwrap();
        let answer = ask(&health.build().unwrap(), request);
        assert_eq!((answer.status(), looks.load(Ordering::Relaxed)), (503, 1));
        assert!(String::from_utf8_lossy(&answer.body).contains("gone"), "{answer:?}");
    }
}

#[test]
fn two_of_one_name_are_refused() {
    let look = Health::up;
    let built = HealthChecks::builder().live("a", look).live("b", look).live("a", look).build();
    assert_eq!(built.unwrap_err().faults()[0].path(), "live.a");
}

#[test]
fn one_that_panics_is_down() {
    let health = HealthChecks::builder().live("odd", || panic!("odd")).build().unwrap();
    assert_eq!(ask(&health, get("/health")).status(), 503);
    assert!(!health.is_live());
}

#[test]
fn an_event_loop_that_stands_still_is_noticed() {
    let clock = ManualClock::new();
    let event_loop = EventLoop::at_most(Duration::from_secs(2)).clock(clock.clone());
    let health = {
        let event_loop = event_loop.clone();
        HealthChecks::builder().live("loop", move || event_loop.last()).build().unwrap()
    };
    assert!(health.is_live(), "it does not beat yet");
    let beat = |event_loop: &EventLoop| {
        event_loop.last().details().next().map(|(_, beat)| beat.to_owned())
    };
    assert_eq!(beat(&event_loop).as_deref(), Some("none"), "and says so");

    let mut beating = Box::pin(event_loop.clone().beat(clock.clone()));
    let wakes = Wakes::new();
    assert!(wakes.poll(&mut beating).is_pending());
    assert_eq!(beat(&event_loop), None);
    for _ in 0..50 {
        clock.advance(Duration::from_millis(100));
        assert!(wakes.poll(&mut beating).is_pending());
        assert_eq!(event_loop.lag(), Duration::ZERO);
    }
    clock.advance(Duration::from_secs(2));
    assert!(health.is_live());
    clock.advance(Duration::from_millis(200));
    assert!(!health.is_live());
    assert_eq!(event_loop.lag(), Duration::from_millis(2_100));

    assert!(wakes.poll(&mut beating).is_pending());
    assert!(health.is_live(), "it beats again");
    clock.advance(Duration::from_secs(60));
    drop(beating);
    assert!(health.is_live(), "what was stopped on purpose is not late");
    assert_eq!(beat(&event_loop).as_deref(), Some("none"));
}

#[tokio::test]
async fn the_event_loop_may_be_a_check_as_well() {
    use buttress_core::{HealthStatus, Probe};
    let clock = ManualClock::new();
    let event_loop = EventLoop::at_most(Duration::from_secs(2)).clock(clock.clone());
    assert_eq!((event_loop.name(), event_loop.critical()), ("event-loop", false));
    let mut beat = Box::pin(event_loop.clone().beat(clock.clone()));
    assert!(Wakes::new().poll(&mut beat).is_pending());
    assert_eq!(event_loop.check().await.status(), HealthStatus::Up);
    clock.advance(Duration::from_secs(3));
    assert_eq!(event_loop.check().await.status(), HealthStatus::Down);
}

#[tokio::test(start_paused = true)]
async fn memory_is_read_in_the_background() {
    use buttress_core::{HealthStatus, Probe};
    let small = Memory::at_most(1);
    assert_eq!(small.last().status(), HealthStatus::Up, "not read yet");
    let found = small.check().await;
    if cfg!(target_os = "linux") {
        assert_eq!(found.status(), HealthStatus::Down);
        assert_eq!(small.last().status(), HealthStatus::Down);
        let large = Memory::at_most(u64::MAX - 1);
        assert_eq!(large.check().await.status(), HealthStatus::Up);
    } else {
        assert_eq!(found.status(), HealthStatus::Up);
    }
}
