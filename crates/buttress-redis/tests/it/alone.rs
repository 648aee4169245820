//! Without a server, and without a runtime.

use buttress_redis::{ErrorKind, Redis, RedisSettings};

use crate::support::ADD;

#[test]
fn it_is_built_without_a_runtime_and_says_so() {
    let redis = Redis::builder("redis://127.0.0.1:1").build().unwrap();
    let call = std::pin::pin!(redis.run(&ADD, "t").arg(1_i64).send());
    let error = buttress_testkit::poll::assert_ready(call).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable);
    assert!(error.to_string().contains("no tokio runtime"), "{error}");
}

#[test]
fn all_that_is_wrong_is_said_at_once_and_no_password() {
    let wrong = r#"{"url": "redis://:hunter2@", "connections": 0, "connect_timeout_ms": 0,
        "response_timeout_ms": 60001, "in_flight": 0, "prefix": "", "client_name": "a b"}"#;
    let settings: RedisSettings = serde_json::from_str(wrong).unwrap();
    assert!(!format!("{settings:?}").contains("hunter2"));
    let error = settings.build().unwrap_err();
    assert_eq!(error.faults().len(), 7);
    assert!(!error.to_string().contains("hunter2"));
    assert!(serde_json::from_str::<RedisSettings>(r#"{"urls": ""}"#).is_err());
    let redis = Redis::builder("redis://ada:hunter2@host").build().unwrap();
    assert!(!format!("{redis:?}").contains("hunter2"));
}
