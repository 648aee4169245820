//! The errors of tower's own middleware become answers.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use buttress_core::render::Answers;
use buttress_core::{Code, Detail, Problem};
use buttress_error_envelope::{ErrorEnvelopeLayer, ErrorsLayer, Negotiation, problem_of};
use buttress_testkit::errors::Ring;
use buttress_testkit::log::Log;
use bytes::Bytes;
use http::{Request, Response};
use tonic::Status;
use tonic_types::StatusExt;
use tower::load_shed::LoadShedLayer;
use tower::timeout::TimeoutLayer;
use tower::{BoxError, Layer, Service, ServiceBuilder, ServiceExt};

use crate::support::{ask, error, once, wall, whole};

#[tokio::test(start_paused = true)]
async fn a_time_out_of_tower_is_an_answer_with_an_id() {
    let slow = ServiceBuilder::new()
        .layer(ErrorsLayer::tower().keep_body())
        .layer(TimeoutLayer::new(Duration::from_secs(1)));
    let app = Router::new().route("/", get(std::future::pending::<()>)).layer(slow).layer(wall());
    let response = ask(app, Request::get("/").body(Body::empty()).unwrap()).await;
    assert_eq!(response.status(), 504);
    assert_eq!(error(&response)["code"], Code::TIMED_OUT.name());
}

#[tokio::test]
async fn shed_load_is_an_answer() {
    let full = tower::service_fn(|_: Request<()>| {
        std::future::pending::<Result<Response<Body>, Infallible>>()
    });
    let busy = ServiceBuilder::new().layer(LoadShedLayer::new()).concurrency_limit(1).service(full);
    let mut service = ErrorsLayer::tower().layer(busy.clone());
    service.ready().await.unwrap();
    let _held = service.call(Request::new(()));
    let response = wall().layer(ErrorsLayer::tower().keep_body()).service(busy);
    let response = whole(response.oneshot(Request::new(())).await.unwrap()).await;
    assert_eq!(response.status(), 503);
    assert_eq!(error(&response)["code"], Code::OVERLOADED.name());
}

/// Where nobody settles what it answers, it asks the request; an envelope around adds what it knows.
#[tokio::test]
async fn without_a_context_a_grpc_request_gets_grpc() {
    let fails =
        || tower::service_fn(async |_: Request<()>| Err::<Response<Body>, _>("gone".into()));
    let request = || {
        let request = Request::post("/shop.v1.Orders/Get");
        request.header("content-type", "application/grpc").body(()).unwrap()
    };
    let alone = ErrorsLayer::tower().layer(fails());
    let response = whole(alone.clone().oneshot(request()).await.unwrap()).await;
    assert_eq!(
        (response.status().as_u16(), response.headers()["grpc-status"].as_bytes()),
        (200, &b"13"[..])
    );
    assert!(response.body().is_empty());
    let other = alone.oneshot(Request::new(())).await.unwrap();
    assert_eq!(other.status(), 500);
    assert_eq!(other.headers()["content-type"], "application/json");

    let (log, answers) = (Log::default(), Answers::builder());
    let _listening = log.listen();
    let answers = answers.format(Negotiation::default().chooser()).build().unwrap();
    let envelope = ErrorEnvelopeLayer::builder().answers(answers).build().unwrap();
    let inside = envelope.layer(ErrorsLayer::tower().layer(fails()));
    let response = inside.oneshot(request()).await.unwrap();
    assert_eq!(
        (response.status().as_u16(), response.headers()["grpc-status"].as_bytes()),
        (200, &b"13"[..])
    );
    assert!(response.headers().contains_key("grpc-status-details-bin"));
    assert!(response.headers().contains_key("x-request-id"));
    assert_eq!(log.take().len(), 1, "it is told to the log");
}

