//! Hops tell each other of repeats, so that not each of them repeats once more.

use buttress_core::outcome::{Advice, Classify, HttpClassify, Verdict};
use buttress_core::stage::{Gate, RequestHead, Stage};
use buttress_core::{Code, Context, ContextSettings, Problem, Repeats, RequestContext};
use bytes::Bytes;
use http::{HeaderName, Request, Response, StatusCode};
use http_body_util::Full;
use proptest::prelude::*;
use std::convert::Infallible;
use tower::{Layer, ServiceExt, service_fn};

const GRPC: (&str, &str) = ("content-type", "application/grpc");

fn request(headers: &[(&str, &str)]) -> Request<()> {
    let mut request = Request::new(());
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        request.headers_mut().append(name, value.parse().unwrap());
    }
    request
}

fn entered(stage: &Context, headers: &[(&str, &str)]) -> RequestContext {
    let mut request = request(headers);
    assert!(Gate::enter(stage, &mut request).is_ok());
    request.context().unwrap().clone()
}

#[test]
fn a_repeat_is_known_by_its_header() {
    let stage = Context::default();
    for (headers, is_repeat) in [
        (&[][..], false),
        (&[("x-request-attempt", "1")], true),
        (&[("x-request-attempt", "2")], true),
        (&[("x-request-attempt", "0")], false),
        (&[("x-request-attempt", "-1")], false),
        (&[("x-request-attempt", "+1")], false),
        (&[("x-request-attempt", "")], false),
        (&[("x-request-attempt", "1000")], false),
        (&[("x-request-attempt", "0"), ("x-request-attempt", "3")], true),
        (&[("grpc-previous-rpc-attempts", "1")], false),
        (&[GRPC, ("grpc-previous-rpc-attempts", "1")], true),
        (&[GRPC, ("x-request-attempt", "1")], false),
    ] {
        assert_eq!(entered(&stage, headers).is_repeat(), is_repeat, "{headers:?}");
    }
}

#[test]
fn that_it_is_a_repeat_is_carried_to_the_next_hop() {
    let stage = Context::default();
    let first = entered(&stage, &[]);
    let mut outgoing = request(&[]);
    first.propagate(&mut outgoing);
    assert!(!outgoing.headers().contains_key("x-request-attempt"));

    let repeat = entered(&stage, &[("x-request-attempt", "2")]);
    repeat.propagate(&mut outgoing);
    assert_eq!(outgoing.headers()["x-request-attempt"], "2");

    let mut outgoing = request(&[GRPC]);
    repeat.propagate(&mut outgoing);
    assert_eq!(outgoing.headers()["grpc-previous-rpc-attempts"], "2");
    assert!(!outgoing.headers().contains_key("x-request-attempt"));
}

#[tokio::test]
async fn within_the_scope_of_a_repeat_all_is_one() {
    let around = || async { RequestContext::is_repeat_around() };
    let stage = Context::default();
    assert!(!around().await);
    assert!(entered(&stage, &[("x-request-attempt", "1")]).scope(around()).await);
    assert!(!entered(&stage, &[]).scope(around()).await);
    assert!(!around().await);
}

