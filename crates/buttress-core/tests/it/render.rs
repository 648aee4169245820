//! A problem is rendered once, in the client's format, with the request's id.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use buttress_core::clock::{ManualClock, Timestamp};
use buttress_core::render::{self, Answers, Format, JsonEnvelope, Occasion, Render};
use buttress_core::stage::{RequestHead, Stage, gate_fn};
use buttress_core::{Code, Context, Detail, Problem};
use buttress_testkit::log::Log;
use buttress_testkit::{allocations, mock};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use proptest::prelude::*;
use serde_json::{Value, json};
use tower::{Layer, ServiceExt};

/// The answer of a stage that refuses with `problem`, inside of `context`.
async fn refused(
    context: Option<Context>,
    problem: Problem,
    request: Request<()>,
) -> Response<Bytes> {
    let refuse = gate_fn(move |_: &mut dyn RequestHead| Err(problem.clone()));
    let (service, _inner) = mock::service();
    let service = context.then(refuse).layer().layer(service);
    whole(service.oneshot(request).await.unwrap()).await
}

async fn whole<B>(response: Response<B>) -> Response<Bytes>
where
    B: http_body::Body<Data = Bytes>,
    B::Error: std::fmt::Debug,
{
    let (parts, body) = response.into_parts();
    Response::from_parts(parts, body.collect().await.unwrap().to_bytes())
}

fn json(response: &Response<Bytes>) -> Value {
    serde_json::from_slice(response.body()).unwrap()
}

fn stopped() -> Context {
    let clock = ManualClock::new();
    clock.set_wall(Timestamp::from_millis(1_795_247_160_123));
    Context::builder().clock(clock).request_ids_from(buttress_core::Trust::Anyone).build().unwrap()
}

#[tokio::test]
async fn the_envelope_is_that_of_the_family() {
    let problem = Problem::new(Code::VALIDATION_FAILED).with_detail(Detail::body(
        "/a~1b",
        "too_small",
        "must be at least 1",
    ));
    let request = Request::get("/").header("x-request-id", "r-1").body(()).unwrap();
    let response = refused(Some(stopped()), problem, request).await;

    assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(response.headers()["x-request-id"], "r-1");
    assert_eq!(
        json(&response),
        json!({"error": {
            "code": "VALIDATION_FAILED",
            "message": "Some values are not acceptable.",
            "details": [{
                "pointer": "/a~1b", "in": "body", "code": "too_small", "message": "must be at least 1",
            }],
            "correlationId": "r-1",
            "timestamp": "2026-11-21T07:46:00.123Z",
        }})
    );
}

/// Whoever has nothing to say anew pays nothing for it.
#[test]
fn details_are_copied_only_where_one_is_said_anew() {
    let problem = Problem::validation([
        Detail::query("page", "too_small", "must be at least 1"),
        Detail::query("size", "not_a_number", "must be a number"),
    ]);
    let request = Request::get("/").header("accept-language", "de").body(()).unwrap();
    let answered = |answers: Answers| {
        let asked = answers.asked(&request);
        drop(answers.answer(&problem, &asked));
        let (answer, counted) = allocations::of(|| answers.answer(&problem, &asked));
        let text = String::from_utf8_lossy(answer.body()).into_owned();
        (text, counted.allocations(), answer.headers().contains_key("vary"))
    };
    let saying = |known: &'static str| {
        Answers::builder()
            .localise_details(move |detail, _| (detail.code() == known).then(|| "zu klein".into()))
    };
    let (plain, none, _) = answered(Answers::default());
    let (same, silent, varies) = answered(saying("unknown").build().unwrap());
    assert!(varies && plain.contains("must be at least 1") && same.contains("must be at least 1"));
    // The value of `Vary` needs no memory; the map of headers may.
    let vary = silent - none;
    assert!(vary <= 1, "{none} {silent}");
    let (german, spoken, _) = answered(saying("too_small").build().unwrap());
    assert!(german.contains("zu klein") && german.contains("must be a number"), "{german}");
    assert_eq!(spoken, silent + 1);
}

