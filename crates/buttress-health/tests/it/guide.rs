//! What the guide says of health is so.

use buttress_core::metrics::Metrics;
use buttress_health::{CATALOGUE, Check, HealthChecks};
use buttress_testkit::{guide, page::Page};

use crate::support::hanging;

#[test]
fn every_metric_is_in_the_catalogue() {
    assert_eq!(guide::Page::of("signals.md").untold(CATALOGUE), [""; 0]);
    let page = Page::default();
    let check: Check = hanging("db");
    let health = HealthChecks::builder().metrics(Metrics::new(page.clone())).check(check);
    drop(health.build().unwrap());
    let bound = page.bound();
    assert!(bound.len() > 1, "{bound:?}");
    assert!(bound.iter().all(|metric| CATALOGUE.contains(metric)), "{bound:?}");
}
