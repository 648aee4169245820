//! Without a context the envelope does by itself what a context would do.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use buttress_core::metrics::Metrics;
use buttress_core::render::Answers;
use buttress_core::{Code, Context, Detail, Problem, stage::Stage};
use buttress_error_envelope::{ErrorEnvelopeLayer, Negotiation};
use buttress_testkit::log::Log;
use buttress_testkit::page::Page;
use http::{Method, Request};
use tower::{Layer, ServiceExt};

use crate::support::{answer, ask, error, json, once, whole};

fn app(envelope: ErrorEnvelopeLayer) -> Router {
    let app = Router::new()
        .route("/", get(|| async { "welcome" }))
        .route("/foreign", get(|| async { answer(500, "text/plain", "db7.internal is gone") }));
    let app = app.route("/own", get(|| async { Problem::gone() }));
    app.layer(envelope.keep_body())
}

fn asked(path: &str, accept: &str) -> Request<Body> {
    Request::get(path).header("accept", accept).body(Body::empty()).unwrap()
}

#[tokio::test]
async fn it_negotiates_names_and_tells() {
    let (log, page) = (Log::default(), Page::default());
    let _listening = log.listen();
    let formats = Negotiation::default().chooser();
    let answers = Answers::builder().format(formats).metrics(&Metrics::new(page.clone()));
    let envelope = ErrorEnvelopeLayer::builder().answers(answers.build().unwrap()).build().unwrap();

    let response = ask(app(envelope.clone()), asked("/foreign", "application/problem+json")).await;
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    let id = response.headers()["x-request-id"].to_str().unwrap();
    assert_eq!(json(&response)["correlationId"], id);
    let lines = log.take();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with("ERROR message=request failed code=\"INTERNAL\""), "{lines:?}");
    assert!(lines[0].contains(id) && lines[0].contains("db7.internal is gone"), "{lines:?}");
    assert_eq!(page.lines(), ["buttress_errors_total INTERNAL server none: 1"]);

    let response = ask(app(envelope), asked("/", "*/*")).await;
    assert_eq!(response.body(), "welcome");
    assert!(!response.headers().contains_key("x-request-id"));
    assert!(log.take().is_empty());
}

/// What is noted of a request aside: its languages, and whose it is.
#[tokio::test]
async fn it_knows_the_language_and_the_client() {
    let answers = Answers::builder().brief_after(1, Duration::from_secs(10));
    let answers = answers.localise(|_, wanted| wanted.starts_with("de").then(|| "Weg.".into()));
    let envelope = ErrorEnvelopeLayer::builder().answers(answers.build().unwrap()).build().unwrap();
    let invalid = || Problem::validation([Detail::query("page", "too_small", "must be positive")]);
    let router = Router::new().fallback(async move || invalid()).layer(envelope.keep_body());
    let told = async |peer: &str, language: Option<&str>| {
        let mut request = asked("/", "*/*");
        request.extensions_mut().insert(peer.parse::<SocketAddr>().unwrap());
        if let Some(language) = language {
            request.headers_mut().insert("accept-language", language.parse().unwrap());
        }
        let mut error = json(&ask(router.clone(), request).await)["error"].take();
        (error["message"].take(), error.get("details").is_some())
    };
    let usual = Code::VALIDATION_FAILED.default_message();
    assert_eq!(told("203.0.113.7:1", Some("de")).await, ("Weg.".into(), true));
    assert!(!told("203.0.113.7:2", None).await.1, "the second one is brief");
    assert_eq!(told("203.0.113.8:1", None).await, (usual.into(), true));
}

#[tokio::test]
async fn two_of_them_tell_once() {
    let log = Log::default();
    let _listening = log.listen();
    let twice = app(ErrorEnvelopeLayer::default()).layer(ErrorEnvelopeLayer::default().keep_body());
    let response = ask(twice, asked("/foreign", "*/*")).await;
    error(&response);
    assert_eq!(log.take().len(), 1);
}

#[tokio::test]
async fn a_handlers_problem_is_settled_too() {
    let formats = Negotiation::default().chooser();
    let answers = Answers::builder().format(formats).build().unwrap();
    let envelope = ErrorEnvelopeLayer::builder().answers(answers).build().unwrap();
    let response = ask(app(envelope), asked("/own", "text/plain")).await;
    assert!(response.body().starts_with(b"GONE: This is no longer here.\nid: "));
}

#[tokio::test]
async fn a_context_outside_is_asked_instead() {
    let log = Log::default();
    let _listening = log.listen();
    let context = Context::default().layer().keep_body();
    let response =
        ask(app(ErrorEnvelopeLayer::default()).layer(context), asked("/foreign", "*/*")).await;
    error(&response);
    assert_eq!(response.headers().get_all("x-request-id").iter().count(), 1);
    assert_eq!(log.take().len(), 1, "told once");
}