#[tokio::test]
async fn the_answer_to_head_says_the_length_and_leaves_the_body_out() {
    for context in [None, Some(stopped())] {
        let problem = Problem::new(Code::GONE);
        let get = refused(context.clone(), problem.clone(), Request::new(())).await;
        let head = refused(context, problem, Request::head("/").body(()).unwrap()).await;
        assert_eq!(head.status(), get.status());
        assert_eq!(head.headers()["content-length"], *get.body().len().to_string());
        assert!(head.body().is_empty());
    }
}

#[tokio::test]
async fn without_a_context_the_default_is_rendered_and_marked() {
    let response = refused(None, Problem::new(Code::GONE), Request::new(())).await;
    assert_eq!(response.status(), StatusCode::GONE);
    assert!(json(&response)["error"].get("correlationId").is_none());
    assert!(render::is_unsettled(response.extensions()));
}

#[tokio::test]
async fn the_time_to_wait_is_rounded_up() {
    for (wait, seconds) in [(0, "0"), (1, "1"), (1_000_000_000, "1"), (1_000_000_001, "2")] {
        let problem = Problem::new(Code::RATE_LIMITED).with_retry_after(Duration::from_nanos(wait));
        let response = refused(None, problem, Request::new(())).await;
        assert_eq!(response.headers()["retry-after"], seconds);
    }
    let forever = Problem::new(Code::RATE_LIMITED).with_retry_after(Duration::MAX);
    let response = refused(None, forever, Request::new(())).await;
    assert_eq!(response.headers()["retry-after"], "18446744073709551615");
}

#[tokio::test]
async fn a_source_is_never_sent() {
    for request in [
        Request::new(()),
        Request::get("/").header("content-type", "application/grpc").body(()).unwrap(),
    ] {
        let problem = Problem::new(Code::INTERNAL).with_source("password=hunter2");
        let response = refused(Some(stopped()), problem, request).await;
        let sent = format!("{:?} {:?}", response.headers(), response.body());
        assert!(!sent.contains("hunter2"), "{sent}");
    }
}

#[tokio::test]
async fn a_grpc_client_gets_a_grpc_status() {
    for (kind, grpc) in [
        ("application/grpc", true),
        ("application/grpc+proto", true),
        ("application/grpc;charset=utf-8", true),
        ("Application/GRPC+proto", true),
        ("application/grpc-web", false),
        ("application/grpcx", false),
        ("application/json", false),
    ] {
        let request = Request::post("/").header("content-type", kind).body(()).unwrap();
        let response = refused(Some(stopped()), Problem::new(Code::UNAVAILABLE), request).await;
        assert_eq!(response.headers().contains_key("grpc-status"), grpc, "{kind}");
        assert_eq!(response.status().as_u16(), if grpc { 200 } else { 503 }, "{kind}");
    }
}

/// Counts how often it renders.
#[derive(Debug)]
struct Counted(Arc<AtomicUsize>);

impl Render for Counted {
    fn render(&self, problem: &Problem, occasion: &Occasion<'_>) -> Response<Bytes> {
        self.0.fetch_add(1, Ordering::SeqCst);
        JsonEnvelope.render(problem, occasion)
    }
}

fn counting() -> (Context, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let format = Format::new(Counted(count.clone()));
    (Context::builder().format(move |_| format.clone()).build().unwrap(), count)
}

#[tokio::test]
async fn a_refusal_is_rendered_exactly_once() {
    let (context, count) = counting();
    // Through three contexts, of which the outermost is right.
    let inner = Some(Context::default().then(context.clone()));
    let refuse = gate_fn(|_: &mut dyn RequestHead| Err(Problem::new(Code::GONE)));
    let (service, _inner) = mock::service();
    let service = inner.then(refuse).layer().layer(service);
    let response = context.layer().layer(service).oneshot(Request::new(())).await.unwrap();

    assert_eq!((response.status(), count.load(Ordering::SeqCst)), (StatusCode::GONE, 1));
    assert!(!render::is_unsettled(response.extensions()));
}

