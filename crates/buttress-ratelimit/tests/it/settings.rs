//! What is wrong is told when limits are built: all of it, and where it stands.

use std::time::Duration;

use buttress_core::clock::ManualClock;
use buttress_core::engine::Degrade;
use buttress_core::key::{MissingKey, key_fn};
use buttress_core::{BuildError, Fault};
use buttress_ratelimit::config::{KeySettings, QuotaSettings};
use buttress_ratelimit::store::Memory;
use buttress_ratelimit::throttle::ThrottleBuilder;
use buttress_ratelimit::when::{POST, addresses, header, host, method, methods, path_prefix};
use buttress_ratelimit::{
    Algorithm, HeaderForm, Penalty, Quota, RateLimit, RateLimitBuilder, RateLimitSettings, address,
    principal, tenant,
};

fn paths(error: &BuildError) -> Vec<&str> {
    error.faults().iter().map(Fault::path).collect()
}

fn wrong<S>(builder: RateLimitBuilder<S>) -> Vec<String>
where
    S: buttress_ratelimit::store::LimitStore,
{
    let error = builder.build().unwrap_err();
    error.faults().iter().map(ToString::to_string).collect()
}

#[test]
fn all_reasons_come_at_once() {
    let century = Duration::from_secs(100 * 366 * 86_400);
    let builder = RateLimit::builder()
        .policy("zero", Quota::per_second(0).by(address()))
        .policy("burst", Quota::per_second(9).burst(2).by(address()).cost(3))
        .policy("never", Quota::per(Duration::ZERO, 1).by(address()))
        .policy("century", Quota::per(century, 1).by(address()))
        .policy("twice", Quota::per_second(1).by(address()))
        .policy(
            "twice",
            Quota::per_second(1).by(address()).when(addresses(["10.0.0.0/8", "10.0.0.1/8"])),
        )
        .policy("no name", Quota::per_second(1).by(address()).penalty(Penalty::after(0)))
        .exempt(path_prefix("health"))
        .exempt(header("no name", "x").and(host("a b").not()))
        .deny(addresses(["300.0.0.1"]));
    assert_eq!(
        wrong(builder),
        [
            "policies.twice.name: there are two policies of this name",
            "policies.no name.name: is no name: it must be 1 to 64 letters, digits and `-_.`",
            "exempt[0]: `health` is no path: it begins with `/`",
            "exempt[1]: `no name` is no name of a header",
            "exempt[1]: `a b` is no name of a host",
            "deny[0]: `300.0.0.1` is not an address or a network",
            "policies.zero.quota.count: must be at least 1: to refuse everything, refuse it",
            "policies.burst.cost: is 3, and there is never more than 2 at once",
            "policies.never.quota.period: must be greater than zero",
            "policies.century.quota.period: must be at most 366 days",
            "policies.twice.when[0]: `10.0.0.1/8` has bits beyond its prefix: the network is `10.0.0.0/8`",
            "policies.no name.penalty.refusals: must be at least 1",
        ]
    );
}

