//! What the chapter of the guide shows is what works.

use std::fs;
use std::path::Path;

use buttress_core::audit;
use buttress_core::metrics::Description;
use buttress_ratelimit::{CATALOGUE, RateLimitSettings, throttle};

pub fn guide(chapter: &str) -> String {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    fs::read_to_string(docs.join(chapter)).unwrap()
}

#[derive(serde::Deserialize)]
struct File {
    rate_limit: RateLimitSettings,
}

#[test]
fn the_settings_of_the_guide_are_settings() {
    let chapter = guide("ratelimit.md");
    let (_, settings) = chapter.split_once("```toml\n").unwrap();
    let (settings, _) = settings.split_once("```").unwrap();
    let file: File = toml::from_str(settings).unwrap();
    let limits = file.rate_limit.build().unwrap();
    let quota = |policy| limits.quota(policy).unwrap().to_string();
    assert_eq!(quota("per-address"), "20 a second, up to 60 at once");
    assert_eq!(quota("logins"), "5 every 900s");
}

#[test]
fn every_metric_is_in_the_catalogue_with_its_labels() {
    let signals = guide("signals.md");
    let all = [CATALOGUE, throttle::CATALOGUE, audit::CATALOGUE].concat();
    let told = |metric: &Description| {
        let name = format!("`{}`", metric.name());
        let row = signals.lines().find(|line| line.starts_with('|') && line.contains(&name));
        row.is_some_and(|row| {
            metric.labels().iter().all(|label| row.contains(&format!("`{label}`")))
        })
    };
    let missing: Vec<_> =
        all.iter().filter(|metric| !told(metric)).map(Description::name).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