#[tokio::test]
async fn what_a_handler_returned_is_settled_once() {
    let (context, count) = counting();
    let (service, inner) = mock::service();
    inner.answer_with(|_: Request<()>| {
        let mut response = Problem::new(Code::CONFLICT).render(None).map(Full::from);
        response.headers_mut().insert("content-length", HeaderValue::from_static("999"));
        response.headers_mut().insert("x-own", HeaderValue::from_static("stays"));
        Ok(response)
    });
    let service = Context::default().layer().layer(service);
    let response = context.layer().layer(service).oneshot(Request::new(())).await.unwrap();

    assert_eq!((response.status(), count.load(Ordering::SeqCst)), (StatusCode::CONFLICT, 1));
    assert!(!render::is_unsettled(response.extensions()));
    assert_eq!(response.headers()["x-own"], "stays");
    assert!(!response.headers().contains_key("content-length"), "that of another body");
    let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
    assert_eq!(json(&whole(response).await)["error"]["correlationId"], *id);
}

/// As where a layer in between compressed the body that is replaced.
#[tokio::test]
async fn what_was_said_of_another_body_goes_with_it() {
    let (service, inner) = mock::service();
    inner.answer_with(|_: Request<()>| {
        let mut response = Problem::new(Code::CONFLICT).render(None).map(Full::from);
        for (name, value) in
            [("content-encoding", "gzip"), ("repr-digest", "1"), ("transfer-encoding", "x")]
        {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        Ok(response)
    });
    let service = Context::default().layer().layer(service);
    let response = service.oneshot(Request::new(())).await.unwrap();
    let names: Vec<_> = response.headers().keys().map(HeaderName::as_str).collect();
    assert_eq!(names, ["content-type", "x-request-id"]);
}

#[tokio::test]
async fn a_problem_does_not_frame_its_answer() {
    let mut problem = Problem::new(Code::CONFLICT);
    for name in ["content-length", "content-type", "transfer-encoding", "connection", "grpc-status"]
    {
        problem = problem.with_header(HeaderName::from_static(name), HeaderValue::from_static("5"));
    }
    let response = refused(Some(Context::default()), problem, Request::new(())).await;
    let names: Vec<_> = response.headers().keys().map(HeaderName::as_str).collect();
    assert_eq!(names, ["content-type", "x-request-id"]);
}

#[tokio::test]
async fn a_status_that_a_handler_has_set_stays() {
    let (service, inner) = mock::service();
    inner.answer_with(|_: Request<()>| {
        let mut response = Problem::new(Code::CONFLICT).render(None).map(Full::from);
        *response.status_mut() = StatusCode::IM_A_TEAPOT;
        Ok(response)
    });
    let service = Context::default().layer().layer(service);
    let response = service.oneshot(Request::new(())).await.unwrap();
    assert_eq!(response.status(), StatusCode::IM_A_TEAPOT);
}

/// Else the body, the log and the metrics tell of another failure than the one that is sent.
#[tokio::test]
async fn a_status_that_was_set_is_the_problems() {
    let log = Log::default();
    let _listening = log.listen();
    let set = |mut response: Response<Bytes>, status| {
        *response.status_mut() = status;
        response
    };
    let returned = || Problem::not_found().render(None);
    let broken = set(returned(), StatusCode::INTERNAL_SERVER_ERROR);
    let context = Context::default();
    let asked = context.answers().asked(&Request::new(()));
    let mut alone = broken.clone();
    context.answers().settle(&mut alone, &asked);
    assert_eq!(alone.status(), 500);
    let settled = async |response: Response<Bytes>, request: Request<()>| {
        let (service, inner) = mock::service();
        inner.answer_with(move |_: Request<()>| Ok(response.clone().map(Full::from)));
        context.clone().layer().layer(service).oneshot(request).await.unwrap()
    };
    let by_context = settled(broken.clone(), Request::new(())).await;
    assert_eq!(by_context.status(), 500);
    for extensions in [alone.extensions(), by_context.extensions()] {
        assert_eq!(extensions.get::<Problem>().unwrap().status(), 500);
    }
    let lines = log.take();
    assert!(lines.len() == 2 && lines.iter().all(|line| line.contains("status=500")), "{lines:?}");
    assert!(lines.iter().all(|line| line.contains("request failed")), "{lines:?}");

    // What is no failure stays, as it always did, and says what it is in the body alone.
    let odd = settled(set(returned(), StatusCode::ACCEPTED), Request::new(())).await;
    assert_eq!(odd.extensions().get::<Problem>().unwrap().status(), 404);
    // A status of gRPC is a success to HTTP, whatever was set before and after it was made one.
    let grpc =
        || Request::post("/a.B/C").header("content-type", "application/grpc").body(()).unwrap();
    let made = set(Problem::not_found().render_in(&Format::GRPC), StatusCode::BAD_GATEWAY);
    for response in [broken, made] {
        let response = settled(response, grpc()).await;
        assert_eq!(
            (response.status().as_u16(), &response.headers()["grpc-status"]),
            (200, &HeaderValue::from_static("5"))
        );
    }
}

#[tokio::test]
async fn headers_of_the_problem_are_sent_once_each() {
    let problem = Problem::new(Code::UNAUTHENTICATED)
        .with_header(
            HeaderName::from_static("www-authenticate"),
            HeaderValue::from_static("Bearer"),
        )
        .with_header(
            HeaderName::from_static("www-authenticate"),
            HeaderValue::from_static("Basic"),
        );
    for context in [None, Some(Context::default())] {
        let response = refused(context, problem.clone(), Request::new(())).await;
        let schemes: Vec<_> = response.headers().get_all("www-authenticate").iter().collect();
        assert_eq!(schemes, ["Bearer", "Basic"]);
    }
}

#[cfg(feature = "axum")]
#[tokio::test]
async fn an_axum_handler_returns_problems() {
    use axum::Router;
    use axum::body::Body;
    use axum::routing::get;

    async fn handler() -> Result<&'static str, Problem> {
        Err(Problem::new(Code::CONFLICT).with_retry_after(Duration::from_secs(3)))
    }
    let app = Router::new().route("/", get(handler)).layer(Context::default().layer().keep_body());
    let request = Request::get("/").header("content-type", "application/grpc").body(Body::empty());
    let response = app.clone().oneshot(request.unwrap()).await.unwrap();
    assert_eq!(
        (response.status(), &response.headers()["grpc-status"]),
        (StatusCode::OK, &HeaderValue::from_static("10"))
    );
    assert!(whole(response).await.body().is_empty());

    let response = app.oneshot(Request::get("/").body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.headers()["retry-after"], "3");
    let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
    assert_eq!(json(&whole(response).await)["error"]["correlationId"], *id);
}