/// Who is told that there is a context does not look for one.
#[tokio::test]
async fn within_a_context_no_request_is_asked() {
    let within = || ErrorEnvelopeLayer::builder().within_context().build().unwrap();
    let context = Context::default().layer().keep_body();
    let response = ask(app(within()).layer(context.clone()), asked("/foreign", "*/*")).await;
    assert_eq!(error(&response)["code"], "INTERNAL");
    let left = ErrorEnvelopeLayer::builder().within_context().leave_path("/foreign");
    let response = ask(app(left.build().unwrap()).layer(context), asked("/foreign", "*/*")).await;
    assert_eq!(response.body(), "db7.internal is gone", "a rule that asks is asked");

    let response = ask(app(within()), asked("/foreign", "*/*")).await;
    assert_eq!((response.status().as_u16(), response.body().len()), (500, 0), "nobody renders it");
    assert_eq!(ask(app(within()), asked("/", "*/*")).await.body(), "welcome");
}

#[tokio::test]
async fn head_has_no_body() {
    let service = ErrorEnvelopeLayer::default().layer(once(answer(404, "text/plain", "")));
    let request = Request::builder().method(Method::HEAD).body(()).unwrap();
    let response = whole(service.oneshot(request).await.unwrap()).await;
    assert!(response.body().is_empty());
    assert!(response.headers().contains_key("content-length"));
}

/// What a context inside has told is not told again, and its id stays.
#[tokio::test]
async fn a_context_inside_has_named_it() {
    let log = Log::default();
    let _listening = log.listen();
    let page = Page::default();
    let answers = Answers::builder().metrics(&Metrics::new(page.clone())).build().unwrap();
    let envelope = || {
        let envelope = ErrorEnvelopeLayer::builder().answers(answers.clone());
        envelope.build().unwrap().keep_body()
    };
    let inside = || Context::default().layer().keep_body();
    let own = Router::new().route("/own", get(|| async { Problem::internal("db7 is gone") }));
    let response = ask(own.layer(inside()).layer(envelope()), asked("/own", "*/*")).await;
    error(&response);
    let lines = log.take();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains(response.headers()["x-request-id"].to_str().unwrap()), "{lines:?}");
    assert!(page.lines().is_empty(), "{:?}", page.lines());

    let id = std::sync::Arc::new(std::sync::OnceLock::new());
    let kept = id.clone();
    let foreign = Router::new().route(
        "/",
        get(async move |request: Request<Body>| {
            let context = request.extensions().get::<buttress_core::RequestContext>().unwrap();
            kept.set(context.id().to_string()).unwrap();
            answer(500, "text/plain", "db7.internal is gone")
        }),
    );
    let response = ask(foreign.layer(inside()).layer(envelope()), asked("/", "*/*")).await;
    assert_eq!(error(&response)["correlationId"], **id.get().unwrap());
    let lines = log.take();
    assert!(lines.len() == 1 && lines[0].contains(&**id.get().unwrap()), "{lines:?}");
}

/// A problem is what it is, whatever the rules say of foreign failures.
#[tokio::test]
async fn a_problem_is_settled_even_where_failures_are_left_alone() {
    let log = Log::default();
    let _listening = log.listen();
    let formats = Negotiation::default().chooser();
    let answers = Answers::builder().format(formats).build().unwrap();
    let left = ErrorEnvelopeLayer::builder().answers(answers).leave_path("/").build().unwrap();
    let response = ask(app(left.clone()), asked("/own", "text/plain")).await;
    assert!(response.body().starts_with(b"GONE: This is no longer here.\nid: "), "{response:?}");
    assert_eq!(log.take().len(), 1);
    let response = ask(app(left), asked("/foreign", "*/*")).await;
    assert_eq!(response.body(), "db7.internal is gone");
    assert!(!response.headers().contains_key("x-request-id"), "nothing is added to it");
    let lines = log.take();
    assert!(lines.len() == 1 && !lines[0].contains("request_id="), "{lines:?}");
    assert!(lines[0].starts_with("ERROR message=request failed code=\"INTERNAL\" status=500"));
}

#[test]
fn one_problem_in_the_place_of_another_is_answered() {
    let log = Log::default();
    let _listening = log.listen();
    let (answers, request) = (Answers::default(), Request::new(()));
    let asked = answers.asked(&request);
    let mut response = answers.answer(&Problem::gone(), &asked);
    buttress_core::render::hand_over(&mut response, Problem::conflict());
    answers.settle(&mut response, &asked);
    assert_eq!(response.status(), 409);
    assert_eq!(error(&response)["code"], "CONFLICT");
    assert_eq!(log.take().len(), 2);
}

#[test]
fn answers_can_be_asked_directly() {
    let answers = Answers::default();
    let asked = answers.asked(&Request::new(()));
    let response = answers.answer(&Problem::gone(), &asked);
    assert_eq!(error(&response)["code"], "GONE");
    assert_eq!(response.status(), 410);
}
