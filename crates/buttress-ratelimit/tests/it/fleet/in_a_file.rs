//! What a file says of limits in Redis holds, or is refused with where it stands.

mod refused;

use buttress_core::{BuildError, Fault};
use buttress_ratelimit::store::Engine;
use buttress_ratelimit::{Quota, RateLimit, RateLimitSettings, Source, Verdict};
use buttress_redis::{Redis, RedisSettings};
use buttress_testkit::log::Log;
use buttress_testkit::redis::Server;

use super::{connected, key};

const SEED: &str = "key_seed = \"8f1d6a90c3b24e57a1f0d2c4b6e89375\"\n";

fn read(text: &str) -> RateLimitSettings {
    toml::from_str(&format!("{SEED}{text}")).unwrap()
}

fn faults(error: &BuildError) -> Vec<&str> {
    error.faults().iter().map(Fault::path).collect()
}

/// Nobody listens there.
fn nowhere() -> Redis {
    Redis::builder("redis://:hunter2@127.0.0.1:1").build().unwrap()
}

async fn take(limits: &RateLimit<Engine>, policy: &str) -> Verdict {
    limits.check(policy, limits.writer(policy).unwrap().key()).unwrap().await
}

async fn remaining(limits: &RateLimit<Engine>, policy: &str) -> (u32, Source) {
    let verdict = limits.peek(policy, limits.writer(policy).unwrap().key()).unwrap().await;
    let standing = verdict.standings()[0];
    (standing.remaining(), standing.source())
}

const SHARED: &str = r#"
    policies = [{ name = "all", quota = "10/hour", by = "everyone", degrade = "deny" }]
    [redis]
    name = "front"
    within_ms = 5000
    remembered = 0
"#;

#[tokio::test]
async fn processes_of_one_file_count_together() {
    let server = Server::start().await;
    let mut processes = Vec::new();
    for _ in 0..2 {
        let redis = connected(server.url()).await;
        processes.push(read(SHARED).over(Some(redis)).build().unwrap());
    }
    for limits in processes.iter().cycle().take(10) {
        assert!(take(limits, "all").await.is_taken());
    }
    for limits in &processes {
        assert!(!take(limits, "all").await.is_taken());
        assert_eq!(remaining(limits, "all").await, (0, Source::Store));
    }
    let key = processes[0].writer("all").unwrap().key();
    let record = format!("test:limit:v1:{{front}}:g:all:{key}");
    let stands = server.client().await.unwrap().command(["EXISTS", record.as_str()]).await.unwrap();
    assert_eq!(stands.integer(), 1, "the name is the tag");
}

#[tokio::test]
async fn a_connection_alone_will_do() {
    let server = Server::start().await;
    let text = r#"policies = [{ name = "all", quota = "10/hour", by = "everyone" }]"#;
    let there = read(text).over(Some(connected(server.url()).await)).build().unwrap();
    assert!(take(&there, "all").await.is_taken());
    assert_eq!(remaining(&there, "all").await, (9, Source::Store));
    let here = read(text).over(None).build().unwrap();
    assert!(take(&here, "all").await.is_taken());
    assert_eq!(remaining(&here, "all").await, (9, Source::Store), "in memory");
    assert!(here.usage("all").unwrap().is_some() && there.usage("all").unwrap().is_none());
}

#[tokio::test]
async fn tokens_may_be_taken_in_advance() {
    let server = Server::start().await;
    let text = r#"
        policies = [{ name = "hot", quota = "1000000/second", by = "everyone" }]
        redis = { within_ms = 5000, leases = { hot = 1000 } }
    "#;
    let limits = read(text).over(Some(connected(server.url()).await)).build().unwrap();
    let mut sources = Vec::new();
    for _ in 0..2_000 {
        sources.push(take(&limits, "hot").await.standings()[0].source());
    }
    assert!(sources.contains(&Source::Leased), "some are decided here");
}