proptest! {
    /// Whatever a message says, the envelope is JSON that says the same, and gRPC a header that may be sent.
    #[test]
    fn any_message_is_encoded(message in ".*", pointer in ".*") {
        let problem = Problem::new(Code::BAD_REQUEST)
            .with_message(message.clone())
            .with_detail(Detail::body(pointer.clone(), "c", message.clone()));
        let occasion = Occasion::at(Timestamp::EPOCH).correlation_id("id");
        let answer = JsonEnvelope.render(&problem, &occasion);
        let body = json(&answer);
        prop_assert_eq!(&body["error"]["message"], &json!(message));
        prop_assert_eq!(&body["error"]["details"][0]["pointer"], &json!(pointer));

        let answer = Format::GRPC.render(&problem, &occasion);
        let sent = answer.headers()["grpc-message"].to_str().unwrap();
        let decoded = percent_decoded(sent);
        prop_assert_eq!(decoded, message.into_bytes());
    }
}

fn percent_decoded(text: &str) -> Vec<u8> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::new();
    while let Some(byte) = bytes.next() {
        let mut digit = || char::from(bytes.next().unwrap()).to_digit(16).unwrap();
        decoded.push(if byte == b'%' {
            u8::try_from(digit() * 16 + digit()).unwrap()
        } else {
            byte
        });
    }
    decoded
}
