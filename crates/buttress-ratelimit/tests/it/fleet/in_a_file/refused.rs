//! What cannot be as the file says.

use buttress_core::clock::ManualClock;
use buttress_core::{BuildError, Keyer};
use buttress_ratelimit::store::{Engine, Memory, RedisStore};
use buttress_ratelimit::{Quota, RateLimitBuilder, RateLimitSettings};

use super::{SHARED, faults, nowhere, read};

#[test]
fn all_that_is_wrong_is_told_where_it_stands() {
    let text = r#"
        policies = [{ name = "all", quota = "0/s", by = "everyone" }]
        memory = { keys = 0 }
        [redis]
        name = "a{b}"
        within_ms = 0
        processes = 0
        held_for_s = 0
        leases = { al = 1, all = 10 }
    "#;
    let error = read(text).over(Some(nowhere())).build().unwrap_err();
    let expected = [
        "policies[0].quota",
        "redis.within_ms",
        "redis.processes",
        "redis.held_for_s",
        "memory.keys",
        "redis.name",
        "redis.leases.al",
    ];
    assert_eq!(faults(&error), expected);
    // Those of a policy are looked at once its quota makes a limit.
    let text = r#"
        policies = [{ name = "all", quota = "9/s", by = "everyone" }]
        redis = { leases = { al = 1, all = 10 } }
    "#;
    let error = read(text).over(Some(nowhere())).build().unwrap_err();
    assert_eq!(faults(&error), ["redis.leases.al", "redis.leases.all"]);
    for wrong in ["within = 5", "url = \"redis://a\"", "degrade = \"perhaps\"", "processes = -1"] {
        let text = format!("[redis]\n{wrong}");
        assert!(toml::from_str::<RateLimitSettings>(&text).is_err(), "{wrong}");
    }
}

/// A block that nobody gave a connection would be limits of each process, which look like limits that do not hold.
#[test]
fn a_block_without_a_connection_is_refused() {
    let over = read(SHARED).over(None).build().unwrap_err();
    let built = read(SHARED).build().unwrap_err();
    let own = RateLimitBuilder::from(read(SHARED));
    let own = own.engine(RedisStore::new(nowhere())).build();
    for error in [over, built, own.unwrap_err()] {
        assert_eq!(faults(&error), ["redis"], "{error}");
    }
    let text = r#"policies = [{ name = "all", quota = "9/s", by = "everyone" }]"#;
    let seedless: RateLimitSettings = toml::from_str(text).unwrap();
    assert!(seedless.over(Some(nowhere())).build().is_ok(), "it asks Redis for its seed later");
}

/// Tokens in advance are part of a burst: one that is too small for them is refused with all else that is wrong.
#[tokio::test]
async fn a_burst_below_what_is_leased_is_no_new_quota() {
    let text = r#"
        policies = [
            { name = "hot", quota = "1000/s burst 100", by = "everyone" },
            { name = "other", quota = "10/s", by = "everyone" },
        ]
        redis = { leases = { hot = 50 } }
    "#;
    let limits = read(text).over(Some(nowhere())).build().unwrap();
    let replaced = |text: &str| match limits.replace_from(&read(text)) {
        Ok(()) => Vec::new(),
        Err(error) => faults(&error).into_iter().map(str::to_owned).collect(),
    };
    assert_eq!(replaced(&text.replace("burst 100", "burst 49")), ["redis.leases.hot"]);
    let all_wrong = text.replace("burst 100", "burst 49").replace("10/s", "0/s");
    assert_eq!(replaced(&all_wrong), ["policies[1].quota", "redis.leases.hot"]);
    assert_eq!(limits.quota("hot"), Some(Quota::per_second(1_000).burst(100)), "refused whole");
    assert_eq!(replaced(&text.replace("burst 100", "burst 50")), [""; 0]);
    assert_eq!(limits.quota("hot"), Some(Quota::per_second(1_000).burst(50)));
}

/// A block that describes a memory in which nothing is counted would be accepted, and have no effect.
#[test]
fn a_memory_that_is_not_the_engine_is_refused() {
    let read = |memory: &str| {
        let text = format!(
            "policies = [{{ name = \"all\", quota = \"9/s\", by = \"everyone\" }}]\n{memory}"
        );
        toml::from_str::<RateLimitSettings>(&text).unwrap()
    };
    let small = || read("memory = { keys = 9, when_full = \"refuse\" }");
    let seeded = || RedisStore::new(nowhere());
    let builder = |settings| RateLimitBuilder::from(settings).keyer(Keyer::random());
    let told = |error: BuildError| {
        assert_eq!(faults(&error), ["memory"], "{error}");
        assert!(error.faults()[0].reason().contains("`settings.memory()`"), "{error}");
    };
    told(builder(small()).engine(Memory::new()).build().unwrap_err());
    told(builder(small()).engine(Memory::with_capacity(9)).build().unwrap_err());
    told(builder(small()).engine(seeded()).build().unwrap_err());
    told(
        builder(small())
            .engine(Engine::from(seeded()))
            .timer(ManualClock::new())
            .build()
            .unwrap_err(),
    );

    let meant = || small().memory().clock(ManualClock::new());
    assert!(builder(small()).engine(meant()).build().is_ok());
    assert!(builder(small()).engine(Engine::from(meant())).build().is_ok());
    assert!(
        builder(small()).engine(seeded().local(meant())).timer(ManualClock::new()).build().is_ok()
    );
    assert!(small().over(None).build().is_ok(), "it is the engine itself");
    assert!(builder(read("")).engine(seeded()).build().is_ok(), "nothing is said");
}
