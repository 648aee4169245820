//! Nothing comes out of what else a request says, nor in another format.

use axum::body::Body;
use http::{HeaderValue, Request};

use crate::leaks::{assert_tight, requests};

/// What the wall looks at.
const READ: &[&str] = &[
    "x-request-id",
    "traceparent",
    "tracestate",
    "accept",
    "accept-language",
    "authorization",
    "x-forwarded-for",
    "forwarded",
    "user-agent",
];

/// To a place that is not there, and to handlers that fail.
fn heads(text: &str) -> Vec<Request<Body>> {
    let value = HeaderValue::from_bytes(text.as_bytes()).unwrap();
    let escaped: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
    let ask = |path: &str| Request::get(path).header("x-text", "nothing");
    let mut all = Vec::new();
    for path in ["/nowhere", "/source", "/panic", "/failed"] {
        let whole = READ.iter().fold(ask(path), |request, name| request.header(*name, &value));
        all.push(whole.body(Body::empty()).unwrap());
        let in_query = ask(&format!("{path}?state={escaped}&{escaped}"));
        all.push(in_query.body(Body::empty()).unwrap());
    }
    all
}

#[tokio::test]
async fn what_else_a_request_says_stays_with_it() {
    assert_tight(heads).await;
}

#[tokio::test]
async fn no_format_tells_more() {
    for kind in [
        "application/problem+json",
        "application/vnd.api+json",
        "text/plain",
        "text/html",
        "application/grpc",
    ] {
        assert_tight(|text| {
            let mut all = requests(text);
            for request in &mut all {
                let kind = HeaderValue::from_static(kind);
                if kind == "application/grpc" {
                    request.headers_mut().insert("content-type", kind.clone());
                }
                request.headers_mut().insert("accept", kind);
            }
            all
        })
        .await;
    }
}
