use std::sync::Arc;

use buttress_core::{Health, HealthStatus, Probe, probe_fn};

#[tokio::test]
async fn a_registry_holds_probes_of_any_kind() {
    let calls = Arc::new(());
    let shared = Arc::clone(&calls);
    let database = probe_fn("database", move || {
        let shared = Arc::clone(&shared);
        async move { Health::up().with_detail("holders", Arc::strong_count(&shared).to_string()) }
    });
    let search = probe_fn(String::from("search"), || async { Health::down("refused") }).optional();
    let probes: Vec<Arc<dyn Probe>> = vec![Arc::new(database), Arc::new(Arc::new(search))];

    let names: Vec<_> = probes.iter().map(|p| (p.name(), p.critical())).collect();
    assert_eq!(names, [("database", true), ("search", false)]);
    assert_eq!(probes[0].check().await.details().collect::<Vec<_>>(), [("holders", "3")]);
    assert_eq!(probes[1].check().await, Health::down("refused"));
    drop(probes);
    assert_eq!(Arc::strong_count(&calls), 1);
}

#[test]
fn a_check_that_is_dropped_gives_back_what_it_held() {
    let held = Arc::new(());
    let lent = Arc::clone(&held);
    let probe = probe_fn("slow", move || {
        let lent = Arc::clone(&lent);
        async move {
            std::future::pending::<()>().await;
            drop(lent);
            Health::up()
        }
    });
    let check = probe.check();
    assert_eq!(Arc::strong_count(&held), 3);
    drop(check);
    assert_eq!(Arc::strong_count(&held), 2);
}

#[test]
fn says_what_it_found() {
    assert_eq!((Health::up().status(), Health::up().message()), (HealthStatus::Up, None));
    let ill = Health::degraded(format!("{} behind", 3));
    assert_eq!((ill.status(), ill.message()), (HealthStatus::Degraded, Some("3 behind")));
    assert_eq!(format!("{:>5}", HealthStatus::Up), "   up");
    assert_eq!(
        format!("{:?}", probe_fn("a", || async { Health::up() })),
        "ProbeFn { name: \"a\", critical: true, .. }"
    );
}

#[test]
fn stays_shareable() {
    fn shareable<T: Send + Sync + 'static>(_: &T) {}
    shareable(&Health::up());
    shareable(&probe_fn("a", || async { Health::up() }));
}
