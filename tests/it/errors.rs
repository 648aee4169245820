//! Whatever fails, and whoever noticed: one shape, and one id in header, body, log and trace.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use buttress::prelude::*;
use buttress::stage::gate_fn;
use buttress::{Context, RequestContext};
use buttress_error_envelope::{ErrorEnvelopeLayer, Negotiation, extract};
use buttress_testkit::log::Log;
use bytes::Bytes;
use http::{Method, Request};
use tower::ServiceBuilder;

use crate::support::{Client, Protocol, Server, serve_axum};

#[derive(serde::Deserialize)]
struct Order {
    #[expect(dead_code, reason = "it is read by serde")]
    amount: u32,
}

/// A context, a stage that refuses before the envelope, an envelope, a stage that refuses behind it, a router.
async fn start() -> Server {
    let formats = Negotiation::default().chooser();
    let context = Context::builder().answers(|answers| answers.format(formats)).build().unwrap();
    let refuse = gate_fn(|request: &mut dyn RequestHead| match request.uri().path() {
        "/refused" => Err(Problem::overloaded().with_source("too much to do")),
        _ => Ok(()),
    });
    let deny = gate_fn(|request: &mut dyn RequestHead| match request.uri().path() {
        "/denied" => Err(Problem::forbidden()),
        _ => Ok(()),
    });
    let wall = ServiceBuilder::new()
        .layer(context.layer().catch_panics().keep_body())
        .layer(deny.layer().keep_body())
        .layer(ErrorEnvelopeLayer::default().keep_body())
        .layer(refuse.layer().keep_body());
    let app = Router::new()
        .route("/", get(|| async { "hello" }))
        .route("/orders", post(|_: extract::Json<Order>| async {}))
        .route("/foreign", post(|_: axum::Json<Order>| async {}))
        .route("/upload", post(|_: Bytes| async {}).layer(DefaultBodyLimit::max(64)))
        .route("/panic", get(|| async { panic!("broken: password=hunter2") as () }))
        .layer(wall);
    serve_axum(app).await
}

fn failures() -> Vec<(Request<Bytes>, Code)> {
    let ask = |method: Method, path: &str, body: &'static str| {
        let request = Request::builder().method(method).uri(path);
        let request = request.header("content-type", "application/json");
        request.body(Bytes::from_static(body.as_bytes())).unwrap()
    };
    let large = "x".repeat(100).leak();
    vec![
        (ask(Method::GET, "/nowhere", ""), Code::NOT_FOUND),
        (ask(Method::DELETE, "/", ""), Code::METHOD_NOT_ALLOWED),
        (ask(Method::POST, "/orders", "{"), Code::BAD_REQUEST),
        (ask(Method::POST, "/orders", r#"{"amount":"hunter2"}"#), Code::VALIDATION_FAILED),
        (ask(Method::POST, "/foreign", "{"), Code::BAD_REQUEST),
        (ask(Method::GET, "/panic", ""), Code::INTERNAL),
        (ask(Method::POST, "/upload", large), Code::PAYLOAD_TOO_LARGE),
        (ask(Method::GET, "/refused", ""), Code::OVERLOADED),
        (ask(Method::GET, "/denied", ""), Code::FORBIDDEN),
    ]
}

#[tokio::test]
async fn each_failure_has_one_shape_and_one_id_everywhere() {
    let log = Log::of("buttress");
    log.listen_everywhere();
    let server = start().await;
    for protocol in Protocol::BOTH {
        let mut client = Client::connect(protocol, &server).await;
        for (request, code) in failures() {
            let asked = format!("{protocol:?} {} {}", request.method(), request.uri());
            let is_delete = request.method() == Method::DELETE;
            drop(log.take());
            let answer = client.ask(request).await;
            answer.assert_problem(code);
            assert_eq!(answer.header("allow").is_some(), is_delete, "{asked}");
            let lines = log.take();
            let told: Vec<_> = lines.iter().filter(|line| line.contains(answer.id())).collect();
            assert_eq!(told.len(), 1, "{asked}: {lines:?}");
            assert!(told[0].contains(&format!("code=\"{code}\"")), "{asked}: {told:?}");
            let all = format!("{answer:?} {lines:?}");
            assert!(!all.contains("hunter2"), "{asked}: {all}");
        }
        assert_eq!(client.get("/").await.body(), b"hello", "the connection goes on");
    }
    server.stop().await;
}

#[tokio::test]
async fn each_client_gets_its_format() {
    let server = start().await;
    for protocol in Protocol::BOTH {
        let mut client = Client::connect(protocol, &server).await;
        for kind in
            ["application/problem+json", "application/vnd.api+json", "text/plain", "text/html"]
        {
            let request = Request::get("/nowhere").header("accept", kind);
            let answer = client.ask(request.body(Bytes::new()).unwrap()).await;
            assert_eq!(answer.status(), 404);
            assert!(answer.header("content-type").unwrap().starts_with(kind), "{answer:?}");
            assert_eq!(answer.header("vary"), Some("accept"));
            let text = str::from_utf8(answer.body()).unwrap();
            assert!(text.contains(answer.id()), "{text}");
        }
        let head = Request::head("/nowhere").body(Bytes::new()).unwrap();
        let answer = client.ask(head).await;
        assert!(answer.status() == 404 && answer.body().is_empty(), "{answer:?}");
    }
    server.stop().await;
}

/// The id that a handler finds is the one that its client reads.
#[tokio::test]
async fn a_handler_knows_the_id_too() {
    let app = Router::new().fallback(|request: axum::extract::Request| async move {
        let context = request.extensions().get::<RequestContext>().unwrap();
        Problem::gone().with_message(format!("It was {}.", context.id()))
    });
    let wall = ServiceBuilder::new()
        .layer(Context::default().layer().keep_body())
        .layer(ErrorEnvelopeLayer::default().keep_body());
    let server = serve_axum(app.layer(wall)).await;
    let mut client = Client::connect(Protocol::Http2, &server).await;
    let answer = client.get("/").await;
    answer.assert_problem(Code::GONE);
    assert_eq!(answer.json()["error"]["message"], format!("It was {}.", answer.id()));
    drop(client);
    server.stop().await;
}