/// A handler of tonic returns a status, which tonic leaves among the extensions of what it answers.
#[tokio::test]
async fn a_problem_as_a_status_of_tonic_is_settled() {
    let problem = || {
        Problem::validation([Detail::body("/amount", "too_small", "must be at least 1")])
            .with_header(http::header::ETAG, "\"7\"".parse().unwrap())
            .with_source("db7 refused")
    };
    let other = || {
        let mut status = Status::from(problem());
        status.set_source(std::sync::Arc::new(problem()));
        Status::with_details(status.code(), "in other words", Bytes::new())
    };
    let request = || {
        let request = Request::post("/shop.v1.Orders/Get");
        request.header("content-type", "application/grpc").body(()).unwrap()
    };
    let answers = Answers::builder().format(Negotiation::default().chooser()).build().unwrap();
    let alone =
        || ErrorEnvelopeLayer::builder().answers(answers.clone()).build().unwrap().keep_body();
    let status = |response: Response<Bytes>| {
        let status = Status::from_header_map(response.headers()).unwrap();
        let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
        (status, id, response.extensions().get::<Problem>().cloned())
    };
    for in_context in [true, false] {
        let answer = Status::from(problem()).into_http::<Body>();
        let response = if in_context {
            wall().service(once(answer)).oneshot(request()).await
        } else {
            alone().layer(once(answer)).oneshot(request()).await
        };
        let response = whole(response.unwrap()).await;
        assert_eq!(response.headers()["etag"], "\"7\"");
        let (status, id, told) = status(response);
        assert_eq!(status.code(), tonic::Code::InvalidArgument);
        assert_eq!(status.get_details_request_info().unwrap().request_id, id);
        assert_eq!(status.get_details_error_info().unwrap().reason, "VALIDATION_FAILED");
        let violations = status.get_details_bad_request().unwrap().field_violations;
        assert_eq!(violations[0].description, "must be at least 1");
        assert_eq!(told.unwrap().code(), Code::VALIDATION_FAILED);
        assert!(!format!("{status:?}").contains("db7 refused"));
    }

    // In other words than the problem's, and of another protocol by now.
    let mut changed = Status::from(problem());
    changed.set_source(std::sync::Arc::new(Problem::gone()));
    let mut web = Status::from(problem()).into_http::<Body>();
    web.headers_mut().insert("content-type", "application/grpc-web+proto".parse().unwrap());
    for answer in [other().into_http::<Body>(), changed.into_http(), web] {
        let before = answer.headers().clone();
        let response = whole(wall().service(once(answer)).oneshot(request()).await.unwrap()).await;
        for (name, value) in &before {
            assert_eq!(response.headers().get(name), Some(value), "{name}");
        }
        assert!(!response.headers().contains_key("grpc-status-details-bin"));
    }
}

#[test]
fn problems_are_found_in_any_depth() {
    let own: BoxError = Box::new(Problem::gone());
    assert_eq!(problem_of(own).code(), Code::GONE);
    let within: BoxError = Box::new(std::io::Error::other(Problem::gone()));
    assert_eq!(problem_of(within).code(), Code::GONE);
    let within: BoxError = Box::new(std::io::Error::other(tower::timeout::error::Elapsed::new()));
    assert_eq!(problem_of(within).code(), Code::TIMED_OUT);
    // Who sheds load does so on purpose: no error in the log.
    let shed = problem_of(Box::new(tower::load_shed::error::Overloaded::new()));
    assert_eq!(shed.code(), Code::OVERLOADED);
    assert!(std::error::Error::source(&shed).is_none());
    let large: BoxError =
        http_body_util::Limited::new(http_body_util::Full::new("xx".into()), 1).oneshot_error();
    assert_eq!(problem_of(large).code(), Code::PAYLOAD_TOO_LARGE);
    assert_eq!(problem_of(Box::new(Ring)).code(), Code::INTERNAL);
    let other = problem_of("db7 is gone".into());
    assert_eq!(other.code(), Code::INTERNAL);
    assert_eq!(std::error::Error::source(&other).unwrap().to_string(), "db7 is gone");
}

trait OneshotError {
    fn oneshot_error(self) -> BoxError;
}

impl OneshotError for http_body_util::Limited<http_body_util::Full<bytes::Bytes>> {
    fn oneshot_error(self) -> BoxError {
        buttress_testkit::poll::assert_ready(Box::pin(http_body_util::BodyExt::collect(self)))
            .unwrap_err()
    }
}
