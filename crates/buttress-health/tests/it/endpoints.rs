//! Every endpoint says what it should, in the right shape.

use std::time::Duration;

use buttress_core::clock::{ManualClock, Timestamp};
use buttress_core::{Code, Context, Health, Problem, RequestContext};
use buttress_health::{Check, HealthChecks, HealthChecksBuilder};
use buttress_testkit::paused::pass;
use http::{Method, Request};

use crate::support::{Dependency, ask, ask_stage, get, of, run};

fn builder() -> HealthChecksBuilder {
    HealthChecks::builder().insecure_details_for_everyone()
}

#[test]
fn an_empty_one_answers_everywhere() {
    let health = HealthChecks::default();
    for path in ["/health", "/health/live", "/health/ready", "/ready", "/health/startup"] {
        let answer = ask(&health, get(path));
        assert_eq!((answer.status(), &*answer.word()), (200, "ok"), "{path}");
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    assert_eq!(ask(&health, get("/orders")).body, "inside");
}

#[test]
fn before_there_is_a_configuration_it_lives_and_is_not_ready() {
    let health = HealthChecks::starting();
    assert_eq!(ask(&health, get("/health")).status(), 200);
    for path in ["/ready", "/health/startup"] {
        let answer = ask(&health, get(path));
        assert_eq!((answer.status(), &*answer.word()), (503, "starting"), "{path}");
    }
    assert!(!health.is_started());
}

#[test]
fn liveness_says_uptime_version_and_time() {
    let clock = ManualClock::new();
    let health = HealthChecks::builder().version("1.2.3").clock(clock.clone()).build().unwrap();
    clock.advance(Duration::from_millis(12_900));
    clock.set_wall(Timestamp::from_millis(1_795_247_160_123));
    let answer = ask(&health, get("/health/live"));
    assert_eq!(
        answer.body,
        r#"{"status":"ok","uptimeSeconds":12,"version":"1.2.3","timestamp":"2026-11-21T07:46:00.123Z"}"#
    );
}

#[test]
fn a_version_may_hold_anything() {
    for version in ["1.0 \"beta\"", "\\", "1\n2\u{0}", "größe \u{1f600}", ""] {
        let health = builder().version(version).build().unwrap();
        for path in ["/health", "/ready"] {
            assert_eq!(ask(&health, get(path)).json()["version"], version, "{path}");
        }
        let request = Request::get("/health").header("accept", "application/health+json");
        assert_eq!(ask(&health, request.body(()).unwrap()).json()["version"], version);
    }
}

#[tokio::test(start_paused = true)]
async fn readiness_tells_of_every_check() {
    let database = Dependency::new(Health::up().with_detail("pool", "3 of 10"));
    let health = builder()
        .version("7")
        .check(database.check("database").group("orders").tag("team-a"))
        .check(Check::of("search", || async { Health::down("refused") }).degrading())
        .build()
        .unwrap();
    let _running = run(&health);
    pass(Duration::from_millis(1)).await;

    let answer = ask(&health, get("/ready"));
    assert_eq!(answer.status(), 200);
    let report = answer.json();
    assert_eq!((&report["status"], &report["version"]), (&"degraded".into(), &"7".into()));
    assert!(report["timestamp"].is_string() && report["uptimeSeconds"].is_u64());

    let database = &report["checks"][0];
    assert_eq!(database["name"], "database");
    assert_eq!((&database["status"], &database["critical"]), (&"up".into(), &true.into()));
    assert_eq!(database["groups"][0], "orders");
    assert_eq!(database["tags"][0], "team-a");
    assert_eq!(database["details"]["pool"], "3 of 10");
    assert!(database["latencyMs"].is_number());
    assert!(database["lastSuccess"].is_string() && database["since"].is_string());

    let search = &report["checks"][1];
    assert_eq!((&search["status"], &search["critical"]), (&"down".into(), &false.into()));
    assert_eq!(
        (&search["message"], &search["importance"]),
        (&"refused".into(), &"degrading".into())
    );
    assert!(search["lastSuccess"].is_null());
}

#[tokio::test(start_paused = true)]
async fn only_what_is_critical_makes_it_503() {
    use buttress_core::HealthStatus::{Degraded, Down, Up};
    for (found, critical, degrading, informational) in [
        (Up, (200, "ok"), (200, "ok"), (200, "ok")),
        (Degraded, (200, "degraded"), (200, "degraded"), (200, "ok")),
        (Down, (503, "down"), (200, "degraded"), (200, "ok")),
    ] {
        let check = || Dependency::new(of(found)).check("a");
        let kinds = [
            (check().critical(), critical),
            (check().degrading(), degrading),
            (check().informational(), informational),
        ];
        for (check, (status, word)) in kinds {
            let health = HealthChecks::builder().check(check).build().unwrap();
            let _running = run(&health);
            pass(Duration::from_millis(1)).await;
            let answer = ask(&health, get("/health/ready"));
            assert_eq!((answer.status(), &*answer.word()), (status, word), "{found:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_group_has_a_readiness_of_its_own() {
    let health = builder()
        .check(Check::of("a", || async { Health::down("gone") }).group("reports"))
        .check(Check::of("b", || async { Health::up() }).group("orders").group("shop.v1.Orders"))
        .build()
        .unwrap();
    let _running = run(&health);
    pass(Duration::from_millis(1)).await;

    let of = |path| {
        let answer = ask(&health, get(path));
        (answer.status(), answer.word())
    };
    assert_eq!(of("/ready"), (503, "down".into()));
    assert_eq!(of("/ready/reports"), (503, "down".into()));
    assert_eq!(of("/health/ready/orders"), (200, "ok".into()));
    assert_eq!(of("/ready/shop.v1.Orders"), (200, "ok".into()));
    let checks = ask(&health, get("/ready/orders")).json();
    assert_eq!(checks["checks"].as_array().unwrap().len(), 1);
    assert_eq!(checks["checks"][0]["name"], "b");

    let unknown = ask(&health, get("/ready/nothing"));
    assert_eq!(unknown.status(), 404);
    assert_eq!(unknown.header("cache-control"), Some("no-store"), "it may be there soon");
    assert_eq!(unknown.json()["error"]["code"], "NOT_FOUND");
}

/// A slip in a probe is told of, where the paths are the usual ones; paths of the application stay the application's.
#[test]
fn what_is_no_group_belongs_to_the_application() {
    let check = Check::of("db", || async { Health::up() }).degrading().group("orders");
    let health = HealthChecks::builder().ready_paths(["/status", "/ready"]).check(check);
    let health = health.build().unwrap();
    for path in ["/status", "/status/orders", "/ready/orders"] {
        assert_eq!(ask(&health, get(path)).header("cache-control"), Some("no-store"), "{path}");
    }
    assert_eq!(ask(&health, get("/ready/x")).status(), 404);
    assert_eq!(ask(&health, get("/status/x")).body, "inside");
    assert_eq!(ask(&health, Request::post("/status/x").body(()).unwrap()).body, "inside");
    for path in ["/status/x", "/ready/x"] {
        assert!(!is_probe(&health, get(path), true).0 && !is_probe(&health, get(path), false).0);
    }
    assert!(is_probe(&health, get("/status/orders"), true).0);
}

#[test]
fn head_is_get_without_the_body() {
    let health = HealthChecks::builder().version("1").build().unwrap();
    for path in ["/health", "/ready"] {
        let length = ask(&health, get(path)).body.len().to_string();
        let answer = ask(&health, Request::head(path).body(()).unwrap());
        assert_eq!((answer.status(), &*answer.body), (200, &b""[..]));
        assert_eq!(answer.header("content-length"), Some(&*length));
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
}

#[test]
fn another_method_is_refused() {
    let health = HealthChecks::default();
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS, Method::TRACE] {
        let request = Request::builder().method(&method).uri("/health").body(()).unwrap();
        let answer = ask(&health, request);
        assert_eq!(answer.status(), 405, "{method}");
        assert_eq!(answer.header("allow"), Some("GET, HEAD"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.json()["error"]["code"], "METHOD_NOT_ALLOWED");
        let problem = answer.head.extensions.get::<Problem>().unwrap();
        assert_eq!(problem.code(), Code::METHOD_NOT_ALLOWED);
    }
}

#[test]
fn paths_are_chosen_or_switched_off() {
    let health = HealthChecks::builder()
        .live_paths(["/livez"])
        .ready_paths(["/readyz"])
        .startup_paths([""; 0])
        .build()
        .unwrap();
    assert_eq!(ask(&health, get("/livez?verbose")).status(), 200);
    assert_eq!(ask(&health, get("/readyz")).status(), 200);
    for path in ["/health", "/ready", "/health/startup", "/livezz", "/livez/x"] {
        assert_eq!(ask(&health, get(path)).body, "inside", "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn health_json_is_for_those_who_ask() {
    let health = builder()
        .version("7")
        .check(Check::of("db", || async { Health::down("gone") }).critical())
        .check(Check::of("mail", || async { Health::up() }))
        .build()
        .unwrap();
    let _running = run(&health);
    pass(Duration::from_millis(1)).await;

    let ask_for = |path: &str, accept: &str| {
        ask(&health, Request::get(path).header("accept", accept).body(()).unwrap())
    };
    let answer = ask_for("/ready", "application/health+json");
    assert_eq!(answer.status(), 503);
    assert_eq!(answer.header("content-type"), Some("application/health+json"));
    let report = answer.json();
    assert_eq!((&report["status"], &report["output"]), (&"fail".into(), &"down".into()));
    let db = &report["checks"]["db:responseTime"][0];
    assert_eq!((&db["status"], &db["output"]), (&"fail".into(), &"gone".into()));
    assert_eq!(db["observedUnit"], "ms");
    assert_eq!(report["checks"]["mail:responseTime"][0]["status"], "pass");

    let live = ask_for("/health", "application/health+json, */*;q=0.1");
    assert_eq!((live.status(), live.word()), (200, "pass".into()));
    assert_eq!(live.json()["checks"]["uptime"][0]["observedUnit"], "s");
    let startup = ask_for("/health/startup", "application/health+json");
    assert_eq!((startup.status(), startup.word()), (503, "fail".into()));
    assert_eq!(ask_for("/ready", "*/*").header("content-type"), Some("application/json"));
}

#[tokio::test(start_paused = true)]
async fn the_start_is_over_once_it_has_succeeded() {
    let cache = Dependency::new(Health::down("cold"));
    let health = HealthChecks::builder()
        .check(cache.check("cache").informational().startup().every(Duration::from_secs(1)))
        .check(Check::of("db", || async { Health::down("gone") }))
        .build()
        .unwrap();
    let _running = run(&health);
    pass(Duration::from_secs(5)).await;
    assert_eq!(ask(&health, get("/health/startup")).status(), 503);

    cache.set(Health::up());
    pass(Duration::from_secs(2)).await;
    assert_eq!(ask(&health, get("/health/startup")).status(), 200, "the other is not asked");
    cache.set(Health::down("cold again"));
    pass(Duration::from_secs(5)).await;
    assert_eq!(ask(&health, get("/health/startup")).status(), 200, "it was over once");
}

#[tokio::test(start_paused = true)]
async fn without_a_check_of_its_own_the_start_waits_for_what_is_critical() {
    let health = HealthChecks::builder()
        .check(Check::of("a", || async { Health::up() }).initial_delay(Duration::from_secs(3)))
        .check(Check::of("b", || async { Health::down("gone") }).degrading())
        .build()
        .unwrap();
    let _running = run(&health);
    pass(Duration::from_secs(2)).await;
    assert_eq!(ask(&health, get("/health/startup")).status(), 503);
    assert_eq!(ask(&health, get("/ready")).word(), "starting");
    pass(Duration::from_secs(2)).await;
    assert_eq!(ask(&health, get("/health/startup")).status(), 200);
}

#[test]
fn draining_is_not_ready_and_lives() {
    let health = HealthChecks::default();
    health.drain();
    health.drain();
    let ready = ask(&health, get("/ready"));
    assert_eq!((ready.status(), &*ready.word()), (503, "draining"));
    assert_eq!(ask(&health, get("/health/live")).status(), 200);
    assert_eq!(ask(&health, get("/health/startup")).status(), 200);
}

/// What the context says after a request, as an access log outside would read it.
fn is_probe(health: &HealthChecks, request: Request<()>, mark_only: bool) -> (bool, Vec<u8>) {
    use buttress_core::stage::{Gate, RequestHead, ResponseHead, Stage};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    struct Log(Arc<AtomicBool>);
    impl Gate for Log {
        type Memo = RequestContext;
        fn enter(&self, request: &mut dyn RequestHead) -> Result<RequestContext, Problem> {
            Ok(request.context().unwrap().clone())
        }
        fn leave(&self, context: RequestContext, _: &mut dyn ResponseHead) {
            self.0.store(context.is_probe(), Ordering::Relaxed);
        }
    }

    let seen = Arc::new(AtomicBool::new(false));
    let stage = if mark_only { health.stage().mark_only() } else { health.stage() };
    let wall = Context::default().then(Log(seen.clone())).then(stage);
    let answer = ask_stage(wall, request);
    (seen.load(Ordering::Relaxed), answer.body.to_vec())
}

#[test]
fn probes_are_marked_in_the_context() {
    let health = HealthChecks::default();
    assert!(is_probe(&health, get("/ready"), false).0);
    assert!(is_probe(&health, Request::head("/health").body(()).unwrap(), false).0);
    assert!(!is_probe(&health, get("/orders"), false).0);
    assert!(!is_probe(&health, Request::post("/health").body(()).unwrap(), false).0);

    // A router inside answers: the mark is there all the same.
    assert_eq!(is_probe(&health, get("/ready"), true), (true, b"inside".to_vec()));
    assert_eq!(is_probe(&health, get("/ready/any"), true), (false, b"inside".to_vec()));
}
