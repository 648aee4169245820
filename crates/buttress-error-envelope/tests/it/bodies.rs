//! Error bodies of any size and pace cost neither time nor memory.

use buttress_core::{Code, Context, stage::Stage};
use buttress_error_envelope::ErrorEnvelopeLayer;
use buttress_testkit::body::Frames;
use buttress_testkit::{allocations, poll};
use http::{Request, Response};
use serde_json::Value;
use tower::{Layer, Service, ServiceExt};

use crate::support::once;

/// What becomes of a foreign refusal with this body: its message, without waiting once.
fn message(kind: &str, body: Frames) -> String {
    let failed = Response::builder().status(400).header("content-type", kind).body(body).unwrap();
    let service = ErrorEnvelopeLayer::default().layer(once(failed));
    let service = Context::default().layer().layer(service);
    let response = poll::assert_ready(Box::pin(service.oneshot(Request::new(())))).unwrap();
    let body = http_body_util::BodyExt::collect(response.into_body());
    let body = poll::assert_ready(Box::pin(body)).unwrap().to_bytes();
    let body: Value = serde_json::from_slice(&body).unwrap();
    body["error"]["message"].as_str().unwrap().to_owned()
}

fn text(body: Frames) -> String {
    message("text/plain", body)
}

#[test]
fn what_is_at_hand_is_read() {
    assert_eq!(text(Frames::new().data("Pick a date.")), "Pick a date.");
    assert_eq!(text(Frames::new().data("Pick ").data("a ").data("date.")), "Pick a date.");
    assert_eq!(
        text(Frames::new().data("Pick a date.").trailers(http::HeaderMap::new())),
        "Pick a date."
    );
}

#[test]
fn what_is_not_is_dropped_at_once() {
    let default = Code::BAD_REQUEST.default_message();
    let endless = Frames::new().data("it trickles").hold().data("on");
    let handle = endless.handle();
    assert_eq!(text(endless), default);
    assert_eq!(handle.polls(), 2);
    assert!(handle.is_dropped());

    assert_eq!(text(Frames::new().hold()), default);
    assert_eq!(text(Frames::new().data("it broke").fail("off")), default);
    assert_eq!(text(Frames::new().data("x".repeat(4_097)).of_unknown_size()), default);
    assert_eq!(
        text(Frames::new().data("x".repeat(4_000)).data("x".repeat(97)).of_unknown_size()),
        default
    );

    let huge = Frames::new().data(vec![b'x'; 1 << 20]);
    let handle = huge.handle();
    assert_eq!(text(huge), default);
    assert_eq!(handle.polls(), 0, "it said how large it is");

    let empties = (0..100_000).fold(Frames::new().of_unknown_size(), |body, _| body.data(""));
    let handle = empties.handle();
    assert_eq!(text(empties), default);
    assert!(handle.polls() <= 64);
}

#[test]
fn what_is_of_no_use_is_not_even_polled() {
    let page = Frames::new().data("<p>").hold();
    let handle = page.handle();
    assert_eq!(message("text/html", page), Code::BAD_REQUEST.default_message());
    assert_eq!(handle.polls(), 0);
    assert!(handle.is_dropped());
}

/// A service in front of another one cannot wait for a body without a timer. So what comes late is not known
/// as an envelope, and the docs say so.
#[test]
fn an_envelope_is_known_as_far_as_it_is_at_hand() {
    let own = r#"{"error":{"code":"OF_ANOTHER","message":"It was not us."}}"#;
    assert_eq!(message("application/json", Frames::new().data(own)), "It was not us.");
    let (first, rest) = own.split_at(20);
    let pieces = Frames::new().data(first).data(rest);
    assert_eq!(message("application/json", pieces), "It was not us.");
    let late = Frames::new().data(first).hold().data(rest);
    assert_eq!(message("application/json", late), Code::BAD_REQUEST.default_message());
}

/// It is sent on as bytes, so nothing announces trailers any more.
#[test]
fn an_envelope_is_kept_in_one_piece_without_trailers() {
    let own = r#"{"error":{"code":"OF_ANOTHER","message":"It was not us."}}"#;
    let (first, rest) = own.split_at(20);
    let trailers = http::HeaderMap::from_iter([(http::header::SERVER, "a".parse().unwrap())]);
    let failed = Response::builder().status(400).header("trailer", "server");
    let failed = failed.header("content-type", "application/json");
    let failed = failed.body(Frames::new().data(first).data(rest).trailers(trailers)).unwrap();
    let service = ErrorEnvelopeLayer::default().layer(once(failed));
    let service = Context::default().layer().layer(service);
    let response = poll::assert_ready(Box::pin(service.oneshot(Request::new(())))).unwrap();
    assert!(!response.headers().contains_key("trailer"));
    let body = http_body_util::BodyExt::collect(response.into_body());
    let body = poll::assert_ready(Box::pin(body)).unwrap();
    assert_eq!(body.trailers(), None);
    assert_eq!(body.to_bytes(), own);
}

#[test]
fn a_megabyte_of_errors_takes_no_memory() {
    let body =
        (0..256).fold(Frames::new().of_unknown_size(), |body, _| body.data(vec![b'x'; 4_096]));
    let failed =
        Response::builder().status(400).header("content-type", "text/plain").body(body).unwrap();
    let mut service = ErrorEnvelopeLayer::default().layer(once(failed));
    let mut request = Request::new(());
    let _memo = Stage::enter(&Context::default(), &mut request);
    let future = Box::pin(service.call(request));
    let (response, count) = allocations::of(|| poll::assert_ready(future));
    assert_eq!(response.unwrap().status(), 400);
    assert!(count.peak_bytes() < 8_192, "{count:?}");
}