#[tokio::test]
async fn without_redis_each_policy_does_as_the_file_says() {
    let text = r#"
        policies = [
            { name = "said", quota = "10/hour", by = "everyone", degrade = "deny" },
            { name = "unsaid", quota = "10/hour", by = "everyone" },
        ]
        classes = [
            { class = "reads" },
            { class = "logins", path = "/login" },
            { class = "mutations", degrade = "local" },
        ]
        memory = { keys = 1, when_full = "refuse" }
        redis = { degrade = "allow", processes = 2 }
    "#;
    let limits = read(text).over(Some(nowhere())).build().unwrap();
    for (policy, source, left) in [
        ("said", Source::Denied, 0),
        ("unsaid", Source::Allowed, 10),
        ("reads", Source::Allowed, 60),
        ("logins", Source::Denied, 0),
        ("mutations", Source::Local, 9),
    ] {
        let _ = take(&limits, policy).await;
        assert_eq!(remaining(&limits, policy).await, (left, source), "{policy}");
    }
    // It is the memory of the file that counts here.
    let mut taken = 0;
    for of in 0..100 {
        let verdict = limits.check("mutations", key(of)).unwrap().await;
        taken += u32::from(verdict.is_taken());
    }
    assert!(taken < 50, "there is room for few: {taken}");
    // Said of nothing, policies count here, and logins deny.
    let limits = read(&text.replace("degrade = \"allow\", ", "")).over(Some(nowhere())).build();
    let limits = limits.unwrap();
    for (policy, source) in [("unsaid", Source::Local), ("logins", Source::Denied)] {
        assert_eq!(remaining(&limits, policy).await.1, source, "{policy}");
    }
}

#[tokio::test]
async fn quotas_are_replaced_and_what_needs_a_restart_is_told() {
    let log = Log::of("buttress");
    let _listening = log.listen();
    let told = || log.take().into_iter().filter(|line| line.contains("after a restart")).collect();
    let server = Server::start().await;
    let limits = read(SHARED).over(Some(connected(server.url()).await)).build().unwrap();
    for _ in 0..4 {
        assert!(take(&limits, "all").await.is_taken());
    }
    let more = SHARED.replace("10/hour", "20/hour");
    limits.replace_from(&read(&more)).unwrap();
    assert_eq!(limits.quota("all"), Some(Quota::per_hour(20)));
    let (left, source) = remaining(&limits, "all").await;
    // A bucket remembers the time until it is full: four of ten are as long as eight of twenty.
    assert_eq!((left, source), (12, Source::Store), "the counter stays");
    let lines: Vec<String> = told();
    assert!(lines.is_empty(), "{lines:?}");

    let other = more.replace("front", "back").replace("deny", "allow");
    limits.replace_from(&read(&other.replace("20/hour", "30/hour"))).unwrap();
    let lines: Vec<String> = told();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("policies, redis"), "{lines:?}");
    assert_eq!(limits.quota("all"), Some(Quota::per_hour(30)), "quotas count at once");
    assert_eq!(remaining(&limits, "all").await, (18, Source::Store), "in the same place");

    let error = limits.replace_from(&read(&other.replace("20/hour", "0/hour"))).unwrap_err();
    assert!(error.to_string().contains("count"), "{error}");
    let lines: Vec<String> = told();
    assert!(lines.is_empty(), "refused whole: {lines:?}");
}

#[test]
fn nothing_secret_is_shown_or_written() {
    let settings = read(SHARED);
    let url = RedisSettings::from("redis://:hunter2@cache.internal");
    let limits = settings.clone().over(Some(url.clone().build().unwrap())).build().unwrap();
    let written = serde_json::to_string(&settings).unwrap();
    for text in [format!("{settings:?} {limits:?} {url:?}"), written.clone()] {
        assert!(!text.contains("hunter2") && !text.contains("8f1d"), "{text}");
    }
    let again: RateLimitSettings = serde_json::from_str(&written).unwrap();
    assert_eq!(again.redis, settings.redis);
}