/// Where a value may be of two kinds, both are named.
#[test]
fn what_is_of_no_kind_that_may_stand_there_is_told_what_may() {
    for (wrong, may) in [
        (
            r#""quota": { "per_minute": 9 }, "by": "address""#,
            "words such as `100/minute burst 200`, or a table of `count`",
        ),
        (r#""quota": "9/s", "by": 7"#, "a word such as `address`, or a list"),
    ] {
        let text = format!(r#"{{ "policies": [{{ "name": "a", {wrong} }}] }}"#);
        let error = serde_json::from_str::<RateLimitSettings>(&text).unwrap_err().to_string();
        assert!(error.contains(may), "{error}");
    }
}

#[test]
fn what_would_limit_nothing_or_too_much_is_refused() {
    assert_eq!(wrong(RateLimit::builder()), ["policies: there is none: nothing would be limited"]);
    let nine = (0..9).fold(RateLimit::builder(), |builder, at| {
        builder.policy(format!("p{at}"), Quota::per_second(1).by(address()))
    });
    assert_eq!(wrong(nine), ["policies: are 9, and 8 at most can be decided together"]);
    let free = RateLimit::builder().policy("free", Quota::per_second(1).by(address()).cost(0));
    assert_eq!(
        wrong(free),
        ["policies.free.cost: must be at least 1: what costs nothing is not limited"]
    );
    let forms = [
        HeaderForm::Structured,
        HeaderForm::Combined,
        HeaderForm::XRateLimit,
        HeaderForm::XRateLimitAt,
    ];
    let both = RateLimit::builder().policy("a", Quota::per_second(1).by(address())).headers(forms);
    assert_eq!(wrong(both).len(), 2);
    let small = RateLimit::builder().engine(Memory::with_capacity(0));
    assert_eq!(wrong(small.policy("a", Quota::per_second(1).by(address()))).len(), 1);
}

/// Also what is wrong with the store, and whatever it is put into.
#[test]
fn what_the_store_says_comes_at_once_with_all_else() {
    let zero = || Quota::per_second(0).by(address());
    let small = || RateLimit::builder().engine(Memory::with_bytes(64)).policy("a", zero());
    let expected = [
        "policies.a.quota.count: must be at least 1: to refuse everything, refuse it",
        "memory.bytes: must be at least 8192, not 64",
    ];
    assert_eq!(wrong(small()), expected);
    assert_eq!(wrong(small().timer(ManualClock::new())), expected);
    let throttle = ThrottleBuilder::http(Quota::per_second(1), address()).most_waiting(0);
    let error = throttle.engine(Memory::with_capacity(0)).build().unwrap_err();
    assert_eq!(paths(&error), ["most_waiting", "memory.keys"]);
}

#[cfg(feature = "redis")]
#[test]
fn what_a_store_in_redis_says_comes_at_once_with_all_else() {
    use buttress_ratelimit::store::{Engine, RedisStore};

    let redis = buttress_redis::Redis::builder("redis://127.0.0.1:1").build().unwrap();
    let store = RedisStore::new(redis).within(Duration::ZERO).local(Memory::with_capacity(0));
    let builder = RateLimit::builder().policy("a", Quota::per_second(1).by(address()).cost(0));
    let error = builder.engine(Engine::from(store)).build().unwrap_err();
    assert_eq!(paths(&error), ["policies.a.cost", "redis.within", "redis.memory.keys"]);
}

#[test]
fn what_would_have_no_effect_is_refused() {
    let one = || Quota::per_second(1).by(address());
    let nobody = || addresses(Vec::<String>::new());
    let builder = RateLimit::builder()
        .policy("methods", one().when(method(POST)).when(methods([])))
        .policy("nobody", one().when(method(POST).and(nobody().or(methods([])))))
        .policy("permits", Quota::per_second(8).algorithm(Algorithm::Concurrent).by(address()))
        .headers([HeaderForm::XRateLimit])
        .partition_keys();
    assert_eq!(
        wrong(builder),
        [
            "partition_keys: stand in `structured` headers only",
            "policies.methods.when: is true of no request: nothing would be limited",
            "policies.nobody.when: is true of no request: nothing would be limited",
            "policies.permits.quota.period: `concurrent` has no period: say `at_once`",
        ]
    );
    let none = RateLimit::builder().policy("a", one()).headers([]).headers_on_success();
    assert_eq!(wrong(none), ["headers_on_success: there are none to be sent"]);
    let nobody_banned =
        RateLimit::builder().policy("a", one().penalty(Penalty::after(1))).most_banned(0);
    assert_eq!(
        wrong(nobody_banned),
        ["most_banned: must be at least 1, as a policy has a penalty"]
    );
    // Nobody is on the lists, yet.
    let lists = RateLimit::builder().exempt(nobody()).deny(nobody());
    assert!(lists.policy("a", one().when(nobody().not())).build().is_ok());
}

#[test]
fn penalties_have_to_make_sense() {
    let penalty = Penalty::after(1)
        .within(Duration::ZERO)
        .lasts(Duration::from_secs(9))
        .at_most(Duration::from_secs(8))
        .forgiven_after(Duration::MAX);
    let builder =
        RateLimit::builder().policy("a", Quota::per_second(1).by(address()).penalty(penalty));
    let error = builder.build().unwrap_err();
    assert_eq!(
        paths(&error),
        [
            "policies.a.penalty.within",
            "policies.a.penalty.forgiven_after",
            "policies.a.penalty.at_most"
        ]
    );
}

#[test]
fn a_policy_that_a_shard_would_split_is_refused() {
    let builder = RateLimit::builder()
        .shard_by(tenant())
        .policy("fine", Quota::per_second(1).by((principal(), tenant())))
        .policy("split", Quota::per_second(1).by(principal()))
        .policy(
            "unknown",
            Quota::per_second(1).by(key_fn(|_, key| {
                key.text("x");
            })),
        );
    assert_eq!(
        wrong(builder),
        [
            "policies.split.by: is principal: limits that are spread by tenant would be split",
            "policies.unknown.by: is a part of one's own: limits that are spread by tenant would be split",
        ]
    );
}

const WHOLE: &str = r#"
    shadow = true
    count_probes = true
    headers = ["x_rate_limit", "structured"]
    headers_on_success = true
    partition_keys = true
    shard_by = "tenant"
    key_seed = "000102030405060708090a0b0c0d0e0f"
    most_banned = 100
    most_waiting = 10
    memory = { keys = 1000, when_full = "refuse" }
    exempt = [{ path_prefixes = ["/health"] }, { addresses = ["10.0.0.0/8"], methods = ["GET"] }]
    deny = [{ has_headers = ["x-bad"] }]

    [[policies]]
    name = "everything"
    quota = { count = 5, period_ms = 60000, burst = 9 }
    by = ["tenant", "principal", "header:x-shop", "label:shop"]
    when = { methods = ["POST"], paths = ["/a", "/b"], hosts = ["example.org"], headers = { x-a = "1" } }
    unless = { path_prefixes = ["/c"] }
    missing = "refuse"
    cost = 2
    cost_reported = true
    count = "successes"
    refund_status = [500, 503]
    shadow = true
    degrade = "allow"
    overload = true
    penalty = { refusals = 5, lasts_s = 60 }
    place = "before_auth"
"#;

#[test]
fn everything_can_be_said_in_a_file() {
    let settings: RateLimitSettings = toml::from_str(WHOLE).unwrap();
    let error = settings.clone().build().unwrap_err();
    assert_eq!(paths(&error), ["most_waiting"], "nobody waits without a timer");
    let builder = RateLimitBuilder::from(settings.clone()).timer(ManualClock::new());
    let limits = builder.build().unwrap();
    assert_eq!(limits.quota("everything"), Some(Quota::per_minute(5).burst(9)));
    assert_eq!(settings.policies[0].degrade, Some(Degrade::Allow));
    assert_eq!(settings.policies[0].missing, MissingKey::Refuse);
    let written = serde_json::to_string(&settings).unwrap();
    assert!(!written.contains("key_seed") && !format!("{settings:?}").contains("0102"));
    let again: RateLimitSettings = serde_json::from_str(&written).unwrap();
    assert_eq!(again.policies, settings.policies);
    assert_eq!(again.memory, settings.memory);
}

#[test]
fn words_that_nobody_knows_are_refused() {
    for line in
        ["polices = []", "[[policies]]\nname = \"a\"\nquota = \"9/s\"\nby = \"address\"\nbust = 1"]
    {
        assert!(toml::from_str::<RateLimitSettings>(line).is_err(), "{line}");
    }
    let json = r#"{
        "policies": [
            { "name": "a", "quota": "1/s burst 1", "by": ["adress", "header:a b", "label:", "address"], "cost": 2,
              "when": { "methods": ["post", "P OST"] }, "unless": {}, "refund_status": [99, 600, 503] },
            { "name": "b", "quota": { "count": 3, "algorithm": "concurrent", "burst": 4 }, "by": [] }
        ],
        "exempt": [{}],
        "memory": { "keys": 1, "bytes": 64 },
        "shard_by": "nothing"
    }"#;
    let settings: RateLimitSettings = serde_json::from_str(json).unwrap();
    let error = settings.build().unwrap_err();
    assert_eq!(
        paths(&error),
        [
            "memory.bytes",
            "policies[0].by[0]",
            "policies[0].by[1]",
            "policies[0].by[2]",
            "policies[0].when.methods[0]",
            "policies[0].when.methods[1]",
            "policies[0].unless",
            "policies[0].refund_status[0]",
            "policies[0].refund_status[1]",
            "policies[1].by",
            "policies[1].quota.burst",
            "exempt[0]",
            "shard_by",
            "policies[0].cost",
            "memory.bytes",
        ]
    );
    assert!(error.to_string().contains("`post` is written in capitals"));
}

#[test]
fn words_are_what_code_says() {
    let of = |by: &str, quota: &str| {
        let json =
            format!(r#"{{ "policies": [{{ "name": "a", "quota": {quota}, "by": {by} }}] }}"#);
        serde_json::from_str::<RateLimitSettings>(&json).unwrap()
    };
    let settings = of(r#"["address", "route"]"#, r#""5/s fixed_window""#);
    assert_eq!(settings.policies[0].by, KeySettings::All(vec!["address".into(), "route".into()]));
    assert_eq!(settings.policies[0].quota, QuotaSettings::Words("5/s fixed_window".into()));
    let limits = settings.build().unwrap();
    assert_eq!(limits.quota("a"), Some(Quota::per_second(5).algorithm(Algorithm::FixedWindow)));
    for word in [
        "address",
        "api_key",
        "principal",
        "session",
        "tenant",
        "route",
        "path",
        "method",
        "host",
        "everyone",
        "header:x-a",
        "label:a:b",
    ] {
        assert!(of(&format!("{word:?}"), r#""1/s""#).build().is_ok(), "{word}");
    }
}

#[cfg(feature = "schemars")]
#[test]
fn settings_have_a_schema() {
    let schema = schemars::schema_for!(RateLimitSettings);
    let text = serde_json::to_string(&schema).unwrap();
    for word in ["policies", "refund_status", "x_rate_limit_at", "when_full"] {
        assert!(text.contains(word), "{word}");
    }
}

#[test]
fn classes_say_their_names_and_what_is_wrong() {
    let read = |text: &str| toml::from_str::<RateLimitSettings>(text).unwrap();
    let wrong = read(
        r#"classes = [
            { class = "logins" },
            { class = "reads", path = "/a" },
            { class = "uploads", quota = "0/s", by = "nobody" },
            { class = "reads" },
        ]"#,
    );
    let error = wrong.build().unwrap_err();
    let found: Vec<_> = error.faults().iter().map(buttress_core::Fault::path).collect();
    for path in ["classes[0].path", "classes[1].path", "classes[2].by", "classes[3].name"] {
        assert!(found.contains(&path), "{path} in {found:?}");
    }
    assert!(found.contains(&"classes[2].quota"), "{found:?}");

    let before =
        r#"classes = [{ class = "reads", quota = "5/m" }, { class = "logins", path = "/in" }]"#;
    let limits = read(before).build().unwrap();
    assert_eq!(limits.quota("logins"), Some(Quota::per(std::time::Duration::from_secs(900), 10)));
    let key = limits.writer("reads").unwrap().key();
    let _ = limits.check("reads", key).unwrap();
    limits.replace_from(&read(r#"classes = [{ class = "reads", quota = "9/m" }]"#)).unwrap();
    assert_eq!(limits.quota("reads"), Some(Quota::per_minute(9)));
    let left = crate::support::left(&limits, "reads", key);
    assert!(left < 9, "the counter stays: {left}");
}
