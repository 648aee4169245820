//! What a status of gRPC in the head says, and how long it may be.

use buttress_core::clock::Timestamp;
use buttress_core::metrics::Metrics;
use buttress_core::render::{Format, GrpcStatus, Occasion, Render};
use buttress_core::stage::Stage;
use buttress_core::{Context, Problem};
use buttress_testkit::mock;
use buttress_testkit::page::Page;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use proptest::prelude::*;
use tower::{Layer, ServiceExt};

/// What the metrics hear of an answer with this head.
async fn counted(kind: &str, status: u16, grpc: &'static str) -> Vec<String> {
    let page = Page::default();
    let metrics = Metrics::new(page.clone());
    let context = Context::builder().answers(|answers| answers.metrics(&metrics)).build().unwrap();
    let (service, inner) = mock::service();
    inner.answer_with(move |_: Request<()>| {
        let response = Response::builder().status(status).header("grpc-status", grpc);
        Ok(response.body(Full::new(Bytes::new())).unwrap())
    });
    let request = Request::post("/shop.v1.Orders/Get").header("content-type", kind);
    let service = context.layer().layer(service);
    drop(service.oneshot(request.body(()).unwrap()).await.unwrap());
    page.lines()
}

#[tokio::test]
async fn a_failure_that_somebody_else_answered_is_counted() {
    let grpc = "application/grpc";
    for (status, code) in [
        ("5", "NOT_FOUND client"),
        ("12", "NOT_IMPLEMENTED server"),
        ("13", "INTERNAL server"),
        ("14", "UNAVAILABLE server"),
        ("99", "INTERNAL server"),
        ("x", "INTERNAL server"),
    ] {
        let line = format!("buttress_errors_total {code} none: 1");
        assert_eq!(counted(grpc, 200, status).await, [line]);
    }
    for (kind, status, code) in [(grpc, 200, "0"), (grpc, 404, "5"), ("application/json", 200, "5")]
    {
        assert!(counted(kind, status, code).await.is_empty(), "{kind} {status} {code}");
    }
}

fn message(message: String) -> String {
    let problem = Problem::bad_request().with_message(message);
    let answer = GrpcStatus.render(&problem, &Occasion::at(Timestamp::EPOCH));
    answer.headers()["grpc-message"].to_str().unwrap().to_owned()
}

#[test]
fn a_long_message_is_cut_between_two_characters() {
    assert_eq!(message("x".repeat(1_536)), "x".repeat(1_536));
    assert_eq!(message("x".repeat(1_537)), "x".repeat(1_527) + "%E2%80%A6");
    // Three bytes on the wire for each of its own.
    assert_eq!(message("ü".repeat(256)), "%C3%BC".repeat(256));
    assert_eq!(message("ü".repeat(257)), "%C3%BC".repeat(254) + "%E2%80%A6");
    assert_eq!(message("\u{1f600}".repeat(5_000)), "%F0%9F%98%80".repeat(127) + "%E2%80%A6");
}

#[cfg(feature = "tonic")]
#[test]
fn so_is_that_of_a_status_of_tonic() {
    let problem = Problem::bad_request().with_message("ü".repeat(5_000));
    assert_eq!(tonic::Status::from(problem).message(), "ü".repeat(254) + "…");
}

proptest! {
    #[test]
    fn no_message_is_longer_than_a_header_may_be(text in prop::collection::vec(any::<char>(), 0..900)) {
        let problem = Problem::bad_request().with_message(text.into_iter().collect::<String>());
        let answer = Format::GRPC.render(&problem, &Occasion::at(Timestamp::EPOCH));
        prop_assert!(answer.headers()["grpc-message"].len() <= 1_536);
    }
}