#[test]
fn its_header_is_called_as_the_settings_say() {
    let name = HeaderName::from_static("x-try");
    let stage = Context::builder().attempt_header(Some(&name)).build().unwrap();
    let repeat = entered(&stage, &[("x-try", "1"), ("x-request-attempt", "7")]);
    assert!(repeat.is_repeat());
    let mut outgoing = request(&[]);
    repeat.propagate(&mut outgoing);
    assert_eq!(outgoing.headers()["x-try"], "1");

    let stage = Context::builder().attempt_header(None).build().unwrap();
    assert!(!entered(&stage, &[("x-request-attempt", "1")]).is_repeat());
    assert!(entered(&stage, &[GRPC, ("grpc-previous-rpc-attempts", "1")]).is_repeat());

    let settings: ContextSettings = serde_json::from_str(
        r#"{ "request_id_header": "x-id", "deadline_header": "x-left", "attempt_header": "x-left" }"#,
    )
    .unwrap();
    assert_eq!(settings.build().unwrap_err().faults()[0].path(), "attempt_header");
    let settings: ContextSettings =
        serde_json::from_str(r#"{ "request_id_header": "x-id", "attempt_header": "X-Id" }"#)
            .unwrap();
    assert_eq!(settings.build().unwrap_err().faults()[0].path(), "attempt_header");
    let settings: ContextSettings = serde_json::from_str(r#"{ "attempt_header": "" }"#).unwrap();
    assert!(settings.build().is_ok());
}

#[test]
fn a_first_attempt_says_nothing_and_an_old_mark_goes() {
    let repeats = Repeats::default();
    let mut outgoing = request(&[("x-request-attempt", "3")]);
    repeats.write(0, &mut outgoing);
    assert!(outgoing.headers().is_empty());
    repeats.write(u32::MAX, &mut outgoing);
    assert_eq!(repeats.read(&outgoing), 999);

    let mut outgoing = request(&[]);
    Repeats::grpc_alone().write(1, &mut outgoing);
    assert!(outgoing.headers().is_empty());
}

proptest! {
    /// Whatever it says, it is read as what a program could have written, or not at all.
    #[test]
    fn any_mark_is_read_or_is_not_there(bytes in prop::collection::vec(any::<u8>(), 0..8)) {
        let Ok(value) = http::HeaderValue::from_bytes(&bytes) else { return Ok(()) };
        let mut outgoing = request(&[]);
        outgoing.headers_mut().insert("x-request-attempt", value.clone());
        let read = Repeats::default().read(&outgoing);
        let is_number = (1..=3).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_digit);
        let expected = if is_number { value.to_str().unwrap().parse().unwrap() } else { 0 };
        prop_assert_eq!(read, expected);
    }

    #[test]
    fn what_is_written_is_read(repeats in 0_u32..=999, is_grpc: bool) {
        let mut outgoing = request(if is_grpc { &[GRPC] } else { &[] });
        Repeats::default().write(repeats, &mut outgoing);
        prop_assert_eq!(Repeats::default().read(&outgoing), repeats);
    }
}

/// What a client sees of a service that repeated a call in vain, if it did, and answered with this.
async fn seen(
    retried: bool,
    answer: Response<Full<Bytes>>,
) -> Response<buttress_core::Reply<Full<Bytes>>> {
    let app = service_fn(move |request: Request<()>| {
        if retried {
            request.extensions().get::<RequestContext>().unwrap().mark_retried();
        }
        let answer = answer.clone();
        async { Ok::<_, Infallible>(answer) }
    });
    Context::default().layer().layer(app).oneshot(Request::new(())).await.unwrap()
}

fn answer(status: u16) -> Response<Full<Bytes>> {
    Response::builder().status(status).body(Full::default()).unwrap()
}

fn advice<B: http_body::Body>(response: &Response<B>) -> Advice {
    match Classify::<_, Infallible>::response(&HttpClassify::new(), response) {
        Verdict::Now(judgement) => judgement.advice(),
        Verdict::AtEnd(_) => Advice::None,
    }
}

#[tokio::test]
async fn a_failure_that_was_repeated_in_vain_asks_not_to_be_repeated() {
    for (status, is_marked) in [
        (500, true),
        (503, true),
        (504, true),
        (408, true),
        (429, true),
        (200, false),
        (404, false),
    ] {
        let response = seen(true, answer(status)).await;
        assert_eq!(response.headers().contains_key("x-no-retry"), is_marked, "{status}");
        assert_eq!(advice(&response) == Advice::Never, is_marked, "{status}");

        let response = seen(false, answer(status)).await;
        assert!(!response.headers().contains_key("x-no-retry"), "{status}");
    }
}

#[tokio::test]
async fn so_does_a_status_of_grpc_in_the_head() {
    let grpc = |status: &str| {
        let response = Response::builder().header("content-type", "application/grpc");
        response.header("grpc-status", status).body(Full::default()).unwrap()
    };
    let response = seen(true, grpc("14")).await;
    assert_eq!(response.headers()["grpc-retry-pushback-ms"], "-1");
    assert_eq!(advice(&response), Advice::Never);
    assert!(!seen(true, grpc("0")).await.headers().contains_key("grpc-retry-pushback-ms"));
    assert!(!seen(false, grpc("14")).await.headers().contains_key("grpc-retry-pushback-ms"));
}

/// A problem is rendered on its way out, and marked after that.
#[tokio::test]
async fn a_rendered_problem_is_marked_too() {
    let response = seen(true, Problem::new(Code::UNAVAILABLE).render(None).map(Full::from)).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers()["x-no-retry"], "1");
}
