//! Rate limits as clients see them: who has a quota of its own, what a refusal says, and what is never refused.

use std::convert::Infallible;

use axum::Router;
use axum::routing::{get, post};
use buttress::error_envelope::Negotiation;
use buttress::health::HealthChecks;
use buttress::prelude::*;
use buttress::ratelimit::{Policy, address, api_key, everyone, path, path_prefix, principal};
use buttress::stage::gate_fn;
use buttress::{Principal, ratelimit};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use tonic::Code as GrpcCode;
use tonic_health::pb::HealthCheckRequest;
use tower::{Layer, service_fn};

use crate::support::{
    Answer, Checks, Client, Protocol, Server, health_client, prompt, serve_axum, serve_hyper,
    serve_ours, serve_tonic, soon,
};

fn limits(policy: Policy) -> RateLimit {
    RateLimit::builder().policy("some", policy).build().unwrap()
}

/// Behind proxies on this machine, so that a test can be any client.
fn wall(limits: &RateLimit) -> Inbound<impl Stage> {
    let health = HealthChecks::builder().build().unwrap();
    Inbound::builder()
        .trusted_proxies(["127.0.0.0/8"])
        .rate_limit(limits)
        .health(&health)
        .build()
        .unwrap()
}

fn router() -> Router {
    Router::new().route("/", get(|| async { "hello" })).fallback(|| async { "anything" })
}

/// One of each kind of server, behind the same limits.
async fn servers(limits: &RateLimit) -> [Server; 4] {
    let hello = |_: Request<Incoming>| async {
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("hello")))
    };
    [
        serve_axum(router().layer(wall(limits))).await,
        serve_axum(router().layer(wall(limits).keep_body().leak())).await,
        serve_hyper(wall(limits).layer(service_fn(hello))).await,
        serve_ours(prompt(), router().layer(wall(limits))).await.0,
    ]
}

async fn ask(server: &Server, protocol: Protocol, path: &str, forwarded: &str) -> Answer {
    let request = Request::get(path).header("x-forwarded-for", forwarded);
    let mut client = Client::connect(protocol, server).await;
    client.ask(request.body(Bytes::new()).unwrap()).await
}

