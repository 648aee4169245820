//! Settings stand in a file, are checked as the builder is, and show no password.

use std::time::Duration;

use buttress_redis::{ConnectError, ErrorKind, Redis, RedisSettings};
use buttress_testkit::redis::Server;
use buttress_testkit::until::until;

use crate::support::add;

/// Every setting, with a value that is not its default.
const JSON: &str = r#"{
    "url": "redis+sentinel://one,two:26380/fleet/3", "user": "ada", "password": "p@ss", "lazy": true,
    "connections": 3, "connect_timeout_ms": 250, "response_timeout_ms": 125, "in_flight": 64,
    "prefix": "shop", "client_name": "till", "sentinel_user": "watcher", "sentinel_password": "s3cret",
    "sentinel_tls": false,
    "tls": null
}"#;

const TOML: &str = r#"
    url = "redis+sentinel://one,two:26380/fleet/3"
    user = "ada"
    password = "p@ss"
    lazy = true
    connections = 3
    connect_timeout_ms = 250
    response_timeout_ms = 125
    in_flight = 64
    prefix = "shop"
    client_name = "till"
    sentinel_user = "watcher"
    sentinel_password = "s3cret"
"#;

fn built(settings: RedisSettings) -> String {
    format!("{:?}", settings.build().unwrap())
}

fn paths(settings: &str) -> Vec<String> {
    let settings: RedisSettings = serde_json::from_str(settings).unwrap();
    let error = settings.build().unwrap_err();
    error.faults().iter().map(|fault| fault.path().to_owned()).collect()
}

