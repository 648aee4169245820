//! Checks that began together do not go on together, unless that is wanted.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use buttress_core::Health;
use buttress_core::clock::{Clock, Moment, TokioClock};
use buttress_core::sync::Lock;
use buttress_health::{Check, HealthChecksBuilder, HealthSettings};
use buttress_testkit::paused::pass;

use crate::support::run;

/// When two checks of ten seconds ran in ten minutes, with this jitter.
async fn runs(jitter_percent: u8) -> [Vec<Moment>; 2] {
    let clock = TokioClock::new();
    let seen = [(); 2].map(|()| Arc::new(Lock::new(Vec::new())));
    let file = format!(r#"{{ "checks": {{ "jitter_percent": {jitter_percent} }} }}"#);
    let settings: HealthSettings = serde_json::from_str(&file).unwrap();
    let mut builder = HealthChecksBuilder::from(settings).clock(clock);
    for (name, seen) in ["a", "b"].into_iter().zip(&seen) {
        let seen = seen.clone();
        let check = Check::of(name, move || {
            seen.lock().push(clock.now());
            async { Health::up() }
        });
        builder = builder.check(check.every(Duration::from_secs(10)));
    }
    let _running = run(&builder.build().unwrap());
    pass(Duration::from_secs(600)).await;
    seen.map(|seen| seen.lock().clone())
}

fn pauses(runs: &[Moment]) -> BTreeSet<Duration> {
    runs.windows(2).map(|two| two[1] - two[0]).collect()
}

#[tokio::test(start_paused = true)]
async fn jitter_drives_checks_apart() {
    let [a, b] = runs(100).await;
    for runs in [&a, &b] {
        assert!((30..=61).contains(&runs.len()), "{runs:?}");
        let pauses = pauses(runs);
        assert!(pauses.len() > 10, "{pauses:?}");
        let (shortest, longest) = (pauses.first().unwrap(), pauses.last().unwrap());
        assert!(*shortest >= Duration::from_secs(10), "{shortest:?}");
        assert!(*longest <= Duration::from_millis(20_001), "{longest:?}");
    }
    let together = a.iter().filter(|at| b.contains(at)).count();
    assert!(together < 10, "{together} of {}", a.len());
}

#[tokio::test(start_paused = true)]
async fn without_jitter_they_stay_together() {
    let [a, b] = runs(0).await;
    assert_eq!(a, b);
    assert_eq!(pauses(&a).into_iter().collect::<Vec<_>>(), [Duration::from_secs(10)]);
}