/// All servers and both protocols take from the same quota, as they have the same limits.
#[tokio::test]
async fn a_refusal_says_how_long_and_of_what() {
    let limits = limits(Quota::per_hour(8).by(address()));
    let servers = servers(&limits).await;
    for server in &servers {
        for protocol in Protocol::BOTH {
            assert_eq!(ask(server, protocol, "/", "203.0.113.7").await.status(), 200);
        }
    }
    for server in &servers {
        for protocol in Protocol::BOTH {
            let refused = ask(server, protocol, "/", "203.0.113.7").await;
            refused.assert_problem(Code::RATE_LIMITED);
            let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
            assert!((1..=450).contains(&wait), "one of eight an hour is there in {wait} s");
            assert_eq!(refused.header("ratelimit-policy"), Some(r#""some";q=8;w=3600"#));
            let standing = refused.header("ratelimit").unwrap();
            assert!(standing.starts_with(r#""some";r=0;t="#), "{standing}");
            assert_eq!(ask(server, protocol, "/", "203.0.113.8").await.status(), 200, "another");
        }
    }
    for server in servers {
        server.stop().await;
    }
}

/// What a client writes into the header itself stands left of what the proxy adds.
#[tokio::test]
async fn a_client_cannot_be_another_one() {
    let behind_proxies = limits(Quota::per_hour(1).by(address()));
    let servers = servers(&behind_proxies).await;
    for (at, server) in servers.iter().enumerate() {
        for (protocol, spoofed) in Protocol::BOTH.into_iter().zip(["10.9.8.7", "198.51.100.1"]) {
            let answer = ask(server, protocol, "/", &format!("{spoofed}, 203.0.113.7")).await;
            let first = at == 0 && protocol == Protocol::Http1;
            assert_eq!(answer.status(), if first { 200 } else { 429 });
        }
    }
    for server in servers {
        server.stop().await;
    }

    // Where no proxy is trusted, all who are connected from here are one.
    let direct = limits(Quota::per_hour(1).by(address()));
    let wall = Inbound::builder().rate_limit(&direct).build().unwrap();
    let server = serve_axum(router().layer(wall)).await;
    assert_eq!(ask(&server, Protocol::Http1, "/", "203.0.113.1").await.status(), 200);
    for protocol in Protocol::BOTH {
        ask(&server, protocol, "/", "203.0.113.2").await.assert_problem(Code::RATE_LIMITED);
    }
    server.stop().await;
}

#[tokio::test]
async fn a_subscriber_with_many_addresses_is_one_client() {
    let limits = limits(Quota::per_hour(1).by(address()));
    let server = serve_axum(router().layer(wall(&limits))).await;
    let status = async |client: &str| ask(&server, Protocol::Http2, "/", client).await.status();
    assert_eq!(status("2001:db8:1:2::1").await, 200);
    assert_eq!(status("2001:db8:1:2:ffff:ffff:ffff:ffff").await, 429, "the same /64");
    assert_eq!(status("2001:db8:1:3::1").await, 200, "another one");
    assert_eq!(status("192.0.2.1").await, 200);
    assert_eq!(status("::ffff:192.0.2.1").await, 429, "the same in the form of IPv6");
    server.stop().await;
}

#[tokio::test]
async fn probes_and_what_is_exempt_always_pass() {
    let limits = RateLimit::builder()
        .policy("all", Quota::per_hour(1).by(everyone()))
        .exempt(path_prefix("/open"))
        .deny(path("/closed"))
        .build()
        .unwrap();
    let server = serve_ours(prompt(), router().layer(wall(&limits))).await.0;
    for protocol in Protocol::BOTH {
        let mut client = Client::connect(protocol, &server).await;
        for _ in 0..3 {
            assert_eq!(client.get("/health/live").await.status(), 200);
            assert_eq!(client.get("/open/page").await.status(), 200);
            client.get("/closed").await.assert_problem(Code::FORBIDDEN);
        }
    }
    let mut client = Client::connect(Protocol::Http1, &server).await;
    assert_eq!(client.get("/").await.status(), 200, "nothing was taken");
    client.get("/").await.assert_problem(Code::RATE_LIMITED);
    assert_eq!(client.get("/health/live").await.status(), 200);
    server.stop().await;
}

/// In the format that the client wants; problem details have the type of the draft.
#[tokio::test]
async fn a_refusal_has_the_format_of_its_client() {
    let limits = limits(Quota::per_hour(1).by(everyone()));
    let wall = Inbound::builder()
        .rate_limit(&limits)
        .error_envelope(|envelope| envelope)
        .error_formats(Negotiation::default())
        .build()
        .unwrap();
    let server = serve_axum(router().layer(wall)).await;
    let ask = async |protocol, accept: &str| {
        let request = Request::get("/").header("accept", accept).body(Bytes::new()).unwrap();
        Client::connect(protocol, &server).await.ask(request).await
    };
    assert_eq!(ask(Protocol::Http1, "*/*").await.status(), 200);
    for protocol in Protocol::BOTH {
        ask(protocol, "application/json").await.assert_problem(Code::RATE_LIMITED);

        let details = ask(protocol, "application/problem+json").await;
        assert_eq!(details.header("content-type"), Some("application/problem+json"));
        let json = details.json();
        let kind = "https://iana.org/assignments/http-problem-types#quota-exceeded";
        assert_eq!((&json["type"], &json["status"]), (&kind.into(), &429.into()));
        assert_eq!(json["violated-policies"], serde_json::json!(["some"]));
        assert_eq!(json["correlationId"], details.id());

        let page = ask(protocol, "text/html").await;
        assert!(page.header("content-type").unwrap().starts_with("text/html"));
        for answer in [&details, &page] {
            assert_eq!(answer.status(), 429);
            assert!(answer.header("retry-after").is_some());
            assert!(answer.header("ratelimit").is_some());
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn a_grpc_client_is_told_that_its_resources_are_exhausted() {
    let limits = limits(Quota::per_hour(1).by(everyone()));
    let wall = Inbound::builder().rate_limit(&limits).build().unwrap();
    let server = serve_tonic(wall, Checks(|_| async { Ok(()) })).await;
    let mut client = health_client(&server).await;
    let check = HealthCheckRequest::default;
    assert!(soon("an answer", client.check(check())).await.is_ok());
    let status = soon("a status", client.check(check())).await.unwrap_err();
    assert_eq!(status.code(), GrpcCode::ResourceExhausted);
    let metadata = status.metadata();
    assert_eq!(metadata.get("x-error-code").unwrap(), "RATE_LIMITED");
    let wait: u64 =
        metadata.get("grpc-retry-pushback-ms").unwrap().to_str().unwrap().parse().unwrap();
    assert!((1..=3_600_000).contains(&wait), "{wait}");
    drop(client);
    server.stop().await;
}

/// Who floods is turned away before authentication; whoever it has found has a quota of their own.
#[tokio::test]
async fn limits_stand_on_both_sides_of_authentication() {
    let limits = RateLimit::builder()
        .policy("per-address", Quota::per_hour(4).by(address()))
        .policy("per-person", Quota::per_hour(1).by(principal()))
        .build()
        .unwrap();
    let authentication = gate_fn(|request: &mut dyn RequestHead| {
        let user = request.headers().get("x-user").and_then(|user| user.to_str().ok());
        let user = user.ok_or_else(|| Problem::new(Code::UNAUTHENTICATED))?.to_owned();
        assert!(request.context().unwrap().set_principal(Principal::new(user)));
        Ok(())
    });
    let wall = Inbound::builder().then(authentication).rate_limit(&limits).build().unwrap();
    let server = serve_axum(router().layer(wall)).await;
    let mut client = Client::connect(Protocol::Http2, &server).await;
    let mut seen = Vec::new();
    for user in ["ada", "ada", "bob", "", "eve"] {
        let mut request = Request::get("/").body(Bytes::new()).unwrap();
        if !user.is_empty() {
            request.headers_mut().insert("x-user", user.parse().unwrap());
        }
        let answer = client.ask(request).await;
        let policy = answer.header("ratelimit-policy").map(ToOwned::to_owned);
        seen.push((answer.status(), policy));
    }
    let per = |policy: &str| Some(policy.to_owned());
    assert_eq!(
        seen,
        [
            (200, None),
            (429, per(r#""per-person";q=1;w=3600"#)),
            (200, None),
            (401, None),
            (429, per(r#""per-address";q=4;w=3600"#)),
        ]
    );
    drop(client);
    server.stop().await;
}

/// Who knows the password may log in as often as they like.
#[tokio::test]
async fn only_wrong_passwords_are_counted() {
    let limits = limits(ratelimit::classes::logins("/login").quota(Quota::per_hour(2)));
    let login = async |body: String| match &*body {
        "right" => StatusCode::OK,
        _ => StatusCode::UNAUTHORIZED,
    };
    let app = Router::new().route("/login", post(login));
    let server = serve_ours(prompt(), app.layer(wall(&limits))).await.0;
    let mut seen = Vec::new();
    for password in ["right", "wrong", "right", "right", "wrong", "right", "wrong"] {
        let request = Request::post("/login").body(Bytes::from(password)).unwrap();
        let protocol = Protocol::BOTH[seen.len() % 2];
        seen.push(Client::connect(protocol, &server).await.ask(request).await.status());
    }
    // After two wrong ones nobody knows any more whether a password is right.
    assert_eq!(seen, [200, 401, 200, 200, 401, 429, 429]);
    server.stop().await;
}

#[tokio::test]
async fn headers_tell_of_what_is_left() {
    let limits = RateLimit::builder()
        .policy("per-key", Quota::per_hour(3).by(api_key()))
        .headers_on_success()
        .build()
        .unwrap();
    let server = serve_axum(router().layer(wall(&limits))).await;
    for (protocol, left) in Protocol::BOTH.into_iter().zip([2, 1]) {
        let request = Request::get("/").header("authorization", "Bearer k-17");
        let mut client = Client::connect(protocol, &server).await;
        let answer = client.ask(request.body(Bytes::new()).unwrap()).await;
        let standing = answer.header("ratelimit").unwrap();
        assert!(standing.starts_with(&format!(r#""per-key";r={left};t="#)), "{standing}");
        assert_eq!(answer.header("ratelimit-policy"), Some(r#""per-key";q=3;w=3600"#));
        assert_eq!(answer.header("retry-after"), None);
    }
    server.stop().await;
}
