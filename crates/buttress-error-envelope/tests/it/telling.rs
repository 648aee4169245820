//! Who hears of a problem: the log once, the trace, the metrics, and the client in its language.

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use buttress_core::metrics::Metrics;
use buttress_core::render::Format;
use buttress_core::stage::Stage;
use buttress_core::{Code, Context, Detail, Problem};
use buttress_error_envelope::{
    ErrorEnvelopeLayer, HtmlPage, JsonApi, Negotiation, PlainText, ProblemJson, RichGrpcStatus,
};
use buttress_testkit::log::Log;
use buttress_testkit::page::Page;
use http::{Request, StatusCode};
use tower::{Layer, ServiceExt};
use tracing::Instrument;

use crate::support::{answer, ask, error, get as get_path, json, once, wall, walled};

#[tokio::test]
async fn header_body_log_and_trace_have_the_same_id() {
    let log = Log::default();
    let _listening = log.listen();
    let app = Router::new().route("/", get(|| async { StatusCode::BAD_GATEWAY })).layer(wall());
    let span = tracing::info_span!("request", request_id = tracing::field::Empty);
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let parent = format!("00-{trace}-00f067aa0ba902b7-01");
    let request = Request::get("/").header("traceparent", parent).body(Body::empty()).unwrap();
    let response = ask(app, request).instrument(span).await;

    let error = error(&response);
    let id = error["correlationId"].as_str().unwrap();
    let lines = log.take();
    let told: Vec<_> = lines.iter().filter(|line| line.contains(id)).collect();
    assert_eq!(told.len(), 1, "{lines:?}");
    assert!(
        told[0].starts_with("ERROR message=request failed code=\"DEPENDENCY_FAILED\" status=502")
    );
    assert!(
        told[0].contains(&format!(r#" trace_id={trace} route="/""#))
            && told[0].contains("the service answered 502"),
        "{told:?}"
    );
}

/// A subscriber of a few lines has no current span, so this one asks the real thing.
#[test]
fn the_span_around_is_given_the_id() {
    use tracing_subscriber::prelude::*;

    let log = Log::default();
    let seen = tracing_subscriber::registry().with(Fields(log.clone()));
    tracing::subscriber::with_default(seen, || {
        let span = tracing::info_span!("request", request_id = tracing::field::Empty);
        let other = tracing::info_span!("another", id = tracing::field::Empty);
        let mut request = Request::new(());
        let memo = span.in_scope(|| Stage::enter(&Context::default(), &mut request));
        let context = request.extensions().get::<buttress_core::RequestContext>().unwrap();
        assert_eq!(log.take(), [format!(" request_id=\"{}\"", context.id())]);
        drop(memo);
        drop(other.in_scope(|| Stage::enter(&Context::default(), &mut Request::new(()))));
        assert!(log.take().is_empty(), "a span without the field is left alone");
    });
}

/// Keeps what is recorded in spans.
struct Fields(Log);

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Fields {
    fn on_record(
        &self,
        _: &tracing::span::Id,
        values: &tracing::span::Record<'_>,
        _: tracing_subscriber::layer::Context<'_, S>,
    ) {
        self.0.note("", values);
    }
}

#[tokio::test]
async fn a_handlers_own_problem_is_told_once_and_success_never() {
    let log = Log::default();
    let _listening = log.listen();
    let app = Router::new()
        .route("/", get(|| async {}))
        .route("/foreign", get(|| async { StatusCode::NOT_FOUND }));
    get_path(app.clone().layer(wall()), "/").await;
    assert!(log.take().is_empty());
    get_path(app.layer(wall()), "/foreign").await;
    let lines = log.take();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with("DEBUG message=request refused code=\"NOT_FOUND\""));
}

#[tokio::test]
async fn errors_are_counted_by_code_class_and_route() {
    let page = Page::default();
    let metrics = Metrics::new(page.clone());
    let context = Context::builder().answers(|answers| answers.metrics(&metrics)).build().unwrap();
    let app = Router::new()
        .route("/orders/{id}", get(|| async { StatusCode::GONE }))
        .layer(walled(context, ErrorEnvelopeLayer::default()));
    for path in ["/orders/7", "/orders/8", "/orders/ada@example.org"] {
        get_path(app.clone(), path).await;
    }
    assert_eq!(page.lines(), ["buttress_errors_total GONE client /orders/{id}: 3"]);
    ask(app, Request::post("/orders/7").body(Body::empty()).unwrap()).await;
    assert_eq!(page.lines().len(), 2);
}

#[tokio::test]
async fn the_client_is_told_in_its_language() {
    let formats = Negotiation::default().chooser();
    let context = Context::builder().answers(|answers| {
        answers.format(formats).localise(|problem, wanted| {
            let gone = problem.code() == Code::GONE;
            match wanted.get(..2) {
                Some("de") if gone => Some("Das gibt es nicht mehr.".into()),
                None if gone => Some("Nothing was asked for.".into()),
                _ => None,
            }
        })
    });
    let context = context.build().unwrap();
    let message = async |language: &str, status: u16| {
        let app = Router::new().fallback(move || async move { answer(status, "text/html", "") });
        let app = app.layer(walled(context.clone(), ErrorEnvelopeLayer::default()));
        let request = Request::get("/").header("accept-language", language);
        let response = ask(app, request.body(Body::empty()).unwrap()).await;
        json(&response)["error"]["message"].clone()
    };
    assert_eq!(message("de, en;q=0.5", 410).await, "Das gibt es nicht mehr.");
    assert_eq!(message("fr", 410).await, Code::GONE.default_message());
    assert_eq!(message("de", 404).await, Code::NOT_FOUND.default_message());
    assert_eq!(message(&"de,".repeat(1_000), 410).await, "Nothing was asked for.");
}

/// In every format, each detail by itself.
#[tokio::test]
async fn details_are_told_in_the_language_of_the_client() {
    let formats = Negotiation::only("application/json", Format::JSON)
        .or("application/problem+json", Format::new(ProblemJson::new()))
        .or("application/vnd.api+json", Format::new(JsonApi))
        .or("text/plain", Format::new(PlainText))
        .or("text/html", Format::new(HtmlPage))
        .grpc(Format::new(RichGrpcStatus::new()));
    let context = Context::builder().answers(|answers| {
        answers.format(formats.chooser()).localise_details(|detail, wanted| {
            let german = wanted.starts_with("de") && detail.code() == "too_small";
            german.then(|| format!("{}: zu klein", detail.pointer()).into())
        })
    });
    let invalid = || async {
        Err::<(), _>(Problem::validation([
            Detail::query("page", "too_small", "must be at least 1"),
            Detail::query("size", "not_a_number", "must be a number"),
            Detail::query("step", "too_small", "must be at least 2"),
        ]))
    };
    let app = Router::new().route("/", get(invalid));
    let app = app.layer(walled(context.build().unwrap(), ErrorEnvelopeLayer::default()));
    let told = async |kind: &str, language: &str| {
        let request = Request::get("/").header("accept", kind).header("accept-language", language);
        let request = match kind {
            "application/grpc" => request.header("content-type", kind),
            _ => request,
        };
        let response = ask(app.clone(), request.body(Body::empty()).unwrap()).await;
        let vary = response.headers().get_all("vary");
        assert!(vary.iter().any(|vary| vary == "accept-language"), "{kind}");
        let status = tonic::Status::from_header_map(response.headers());
        let status = status.map(|status| String::from_utf8_lossy(status.details()).into_owned());
        format!("{}{}", String::from_utf8_lossy(response.body()), status.unwrap_or_default())
    };
    let german = ["page: zu klein", "must be a number", "step: zu klein"];
    let english = ["must be at least 1", "must be a number", "must be at least 2"];
    for kind in [
        "application/json",
        "application/problem+json",
        "application/vnd.api+json",
        "text/plain",
        "text/html",
        "application/grpc",
    ] {
        for (language, words) in [("de, en", german), ("fr", english)] {
            let body = told(kind, language).await;
            let others = german.iter().chain(&english).filter(|word| !words.contains(word));
            assert!(words.iter().all(|word| body.contains(word)), "{kind}: {body}");
            assert!(others.into_iter().all(|word| !body.contains(word)), "{kind}: {body}");
        }
    }
}

#[tokio::test]
async fn sources_are_shown_only_if_the_settings_are_dangerous() {
    for shows in [false, true] {
        let context = Context::builder().answers(|answers| answers.dangerous_show_sources(shows));
        let envelope = ErrorEnvelopeLayer::default();
        let failed = answer(500, "text/plain", "no route to postgres://ada:hunter2@db7/shop");
        let service = envelope.layer(once(failed));
        let service = context.build().unwrap().layer().layer(service);
        let response =
            crate::support::whole(service.oneshot(Request::new(())).await.unwrap()).await;
        let text = str::from_utf8(response.body()).unwrap();
        assert_eq!(text.contains("no route to postgres://***@db7/shop"), shows, "{text}");
        assert!(!text.contains("hunter2"));
    }
}
