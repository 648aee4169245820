//! A refusal on the way out is for a program: status, headers, problem. Passed on, it is for a client.

use std::convert::Infallible;
use std::time::Duration;

use buttress_core::clock::{ManualClock, ms, secs};
use buttress_core::outcome::{Answer, LocalRefusal};
use buttress_core::render::{self, is_unsettled};
use buttress_core::stage::{Keep, Rewrap, Stage};
use buttress_core::{Code, Context, Problem, Reply};
use buttress_testkit::allocations;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::Full;
use tower::{Layer, ServiceExt, service_fn};

type Inner = Response<Full<Bytes>>;

/// What a wall says to this request instead of asking.
fn refuse(request: &Request<()>, problem: Problem) -> Response<Bytes> {
    fn by<W: Answer<Request<()>, Response<Bytes>, Infallible, Response = Response<Bytes>>>(
        request: &Request<()>,
        problem: Problem,
    ) -> Response<Bytes> {
        W::refused(problem, W::wants(request)).unwrap()
    }
    by::<Keep>(request, problem)
}

fn open() -> Problem {
    Problem::new(Code::CIRCUIT_OPEN).with_retry_after(ms(1_500))
}

fn plain() -> Request<()> {
    Request::get("/").body(()).unwrap()
}

fn grpc() -> Request<()> {
    Request::post("/shop.Stock/Count").header("content-type", "application/grpc").body(()).unwrap()
}

/// What the client of `inbound` gets, if its handler passes on that its call was refused.
async fn passed_on(inbound: Request<()>, refused: Response<Bytes>) -> Response<Bytes> {
    let context = Context::builder().clock(ManualClock::new()).build().unwrap();
    let mut refused = Some(refused);
    let handler = service_fn(move |_: Request<()>| {
        let refused = refused.take().unwrap();
        async { Ok::<_, Infallible>(refused.map(Full::new)) }
    });
    let response = context.layer().keep_body().layer(handler).oneshot(inbound).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = http_body_util::BodyExt::collect(body).await.unwrap().to_bytes();
    Response::from_parts(parts, body)
}

#[test]
fn a_program_gets_status_wait_and_problem_and_no_body() {
    let refused = refuse(&plain(), open());
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.headers()["retry-after"], "2", "rounded up: never too early");
    assert_eq!(refused.headers().len(), 1);
    assert!(refused.body().is_empty());
    let extensions = refused.extensions();
    assert_eq!(extensions.get::<Problem>().unwrap().code(), Code::CIRCUIT_OPEN);
    assert!(extensions.get::<LocalRefusal>().is_some() && is_unsettled(extensions));

    let refused = <Rewrap as Answer<Request<()>, Inner, Infallible>>::refused(
        open(),
        <Rewrap as Answer<Request<()>, Inner, Infallible>>::wants(&plain()),
    );
    let refused: Response<Reply<Full<Bytes>>> = refused.unwrap();
    assert_eq!(
        (refused.body().is_end_stream(), refused.body().size_hint().exact()),
        (true, Some(0))
    );
}

#[test]
fn grpc_gets_a_status_in_the_head_and_a_pushback() {
    let refused = refuse(&grpc(), open());
    let header = |name| refused.headers().get(name).map(|value| value.to_str().unwrap());
    assert_eq!(refused.status(), StatusCode::OK);
    assert_eq!(header("content-type"), Some("application/grpc"));
    assert_eq!(header("grpc-status"), Some("14"));
    assert_eq!(header("grpc-message"), Some(Code::CIRCUIT_OPEN.default_message()));
    assert_eq!(header("grpc-retry-pushback-ms"), Some("1500"));
    assert!(refused.body().is_empty());
    assert!(refused.extensions().get::<LocalRefusal>().is_some());
    assert_eq!(refused.extensions().get::<Problem>().unwrap().code(), Code::CIRCUIT_OPEN);

    let for_ever = refuse(&grpc(), open().with_retry_after(Duration::MAX));
    assert_eq!(for_ever.headers()["grpc-retry-pushback-ms"], "2147483647", "no negative number");
    let silent = refuse(&grpc(), Problem::new(Code::SATURATED));
    assert!(!silent.headers().contains_key("grpc-retry-pushback-ms"));
}

#[tokio::test]
async fn passed_on_it_gets_the_format_of_the_client() {
    for call in [plain(), grpc()] {
        let response = passed_on(plain(), refuse(&call, open())).await;
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE, "{:?}", call.headers());
        assert_eq!(response.headers()["content-type"], "application/json");
        assert_eq!(response.headers()["retry-after"], "2");
        assert!(response.headers().contains_key("x-request-id"));
        assert!(!response.headers().keys().any(|name| name.as_str().starts_with("grpc-")));
        assert!(response.body().starts_with(br#"{"error":{"code":"CIRCUIT_OPEN""#));

        let response = passed_on(grpc(), refuse(&call, open())).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "application/grpc");
        assert_eq!(response.headers()["grpc-status"], "14");
        assert_eq!(response.headers().get_all("grpc-status").iter().count(), 1);
        assert_eq!(response.headers()["grpc-retry-pushback-ms"], "1500");
        assert!(response.headers().contains_key("x-request-id") && response.body().is_empty());
    }
}

#[tokio::test]
async fn a_handler_may_have_set_another_status() {
    for call in [plain(), grpc()] {
        let mut refused = refuse(&call, open());
        *refused.status_mut() = StatusCode::BAD_GATEWAY;
        let response = passed_on(plain(), refused).await;
        assert_eq!(response.status(), StatusCode::BAD_GATEWAY, "{:?}", call.headers());
    }
}

#[tokio::test]
async fn filled_in_it_has_a_body_at_once_and_still_gets_that_of_the_client() {
    let mut refused = refuse(&plain(), open());
    render::fill_in(&mut refused);
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.headers()["retry-after"], "2");
    assert!(refused.body().starts_with(br#"{"error":{"code":"CIRCUIT_OPEN""#));

    let head = Request::builder().method(Method::HEAD).body(()).unwrap();
    let response = passed_on(head, refused).await;
    assert!(response.body().is_empty() && response.headers().contains_key("x-request-id"));

    let mut status = refuse(&grpc(), open());
    render::fill_in(&mut status);
    assert!(status.body().is_empty(), "gRPC has no other form");
    assert_eq!(status.headers()["grpc-status"], "14");
    let mut remote = Response::new(Bytes::from_static(b"of the dependency"));
    *remote.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    // A problem that somebody has rendered already, in a format of its own.
    remote.extensions_mut().insert(open());
    render::fill_in(&mut remote);
    assert_eq!(remote.body(), "of the dependency");
}

/// The table of extensions takes two, the problem in it one, and the one header two.
#[test]
fn as_a_response_a_refusal_allocates_five_times() {
    let (request, problem) = (plain(), open());
    drop(refuse(&request, problem.clone()));
    allocations::assert_exactly(5, || refuse(&request, problem.clone()));
    let never = Problem::new(Code::CIRCUIT_OPEN).with_retry_after(secs(1_000));
    allocations::assert_exactly(6, || refuse(&request, never.clone()));
}
