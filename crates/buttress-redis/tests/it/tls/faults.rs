//! Settings that are wrong.

use buttress_redis::{Redis, RedisBuilder};

use super::{KIT, pem, settings, trusting};

#[test]
fn all_that_is_wrong_is_said_at_once_and_nothing_of_a_key() {
    let wrong = |url: &str, tls: serde_json::Value| {
        let settings = settings(serde_json::json!({ "url": url, "in_flight": 0, "tls": tls }));
        let error = settings.build().unwrap_err();
        assert!(!error.to_string().contains(concat!("MIG", "HAgE")), "{error}");
        let faults = error.faults().iter();
        faults.map(|fault| (fault.path().to_owned(), fault.reason().to_owned())).collect::<Vec<_>>()
    };
    let server = "rediss://localhost";
    for (url, tls, expected) in [
        (
            server,
            serde_json::json!({ "ca_file": "/nowhere" }),
            &[("tls.ca_file", "cannot be read")][..],
        ),
        (
            server,
            serde_json::json!({ "ca_file": pem("client-key.pem"), "cert_file": pem("ca.pem") }),
            &[("tls.ca_file", "no certificate"), ("tls.key_file", "must be given too")],
        ),
        (
            server,
            serde_json::json!({ "ca_file": pem("ca.pem"), "key_file": pem("client-key.pem") }),
            &[("tls.cert_file", "must be given too")],
        ),
        (
            server,
            serde_json::json!({
                "ca_file": pem("ca.pem"), "cert_file": "/nowhere", "key_file": pem("client.pem"),
            }),
            &[("tls.cert_file", "cannot be read"), ("tls.key_file", "has none")],
        ),
        (
            server,
            serde_json::json!({
                "ca_file": pem("ca.pem"), "cert_file": pem("client.pem"), "key_file": pem("server-key.pem"),
            }),
            &[("tls.key_file", "does not go with `cert_file`")],
        ),
        ("redis://localhost", serde_json::json!({}), &[("tls", "is given, but the scheme")]),
        (
            "rediss://a b",
            serde_json::json!({ "ca_file": pem("ca.pem") }),
            &[("url", "has a host that no certificate can name")],
        ),
        (
            "rediss+cluster://localhost,a b",
            serde_json::json!({ "ca_file": pem("ca.pem") }),
            &[("url", "has a host that no certificate can name")],
        ),
        (
            "rediss+sentinel://localhost/fleet",
            serde_json::json!({ "ca_file": pem("ca.pem"), "server_name": "a b" }),
            &[("tls.server_name", "nothing that a certificate can name")],
        ),
        (
            "redis+sentinel://localhost/fleet",
            serde_json::json!({}),
            &[("tls", "is given, but the scheme")],
        ),
        ("nothing", serde_json::json!({ "ca_file": pem("ca.pem") }), &[("url", "must be a URL")]),
    ] {
        let said = wrong(url, tls);
        let (others, last) = said.split_at(said.len() - 1);
        assert_eq!(last[0].0, "in_flight");
        assert_eq!(others.len(), expected.len(), "{others:?}");
        for ((path, reason), (expected, words)) in others.iter().zip(expected) {
            assert_eq!(path, expected);
            assert!(reason.contains(words), "{reason}");
        }
    }
}

#[test]
fn a_configuration_is_given_once_and_for_tls() {
    let config = || trusting([KIT]);
    let error = Redis::builder("redis://localhost").tls(config()).build().unwrap_err();
    assert_eq!(error.faults()[0].path(), "tls");
    let twice = settings(serde_json::json!({ "url": "rediss://localhost", "tls": {} }));
    let error = RedisBuilder::from(twice).tls(config()).build().unwrap_err();
    assert!(error.to_string().contains("given twice"), "{error}");
}

/// What is not spoken needs no name, and what is needs a fleet.
#[test]
fn sentinels_may_differ_from_their_servers() {
    let faults = |builder: RedisBuilder| match builder.build() {
        Ok(_) => Vec::new(),
        Err(error) => {
            let faults = error.faults().iter();
            faults.map(|fault| format!("{} {}", fault.path(), fault.reason())).collect()
        }
    };
    let with = |url| Redis::builder(url).tls(trusting([KIT]));
    let plain = "redis+sentinel://localhost/fleet";
    assert!(faults(with(plain).sentinel_tls(true)).is_empty());
    assert!(faults(with("rediss+sentinel://a b/fleet").sentinel_tls(false)).is_empty());
    let wrong = faults(with("rediss+sentinel://a b/fleet"));
    assert_eq!(wrong, ["url has a host that no certificate can name"]);
    assert!(faults(with("rediss+sentinel://a b/fleet").server_name("localhost")).is_empty());
    for url in ["rediss://localhost", "rediss+cluster://localhost"] {
        let wrong = faults(with(url).sentinel_tls(true));
        assert_eq!(wrong, ["sentinel_tls is for sentinels, and the URL has none"]);
    }
    let wrong = faults(Redis::builder(plain).server_name("localhost"));
    assert!(matches!(&*wrong, [fault] if fault.starts_with("tls is given, but")), "{wrong:?}");
    let wrong = faults(Redis::builder(plain).sentinel_tls(false).tls(trusting([KIT])));
    assert!(matches!(&*wrong, [fault] if fault.starts_with("tls is given, but")), "{wrong:?}");
}
