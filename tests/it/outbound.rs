//! A service between two walls: what comes in through the one, goes out through the other.

use axum::body::Body;
use axum::routing::{any, get};
use axum::{Extension, Router};
use buttress::circuit_breaker::{State, Trip};
use buttress::prelude::*;
use buttress::retry::ReplayBody;
use buttress_testkit::body::Frames;
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::Empty;
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::json;
use tower::ServiceExt;

use crate::support::{Client, Protocol, Server, serve_axum, soon};

/// What the dependency is asked with; and what it is asked for.
async fn dependency() -> Server {
    let show = async |headers: HeaderMap| {
        let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        let seen = json!({ "id": header("x-request-id"), "left": header("x-request-timeout-ms") });
        axum::Json(seen)
    };
    let breaks =
        || async { Body::new(Frames::new().data("half of").fail("it broke").of_unknown_size()) };
    let fails = || async { StatusCode::SERVICE_UNAVAILABLE };
    let app = Router::new().route("/", get(show)).route("/breaks", get(breaks));
    serve_axum(app.route("/fails", get(fails))).await
}

/// Hands on whatever the dependency answers, over that protocol.
async fn service(dependency: &Server, protocol: Protocol) -> (Server, Outbound) {
    let client: HyperClient<HttpConnector, ReplayBody<Empty<Bytes>>> =
        HyperClient::builder(TokioExecutor::new())
            .http2_only(protocol == Protocol::Http2)
            .build_http();
    let outbound = Outbound::to("dependency")
        .deadline(secs(30))
        .retry(Retry::up_to(2).backoff(Backoff::none()).wait_for_refusals(false))
        .circuit_breaker(CircuitBreaker::after(1).open_for(secs(60)..=secs(60)))
        .bulkhead(8)
        .attempt_timeout(secs(5))
        .build()
        .unwrap();
    let (client, address) = (outbound.layer_on(client), dependency.address());
    let ask = async move |Extension(context): Extension<RequestContext>, inbound: Request<Body>| {
        let uri = format!("http://{address}{}", inbound.uri().path());
        let mut request = Request::get(uri).body(Empty::new()).unwrap();
        context.propagate(&mut request);
        context.scope(client.oneshot(request)).await.unwrap().map(Body::new)
    };
    let wall = Inbound::builder().trusted_proxies(["127.0.0.1"]).build().unwrap();
    let app = Router::new().route("/{*rest}", any(ask.clone())).route("/", any(ask)).layer(wall);
    (serve_axum(app).await, outbound)
}

#[tokio::test]
async fn id_and_deadline_go_through_both_walls() {
    let dependency = dependency().await;
    for protocol in Protocol::BOTH {
        let (service, outbound) = service(&dependency, protocol).await;
        let mut client = Client::connect(protocol, &service).await;
        let request = Request::get("/").header("x-request-timeout-ms", "20000");
        let answer = client.ask(request.body(Bytes::new()).unwrap()).await;
        let seen = answer.json();
        assert_eq!(seen["id"], answer.id());
        let left: u64 = seen["left"].as_str().unwrap().parse().unwrap();
        assert!((10_000..=20_000).contains(&left), "{left}");
        assert_eq!(outbound.breaker().state(), State::Closed);
        drop(client);
        service.stop().await;
    }
}

/// By itself it has no body; the context of the request gives it the format of its client.
#[tokio::test]
async fn a_refusal_that_is_handed_on_is_rendered_for_the_client() {
    let dependency = dependency().await;
    for protocol in Protocol::BOTH {
        let (service, outbound) = service(&dependency, protocol).await;
        outbound.breaker().trip(Trip::switch());
        let mut client = Client::connect(protocol, &service).await;
        let answer = client.get("/").await;
        answer.assert_problem(Code::CIRCUIT_OPEN);
        let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!((50..=60).contains(&wait), "{wait}");

        let grpc = Request::post("/shop.Stock/Count").header("content-type", "application/grpc");
        let answer = client.ask(grpc.body(Bytes::new()).unwrap()).await;
        assert_eq!((answer.status(), answer.header("grpc-status")), (200, Some("14")));
        drop(client);
        service.stop().await;
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_opens_the_breaker() {
    let dependency = dependency().await;
    for protocol in Protocol::BOTH {
        let (service, outbound) = service(&dependency, protocol).await;
        let opened = outbound.breaker().clone();
        let mut events = opened.events(4);
        let mut client = Client::connect(Protocol::Http1, &service).await;
        let Client::Http1(connection) = &mut client else { unreachable!("it is") };
        connection.send("GET /breaks HTTP/1.1\r\nhost: test\r\n\r\n").await;
        soon("the breaker to open", events.next()).await;
        assert_eq!(opened.state(), State::Open, "over {protocol:?}");
        drop(client);
        service.stop().await;
    }
}

/// Two attempts failed, or the first one and the breaker: an outer hop is told not to multiply that.
#[tokio::test]
async fn a_failure_that_was_repeated_is_marked_for_the_hop_before() {
    let dependency = dependency().await;
    for protocol in Protocol::BOTH {
        let (service, _outbound) = service(&dependency, protocol).await;
        let mut client = Client::connect(protocol, &service).await;
        let answer = client.get("/fails").await;
        assert_eq!(answer.status(), 503, "over {protocol:?}");
        assert_eq!(answer.header("x-no-retry"), Some("1"), "over {protocol:?}");
        drop(client);
        service.stop().await;
    }
}
