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
    #[cfg(feature = "redis")]
    redis: Option<buttress_redis::RedisSettings>,
}

/// The settings that a chapter shows, one after the other.
fn files(chapter: &str) -> Vec<File> {
    let blocks = chapter.split("```toml\n").skip(1);
    let texts = blocks.filter_map(|block| Some(block.split_once("```")?.0));
    texts.map(|text| toml::from_str(text).unwrap()).collect()
}

#[test]
fn the_settings_of_the_guide_are_settings() {
    let mut files = files(&guide("ratelimit.md")).into_iter();
    let file = files.next().unwrap();
    let limits = file.rate_limit.clone().build().unwrap();
    let quota = |policy| limits.quota(policy).unwrap().to_string();
    assert_eq!(quota("per-address"), "20 a second, up to 60 at once");
    assert_eq!(quota("logins"), "5 every 15 minutes, as fixed_window");
    #[cfg(feature = "redis")]
    {
        let fleet = files.next().unwrap();
        let mut settings = file.rate_limit;
        settings.redis = fleet.rate_limit.redis;
        settings.key_seed = Some("8f1d6a90c3b24e57a1f0d2c4b6e89375".parse().unwrap());
        let limits = settings.over(Some(fleet.redis.unwrap().build().unwrap())).build().unwrap();
        assert!(format!("{limits:?}").contains("\"per-address\", 5"), "{limits:?}");
    }
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
