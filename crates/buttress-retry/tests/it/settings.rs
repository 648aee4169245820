//! Settings are checked once, and all that is wrong is told.

use buttress_core::clock::{ManualClock, ms};
use buttress_retry::config::{BackoffKind, FollowSettings, JitterSettings};
use buttress_retry::{Backoff, Budget, Follow, Jitter, Retry, RetryBuilder, RetrySettings};

fn wrong(builder: &RetryBuilder) -> Vec<String> {
    match builder.check() {
        Ok(()) => Vec::new(),
        Err(error) => error.faults().iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn all_reasons_come_at_once() {
    let builder = Retry::up_to(101)
        .named("")
        .backoff(Backoff::exponential(ms(100)).factor(0.5).max(ms(10)).jitter(Jitter::Spread(101)))
        .follow(Follow::UpTo(ms(0)))
        .budget(Budget::percent(0).floor(0).window(ms(1)))
        .keep_bodies(2, 1);
    assert_eq!(
        wrong(&builder),
        [
            "tries: must be from 1 to 100, not 101",
            "name: must not be empty",
            "backoff.factor: must be from 1 to 100, of an exponential backoff",
            "backoff.max: is 10ms, and the first pause 100ms",
            "backoff.jitter: must be at most 100 %, not 101",
            "follow.up_to: must be greater than zero: to follow none there is `never`",
            "budget.ratio: is 0, and so is the floor: nothing would be repeated",
            "budget.window: must be from 10 milliseconds to an hour",
            "keep_bodies: are 1 bytes overall, and 2 a call",
            "keep_bodies.per_call: keeps nothing with less than 128 bytes, and is switched off by 0",
        ]
    );
    assert_eq!(wrong(&Retry::api().keep_bodies(127, 1_024)).len(), 1);
    assert_eq!(wrong(&Retry::api().keep_bodies(128, 1_024)), [""; 0]);
    assert_eq!(wrong(&Retry::api().keep_bodies(0, 0)), [""; 0], "that is said, and not a mistake");
    assert!(builder.timer(ManualClock::new()).build().is_err());
}

#[test]
fn presets_are_in_order() {
    for preset in [Retry::api(), Retry::fast(), Retry::database(), Retry::up_to(1)] {
        assert_eq!(wrong(&preset), [""; 0], "{preset:?}");
        assert!(preset.has_budget());
    }
    assert!(!Retry::api().budget(Budget::dangerous_unlimited()).has_budget());
}

const WHOLE: &str = r#"
    tries = 5
    idempotent_methods = true
    grpc_all = true
    statuses = [500, 503]
    grpc_codes = [10, 14]
    refusals_are_final = true
    backoff = { kind = "linear", first_ms = 20, max_ms = 900, jitter = 25 }
    follow = { within_ms = 5000 }
    budget = { percent = 12.5, floor = 0, window_ms = 30000, throttled_cost = 3.0 }
    keep_bytes = 1024
    keep_bytes_overall = 4096
    spans = true
"#;

#[test]
fn everything_can_be_said_in_a_file() {
    let settings: RetrySettings = toml::from_str(WHOLE).unwrap();
    let builder = settings.builder().unwrap();
    let expected = Backoff::linear(ms(20)).max(ms(900)).jitter(Jitter::Spread(25));
    assert_eq!((builder.tries(), builder.pauses()), (5, expected));
    let backoff = settings.backoff.unwrap();
    assert_eq!(backoff.kind, BackoffKind::Linear);
    assert_eq!(backoff.jitter, Some(JitterSettings::Percent(25)));
    assert_eq!(settings.follow, Some(FollowSettings::WithinMs(5_000)));
    let written = serde_json::to_string(&settings).unwrap();
    assert_eq!(serde_json::from_str::<RetrySettings>(&written).unwrap(), settings);
    let layer = builder.timer(ManualClock::new()).build().unwrap();
    assert!((layer.budget().price(buttress_retry::Cost::Throttled) - 3.0).abs() < 1e-9);
}

#[test]
fn what_is_no_jitter_is_told_what_is() {
    let error = toml::from_str::<RetrySettings>("backoff = { jitter = 'some' }").unwrap_err();
    assert!(error.to_string().contains("`none`, `equal`, `full`, `decorrelated`, or a number"));
}

#[test]
fn what_is_left_out_has_its_default() {
    let builder = RetrySettings::default().builder().unwrap();
    assert_eq!((builder.tries(), builder.pauses()), (3, Retry::api().pauses()));
    let settings: RetrySettings = toml::from_str("backoff = {}").unwrap();
    assert_eq!(settings.builder().unwrap().pauses(), Retry::api().pauses());
    for kind in ["exponential", "linear", "fixed", "none"] {
        let text = format!("backoff = {{ kind = {kind:?} }}");
        let settings: RetrySettings = toml::from_str(&text).unwrap();
        assert!(settings.builder().is_ok(), "{kind}");
    }
    for follow in ["\"never\"", "{ up_to_ms = 10 }"] {
        assert!(toml::from_str::<RetrySettings>(&format!("follow = {follow}")).is_ok());
    }
}

/// Who reads the file looks for the names that stand there; and nothing is told that is not wrong.
#[test]
fn faults_of_a_file_have_its_names() {
    let wrong = |text: &str| {
        let error = toml::from_str::<RetrySettings>(text).unwrap().builder().unwrap_err();
        error.faults().iter().map(|fault| fault.path().to_owned()).collect::<Vec<_>>()
    };
    let all = r"
        tries = 0
        statuses = [200]
        backoff = { first_ms = 0, factor = 0.5, jitter = 101 }
        follow = { up_to_ms = 0 }
        budget = { percent = -1, window_ms = 1, throttled_cost = 5000 }
        hedge = { after_ms = 0, at_most_percent = 0 }
        keep_bytes = 2
        keep_bytes_overall = 1
    ";
    assert_eq!(
        wrong(all),
        [
            "statuses[0]",
            "tries",
            "backoff.factor",
            "backoff.first_ms",
            "backoff.jitter",
            "follow.up_to_ms",
            "budget.percent",
            "budget.window_ms",
            "budget.throttled_cost",
            "hedge.after_ms",
            "hedge.at_most_percent",
            "keep_bytes_overall",
            "keep_bytes",
        ]
    );
    assert_eq!(wrong("backoff = { first_ms = 9, max_ms = 8 }"), ["backoff.max_ms"]);
    assert_eq!(wrong(r#"backoff = { kind = "none", factor = 3.0 }"#), ["backoff.factor"]);
    // What such pauses do not have would be ignored.
    let none = r#"backoff = { kind = "none", first_ms = 500, max_ms = 2000 }"#;
    assert_eq!(wrong(none), ["backoff.first_ms", "backoff.max_ms"]);
    let fixed =
        |max: u64| format!(r#"backoff = {{ kind = "fixed", first_ms = 500, max_ms = {max} }}"#);
    assert_eq!(wrong(&fixed(501)), ["backoff.max_ms"]);
    assert_eq!(wrong(&fixed(499)), ["backoff.max_ms"]);
    assert!(toml::from_str::<RetrySettings>(&fixed(500)).unwrap().builder().is_ok());
    assert_eq!(wrong("hedge = { percentile = 95, after_ms = 0 }"), ["hedge.after_ms"]);
    assert_eq!(wrong("keep_bytes = 99_999_999"), ["keep_bytes"]);
}

#[test]
fn words_that_nobody_knows_are_refused() {
    for text in [
        "attempts = 3",
        "backoff = { first = 3 }",
        "backoff = { jitter = \"some\" }",
        "budget = { ratio = 1 }",
        "follow = \"always\"",
    ] {
        assert!(toml::from_str::<RetrySettings>(text).is_err(), "{text}");
    }
}

#[cfg(feature = "schemars")]
#[test]
fn settings_have_a_schema() {
    let schema = schemars::schema_for!(RetrySettings);
    let text = serde_json::to_string(&schema).unwrap();
    for word in ["tries", "decorrelated", "within_ms", "throttled_cost"] {
        assert!(text.contains(word), "{word}");
    }
}
