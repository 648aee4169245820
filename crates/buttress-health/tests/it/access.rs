//! Details are for those whom the rule allows; others see the status alone.

use std::net::SocketAddr;

use buttress_core::{Context, PeerAddress, stage::Stage};
use buttress_health::{Check, HealthChecks, HealthChecksBuilder};
use http::Request;

use crate::support::{Answer, ask, ask_stage};

const TOKEN: &str = "a-token-of-some-length";

fn with(change: impl FnOnce(HealthChecksBuilder) -> HealthChecksBuilder) -> HealthChecks {
    let check = Check::of("secret-db", std::future::pending);
    change(HealthChecks::builder().check(check)).build().unwrap()
}

fn from(peer: [u8; 4], token: Option<&str>) -> Request<()> {
    let mut request = Request::get("/ready").body(()).unwrap();
    let peer = SocketAddr::from((peer, 4711));
    request.extensions_mut().insert(PeerAddress::new(peer));
    if let Some(token) = token {
        request.headers_mut().insert("authorization", token.parse().unwrap());
    }
    request
}

fn shows(answer: &Answer) -> bool {
    let shows = answer.json().get("checks").is_some();
    assert_eq!(shows, answer.body.windows(9).any(|seen| seen == b"secret-db"));
    if !shows {
        let mut keys: Vec<_> = answer.json().as_object().unwrap().keys().cloned().collect();
        keys.sort();
        assert_eq!(keys, ["status", "timestamp"]);
    }
    shows
}

#[test]
fn by_default_nobody_sees_them() {
    let health = with(|builder| builder);
    assert!(!shows(&ask(&health, from([127, 0, 0, 1], Some("Bearer ")))));
    let request = Request::get("/ready").header("accept", "application/health+json");
    assert_eq!(ask(&health, request.body(()).unwrap()).body, r#"{"status":"fail"}"#);
}

#[test]
fn an_address_of_the_list_sees_them() {
    let health = with(|builder| builder.details_for_networks(["10.0.0.0/8", "192.0.2.7"]));
    assert!(shows(&ask(&health, from([10, 9, 8, 7], None))));
    assert!(shows(&ask(&health, from([192, 0, 2, 7], None))));
    assert!(!shows(&ask(&health, from([192, 0, 2, 8], None))));
    assert!(!shows(&ask(&health, Request::get("/ready").body(()).unwrap())), "who is it?");
}

#[test]
fn it_is_the_address_that_the_context_resolved() {
    let health = with(|builder| builder.details_for_networks(["10.0.0.0/8"]));
    let ask_from = |peer, forwarded: &str| {
        let context = Context::builder().trusted_proxies(["10.0.0.1"]).build().unwrap();
        let mut request = from(peer, None);
        request.headers_mut().insert("x-forwarded-for", forwarded.parse().unwrap());
        shows(&ask_stage(context.then(health.stage()), request))
    };
    assert!(ask_from([10, 0, 0, 1], "10.2.3.4"));
    assert!(!ask_from([10, 0, 0, 1], "203.0.113.7"), "through the proxy, from outside");
    assert!(!ask_from([203, 0, 113, 7], "10.2.3.4"), "anybody can write that");
    assert!(!ask_from([10, 0, 0, 1], "unknown"), "the proxy does not say who");
}

/// A proxy that nobody has named is in a network of ours, and whoever asks through it is not.
#[test]
fn through_a_proxy_without_a_name_nobody_sees_them() {
    let health = with(|builder| builder.details_for_networks(["10.0.0.0/8"]));
    let request = |name: &'static str, value: &'static str| {
        let mut request = from([10, 0, 0, 1], None);
        request.headers_mut().insert(name, value.parse().unwrap());
        request
    };
    for (name, value) in [
        ("x-forwarded-for", "203.0.113.7"),
        ("forwarded", "for=203.0.113.7"),
        ("x-real-ip", "203.0.113.7"),
        ("via", "1.1 edge"),
    ] {
        assert!(!shows(&ask(&health, request(name, value))), "{name}, and no context");
        let wall = Context::default().then(health.stage());
        assert!(!shows(&ask_stage(wall, request(name, value))), "{name}, and no name for it");
    }
    assert!(shows(&ask(&health, request("x-forwarded-proto", "https"))), "who, is not said");
}

#[test]
fn a_token_sees_them() {
    let other = "another-token-of-some-length";
    let health = with(|builder| {
        builder.details_for_token(TOKEN.to_owned()).details_for_token(other.to_owned())
    });
    let bearer = |scheme: &str, token: &str| {
        shows(&ask(&health, from([203, 0, 113, 7], Some(&format!("{scheme} {token}")))))
    };
    assert!(bearer("Bearer", TOKEN) && bearer("bearer", TOKEN) && bearer("BEARER", other));
    assert!(!bearer("Basic", TOKEN) && !bearer("Bearer", &TOKEN[1..]) && !bearer("Bearer", ""));
    assert!(!bearer("Bearer", &format!("{TOKEN}x")));
    assert!(!shows(&ask(&health, from([203, 0, 113, 7], None))));
}

#[test]
fn liveness_hides_what_is_inside_too() {
    use buttress_core::Health;
    let health = with(|builder| {
        builder
            .details_for_token(TOKEN.to_owned())
            .live("secret-db", || Health::degraded("token=abcdef0123456789"))
    });
    let request = |token: Option<&str>| {
        let mut request = Request::get("/health").body(()).unwrap();
        if let Some(token) = token {
            let value = format!("Bearer {token}").parse().unwrap();
            request.headers_mut().insert("authorization", value);
        }
        ask(&health, request)
    };
    assert!(request(None).json().get("checks").is_none());
    let shown = request(Some(TOKEN)).json();
    assert_eq!(shown["checks"][0]["status"], "degraded");
    assert_eq!(shown["checks"][0]["message"], "token=***");
}
