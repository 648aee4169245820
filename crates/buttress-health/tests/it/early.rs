//! What works before there is a configuration goes on working once there is one.

use std::time::Duration;

use buttress_core::{BuildError, Health};
use buttress_health::{Check, HealthChecks, Status};
use buttress_testkit::paused::pass;
use buttress_testkit::poll::Wakes;
use tower::Service;

use crate::support::{ask, ask_stage, get, run};

fn later() -> HealthChecks {
    let search = Check::of("search", || async { Health::up() }).degrading().group("catalogue");
    let builder = HealthChecks::builder().version("1.2.3").insecure_details_for_everyone();
    builder.check(search).build().unwrap()
}

#[test]
fn what_stands_already_answers_as_its_heir() {
    let early = HealthChecks::starting();
    let (stage, mut service) = (early.stage(), early.service());
    assert_eq!(ask_stage(stage.clone(), get("/ready")).word(), "starting");
    for path in ["/ready/catalogue", "/health/ready/catalogue"] {
        let answer = ask_stage(stage.clone(), get(path));
        assert_eq!((answer.status(), answer.word()), (503, "starting".into()), "{path}");
        assert_eq!(service.call(get(path)).into_inner().unwrap().status(), 503, "{path}");
    }

    let later = later();
    early.hand_over_to(&later).unwrap();
    for path in ["/ready", "/ready/catalogue", "/health/startup"] {
        assert_eq!(ask_stage(stage.clone(), get(path)).status(), 200, "{path}");
        let answered = service.call(get(path)).into_inner().unwrap();
        assert_eq!(answered.status(), 200, "{path}");
    }
    let live = ask_stage(stage.clone(), get("/health"));
    assert_eq!((live.status(), &live.json()["version"]), (200, &"1.2.3".into()));
    assert_eq!(ask(&early, get("/ready")).json()["checks"][0]["name"], "search");
    assert_eq!(early.group_status("catalogue"), Some(Status::Ok));
    assert!(early.is_started());
}

#[test]
fn draining_is_of_both_whoever_was_told_first() {
    let ready = |health: &HealthChecks| {
        let answer = ask(health, get("/ready"));
        (answer.status(), answer.word())
    };
    let (draining, orders) = ((503, "draining".to_owned()), ["before", "after", "by the heir"]);
    for order in orders {
        let (early, later) = (HealthChecks::starting(), later());
        if order == "before" {
            early.drain();
        }
        early.hand_over_to(&later).unwrap();
        match order {
            "after" => early.drain(),
            "by the heir" => later.drain(),
            _ => {}
        }
        assert_eq!((ready(&early), ready(&later)), (draining.clone(), draining.clone()), "{order}");
        assert_eq!(ask(&early, get("/health")).status(), 200);
    }
}

#[tokio::test(start_paused = true)]
async fn who_listens_hears_of_the_heir() {
    let early = HealthChecks::starting();
    let mut changes = early.subscribe();
    let later = HealthChecks::builder().check(Check::of("db", || async { Health::up() }));
    let later = later.build().unwrap();
    early.hand_over_to(&later).unwrap();
    assert_eq!(changes.changed().await, Status::Starting);
    // Both are of the heir: nothing of the early one is run.
    let (_running, tasks) = (run(&later), early.tasks(&buttress_core::clock::TokioTimer));
    assert_eq!(tasks.count(), 2);
    pass(Duration::from_millis(1)).await;
    assert_eq!(changes.changed().await, Status::Ok);
    later.drain();
    assert_eq!(changes.changed().await, Status::Draining);
}

#[test]
fn who_looks_after_what_hands_over_is_done() {
    let early = HealthChecks::starting();
    let clock = buttress_core::clock::ManualClock::new();
    let mut overseer = early.tasks(&clock).next().unwrap();
    let wakes = Wakes::new();
    assert!(wakes.poll(&mut overseer).is_pending());
    early.hand_over_to(&HealthChecks::default()).unwrap();
    assert!(wakes.poll(&mut overseer).is_ready());
}

#[test]
fn only_what_is_starting_hands_over_and_once() {
    let refused =
        |result: Result<(), BuildError>| result.unwrap_err().faults()[0].path() == "hand_over";
    let (early, first) = (HealthChecks::starting(), HealthChecks::default());
    assert!(refused(early.hand_over_to(&early)));
    assert!(refused(early.hand_over_to(&HealthChecks::starting())));
    assert!(refused(first.hand_over_to(&later())));
    assert_eq!(early.status(), Status::Starting);
    early.hand_over_to(&first).unwrap();
    assert!(early.hand_over_to(&first).is_ok(), "it is done already");
    assert!(refused(early.hand_over_to(&later())));

    // To one that has handed over itself: so to its heir.
    let other = HealthChecks::starting();
    other.hand_over_to(&early).unwrap();
    first.drain();
    assert_eq!(other.status(), Status::Draining);
}

/// A mark for calls of gRPC, whose service was made before.
#[cfg(feature = "grpc")]
#[test]
fn calls_of_grpc_are_probes_still() {
    use buttress_core::{Context, RequestContext, stage::Stage};
    use http::Request;
    let (early, later) = (HealthChecks::starting(), HealthChecks::default());
    let _service = early.grpc();
    early.hand_over_to(&later).unwrap();
    let wall = Context::default().then(later.stage());
    let request = Request::post("/grpc.health.v1.Health/Check");
    let mut request = request.header("content-type", "application/grpc").body(()).unwrap();
    drop(wall.enter(&mut request));
    assert!(request.extensions().get::<RequestContext>().unwrap().is_probe());
}
