//! Id and trace go along, from server to server.

use std::convert::Infallible;

use axum::body::Body;
use axum::routing::get;
use axum::{Extension, Router};
use buttress::prelude::*;
use buttress::trace::TraceParent;
use buttress_testkit::body::Frames;
use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use serde_json::{Value, json};
use tower::{Layer, service_fn};

use crate::support::{Client, Protocol, Server, http2, serve_axum, serve_hyper};

/// What the second server sees: the headers it got, and its own context.
async fn show(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (headers, context) = (request.headers(), request.context().unwrap());
    let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap());
    let seen = json!({
        "id": header("x-request-id"),
        "traceparent": header("traceparent"),
        "tracestate": header("tracestate"),
        "own_id": context.id().as_str(),
        "own_traceparent": traceparent(context),
    });
    Ok(Response::new(Bytes::from(seen.to_string()).into()))
}

/// What the context would tell the hop after it.
fn traceparent(context: &RequestContext) -> String {
    let mut headers = HeaderMap::new();
    context.trace().inject(&mut headers);
    headers["traceparent"].to_str().unwrap().to_owned()
}

async fn two_servers() -> (Server, Server) {
    // The second believes the first about the id.
    let wall = Inbound::builder().trusted_proxies(["127.0.0.1"]).build().unwrap();
    let second = serve_hyper(wall.layer(service_fn(show))).await;
    let (next, sender) = (second.address(), http2(&second).await);
    let ask = async move |Extension(context): Extension<RequestContext>| {
        let mut request = Request::get(format!("http://{next}/")).body(Frames::new()).unwrap();
        // What stood there before must not get through.
        request.headers_mut().insert("x-request-id", "of-somebody-else".parse().unwrap());
        context.propagate(&mut request);
        let response = sender.clone().send_request(request).await.unwrap();
        assert_eq!(response.headers()["x-request-id"], context.id().as_str());
        Body::new(response.into_body())
    };
    let wall = Inbound::builder().build().unwrap();
    let first = serve_axum(Router::new().route("/", get(ask)).layer(wall)).await;
    (first, second)
}

/// Trace and parent of a `traceparent`.
fn parts(traceparent: &Value) -> (&str, &str) {
    let text = traceparent.as_str().unwrap();
    text.parse::<TraceParent>().unwrap();
    (&text[3..35], &text[36..52])
}

#[tokio::test]
async fn id_and_trace_reach_the_second_server() {
    let (first, second) = two_servers().await;
    let given = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    for protocol in Protocol::BOTH {
        let mut client = Client::connect(protocol, &first).await;
        let request = Request::get("/").header("traceparent", given).header("tracestate", "a=1");
        let answer = client.ask(request.body(Bytes::new()).unwrap()).await;
        let seen = answer.json();
        assert_eq!((&seen["id"], &seen["own_id"]), (&json!(answer.id()), &json!(answer.id())));
        assert_eq!(seen["tracestate"], "a=1");

        let given = json!(given);
        let ends = [&given, &seen["traceparent"], &seen["own_traceparent"]].map(parts);
        assert!(ends.iter().all(|(trace, _)| *trace == ends[0].0), "one trace: {seen}");
        assert!(ends[0].1 != ends[1].1 && ends[1].1 != ends[2].1, "a parent each: {seen}");
    }
    first.stop().await;
    second.stop().await;
}

#[tokio::test]
async fn without_a_trace_one_starts_and_a_broken_one_is_not_sent_on() {
    let (first, second) = two_servers().await;
    let mut client = Client::connect(Protocol::Http2, &first).await;
    let mut traces = Vec::new();
    for broken in [None, Some("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01")] {
        let mut request = Request::get("/");
        if let Some(broken) = broken {
            request = request.header("traceparent", broken).header("tracestate", "a=1");
        }
        let seen = client.ask(request.body(Bytes::new()).unwrap()).await.json();
        assert_eq!(seen["tracestate"], Value::Null);
        traces.push(parts(&seen["traceparent"]).0.to_owned());
        assert_eq!(parts(&seen["own_traceparent"]).0, traces[traces.len() - 1]);
    }
    assert_ne!(traces[0], traces[1]);
    assert_ne!(traces[1], "0af7651916cd43dd8448eb211c80319c");
    drop(client);
    first.stop().await;
    second.stop().await;
}