#[test]
fn a_file_and_the_builder_say_the_same() {
    let settings: RedisSettings = serde_json::from_str(JSON).unwrap();
    let redis = Redis::builder("redis+sentinel://one,two:26380/fleet/3")
        .login(Some("ada".to_owned()), "p@ss")
        .lazy(true)
        .connections(3)
        .connect_timeout(Duration::from_millis(250))
        .response_timeout(Duration::from_millis(125))
        .in_flight(64)
        .prefix("shop")
        .client_name("till")
        .sentinel_login(Some("watcher".to_owned()), "s3cret");
    let (written, said) = (built(settings), format!("{:?}", redis.build().unwrap()));
    assert_eq!(written, said);
    for part in ["\"ada\"", "name: \"fleet\"", "database: 3", "connections: 3", "125ms", "till"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let settings: RedisSettings = toml::from_str(TOML).unwrap();
    assert_eq!(built(settings), said);
    let (empty, none) = (toml::from_str("").unwrap(), serde_json::from_str("{}").unwrap());
    assert_eq!(
        (built(empty), built(none)),
        (built(RedisSettings::default()), built("redis://127.0.0.1".into()))
    );
}

/// In the URL or beside it, it is one login.
#[test]
fn a_login_may_stand_beside_the_url() {
    let said = built("redis://ada:p%40ss@host".into());
    for settings in [
        r#"{"url": "redis://host", "user": "ada", "password": "p@ss"}"#,
        r#"{"url": "redis://ada@host", "password": "p@ss"}"#,
    ] {
        assert_eq!(built(serde_json::from_str(settings).unwrap()), said, "{settings}");
    }
}

#[test]
fn a_login_is_said_once_and_wholly() {
    for (settings, expected) in [
        (
            r#"{"url": "redis://ada:x@host", "user": "eve", "password": "y"}"#,
            &["user", "password"][..],
        ),
        (r#"{"url": "redis://host", "user": "", "password": ""}"#, &["user", "password"]),
        (r#"{"url": "redis://ada@host"}"#, &["url"]),
        (r#"{"url": "redis://host", "user": "ada"}"#, &["user"]),
        (r#"{"url": "host", "user": "ada", "prefix": ""}"#, &["url", "prefix"]),
    ] {
        assert_eq!(paths(settings), expected, "{settings}");
    }
}

#[test]
fn what_is_not_known_is_refused() {
    assert!(serde_json::from_str::<RedisSettings>(r#"{"urls": "redis://host"}"#).is_err());
    assert!(serde_json::from_str::<RedisSettings>(r#"{"tls": {"ca": "x"}}"#).is_err());
    assert!(toml::from_str::<RedisSettings>("urls = \"redis://host\"").is_err());
    // An error of reading it does not repeat it.
    let error = serde_json::from_str::<RedisSettings>(r#"{"password": ["hunter2"]}"#).unwrap_err();
    assert!(!error.to_string().contains("hunter2"), "{error}");
}

#[test]
fn no_secret_is_shown_or_written() {
    let wrong = JSON
        .replace("redis+sentinel://", "redis+sentinel://eve:hunter2@")
        .replace("\"p@ss\"", "\"hunter2\"");
    let wrong = wrong.replace("s3cret", "hunter2");
    let settings: RedisSettings = serde_json::from_str(&wrong).unwrap();
    let written = serde_json::to_string(&settings).unwrap();
    let shown = [
        format!("{settings:?}"),
        settings.clone().build().unwrap_err().to_string(),
        written.clone(),
    ];
    for shown in shown {
        assert!(!shown.contains("hunter2"), "{shown}");
    }
    let fields: serde_json::Value = serde_json::from_str(&written).unwrap();
    assert!(fields.get("url").is_none() && fields.get("password").is_none(), "{fields}");
    assert_eq!((&fields["user"], &fields["in_flight"]), (&"ada".into(), &64.into()));
    let fine = built(serde_json::from_str(JSON).unwrap());
    assert!(!fine.contains("p@ss") && !fine.contains("s3cret"), "{fine}");
}

#[tokio::test]
async fn connecting_waits_until_it_is() {
    let server = Server::builder().password("p@ss:word").start().await;
    let url = server.url();
    let (login, place) = url.trim_start_matches("redis://").rsplit_once('@').unwrap();
    let user = login.split_once(':').map_or("", |(user, _)| user);
    let settings = serde_json::json!({
        "url": format!("redis://{place}"), "password": "p@ss:word",
        "user": (!user.is_empty()).then_some(user), "prefix": "test",
    });
    let settings: RedisSettings = serde_json::from_value(settings).unwrap();
    let redis = Redis::connect(settings).await.unwrap();
    assert!(redis.is_connected());
    assert_eq!(add(&redis).await.unwrap(), 1);
    assert!(Redis::connect(url).await.unwrap().is_connected());
}

#[tokio::test]
async fn connecting_to_nobody_fails_in_time_and_leaves_nothing() {
    let server = Server::start().await;
    server.kill();
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    let ConnectError::Redis(error) = Redis::connect(server.url()).await.unwrap_err() else {
        panic!("its settings are right");
    };
    assert_eq!(error.kind(), ErrorKind::Unreachable);
    assert!(error.to_string().contains("refused"), "{error}");
    until("nobody tries any more", async || (tasks() == before).then_some(())).await;

    let redis = Redis::builder(server.url()).lazy(true).connect().await.unwrap();
    assert!(!redis.is_connected());
    server.restart().await;
    until("it comes alone", async || redis.is_connected().then_some(())).await;
}

#[tokio::test]
async fn connecting_says_all_that_is_wrong() {
    let settings = r#"{"url": "http://host", "connections": 0, "lazy": true}"#;
    let settings: RedisSettings = serde_json::from_str(settings).unwrap();
    let error = Redis::connect(settings).await.unwrap_err();
    let ConnectError::Settings(faults) = &error else { panic!("{error:?}") };
    assert_eq!(faults.faults().len(), 2);
    assert_eq!(error.to_string(), faults.to_string());
}

#[cfg(feature = "schemars")]
#[test]
fn the_settings_have_a_schema() {
    let schema = serde_json::to_value(schemars::schema_for!(RedisSettings)).unwrap();
    let all: serde_json::Value = serde_json::from_str(JSON).unwrap();
    for name in all.as_object().unwrap().keys() {
        assert!(schema["properties"][name]["description"].is_string(), "{name}: {schema}");
    }
    assert_eq!(schema["properties"].as_object().unwrap().len(), all.as_object().unwrap().len());
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(schema["properties"]["url"]["writeOnly"], true);
}
