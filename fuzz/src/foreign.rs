//! Failures that others have answered, whatever their bodies say.

use std::convert::Infallible;
use std::future::ready;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use buttress_error_envelope::{ErrorEnvelopeLayer, code_of};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use serde_json::Value;
use tower::{Layer, ServiceExt, service_fn};

/// The status stays; there is an envelope, whose message is one short line, and says nothing of what a server
/// said. The first byte is the status, the second whether the rest is text or JSON.
///
/// # Panics
///
/// If that does not hold.
pub fn run(data: &[u8]) {
    let [status, kind, body @ ..] = data else { return };
    let status = StatusCode::from_u16(400 + u16::from(*status) % 200).expect("it fails");
    let kind = if kind % 2 == 0 { "text/plain" } else { "application/json" };
    let (shown, is_ours) = rewritten(status, kind, body);
    let shown: Value = serde_json::from_slice(&shown).expect("it is JSON");
    let error = &shown["error"];
    let (code, message) = (error["code"].as_str(), error["message"].as_str());
    let (code, message) = (code.expect("a code"), message.expect("a message"));
    if !is_ours {
        assert!(kind == "application/json" && !code.is_empty());
        return;
    }
    assert_eq!(code, code_of(status).name());
    assert!((1..=300).contains(&message.len()) && !message.contains(char::is_control));
    if status.is_server_error() || kind == "application/json" {
        let ours = message == code_of(status).default_message();
        assert!(ours || Some(message) == status.canonical_reason(), "{message}");
    }
}

/// The body behind an envelope, and whether it was written anew.
fn rewritten(status: StatusCode, kind: &str, body: &[u8]) -> (Bytes, bool) {
    let failed = Response::builder().status(status).header("content-type", kind);
    let failed = failed.body(Full::new(Bytes::copy_from_slice(body))).expect("a response");
    let service = service_fn(|_| ready(Ok::<_, Infallible>(failed.clone())));
    let service = ErrorEnvelopeLayer::default().layer(service);
    let response = at_once(service.oneshot(Request::new(()))).expect("nothing can fail");
    assert_eq!(response.status(), status);
    let is_ours = response.headers().contains_key("x-request-id");
    let shown = at_once(response.into_body().collect()).expect("a body").to_bytes();
    (shown, is_ours)
}

fn at_once<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("there is nothing to wait for"),
    }
}
