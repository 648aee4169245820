//! Behind the wall with an envelope, every failure has one shape, one id and the format that was asked for.

use std::convert::Infallible;
use std::fmt::Debug;

use buttress::error_envelope::{LeaveAlone, Negotiation, NegotiationSettings};
use buttress::health::{Check, HealthChecks};
use buttress::prelude::*;
use buttress::stage::gate_fn;
use buttress::{Health, InboundBuilder, InboundSettings};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use serde_json::Value;
use tower::{Layer, Service, ServiceExt, service_fn};

const PROBLEM_JSON: &str = "application/problem+json";

fn builder() -> InboundBuilder {
    Inbound::builder().error_envelope(|envelope| envelope)
}

fn asked(path: &str) -> Request<()> {
    Request::get(path).header("accept", PROBLEM_JSON).body(()).unwrap()
}

/// A handler that fails in every way there is.
async fn handler<B: From<Bytes>>(request: Request<()>) -> Result<Response<B>, Infallible> {
    let body = |text: &'static str| B::from(Bytes::from_static(text.as_bytes()));
    Ok(match request.uri().path() {
        "/problem" => Problem::new(Code::CONFLICT).render(None).map(B::from),
        "/panic" => panic!("on purpose"),
        "/foreign" => {
            let failed = Response::builder().status(404).header("content-type", "text/html");
            failed.body(body("<h1>404</h1>")).unwrap()
        }
        _ => Response::new(body("as it was")),
    })
}

fn refusing() -> impl Stage {
    gate_fn(|request: &mut dyn RequestHead| match request.uri().path() {
        "/refused" => Err(Problem::new(Code::FORBIDDEN)),
        _ => Ok(()),
    })
}

async fn whole<S, B>(service: S, request: Request<()>) -> Response<Bytes>
where
    S: Service<Request<()>, Response = Response<B>, Error: Debug>,
    B: http_body::Body<Data = Bytes, Error: Debug>,
{
    let (parts, body) = service.oneshot(request).await.unwrap().into_parts();
    Response::from_parts(parts, body.collect().await.unwrap().to_bytes())
}

fn json(response: &Response<Bytes>) -> Value {
    serde_json::from_slice(response.body()).unwrap_or_else(|error| panic!("{error}: {response:?}"))
}

async fn check_all<S, B>(service: S)
where
    S: Service<Request<()>, Response = Response<B>, Error: Debug> + Clone,
    B: http_body::Body<Data = Bytes, Error: Debug>,
{
    let cases = [
        ("/problem", Code::CONFLICT),
        ("/panic", Code::INTERNAL),
        ("/refused", Code::FORBIDDEN),
        ("/foreign", Code::NOT_FOUND),
    ];
    for (path, code) in cases {
        let response = whole(service.clone(), asked(path)).await;
        assert_eq!(response.status(), code.status(), "{path}");
        assert_eq!(response.headers()["content-type"], PROBLEM_JSON, "{path}");
        assert_eq!(response.headers()["vary"], "accept", "{path}");
        let (said, ids) = (json(&response), response.headers().get_all("x-request-id"));
        assert_eq!(said["code"], code.name(), "{path}: {said}");
        assert_eq!(ids.iter().count(), 1, "{path}");
        assert_eq!(said["correlationId"], response.headers()["x-request-id"].to_str().unwrap());
        let members: Vec<_> = said.as_object().unwrap().keys().map(String::as_str).collect();
        let shape = ["code", "correlationId", "detail", "status", "timestamp", "title"];
        assert_eq!(members, shape, "{path}");
    }
    assert_eq!(whole(service, asked("/")).await.body(), "as it was");
}

#[tokio::test]
async fn every_failure_has_one_shape() {
    let wall = || builder().then(refusing()).build().unwrap();
    let plain = service_fn(handler::<Full<Bytes>>);
    check_all(wall().layer(plain)).await;
    check_all(wall().leak().layer(plain)).await;
    check_all(wall().keep_body().layer(plain)).await;
    let boxed = service_fn(|request| async {
        let response = handler::<Full<Bytes>>(request).await?;
        Ok::<Response<BoxBody<Bytes, Infallible>>, Infallible>(response.map(BodyExt::boxed))
    });
    check_all(wall().layer(boxed)).await;
    check_all(wall().keep_body().layer(service_fn(handler::<axum::body::Body>))).await;
}

#[tokio::test]
async fn without_an_envelope_foreign_failures_stay() {
    let service = Inbound::default().layer(service_fn(handler::<Full<Bytes>>));
    let response = whole(service, asked("/foreign")).await;
    assert_eq!(response.body(), "<h1>404</h1>");
    assert!(response.headers().contains_key("x-request-id"));
}

#[tokio::test]
async fn formats_are_those_of_the_settings() {
    let settings: InboundSettings = serde_json::from_str(
        r#"{ "error_formats": { "default": "plain_text", "by_accept": [] } }"#,
    )
    .unwrap();
    let service = settings.build().unwrap().layer(service_fn(handler::<Full<Bytes>>));
    let response = whole(service, asked("/problem")).await;
    assert!(response.body().starts_with(b"CONFLICT: "), "without an envelope, too: {response:?}");
    assert!(!response.headers().contains_key("vary"));

    let only = NegotiationSettings::default().build().unwrap();
    let wall = builder().error_formats(only).error_formats(Negotiation::default()).build().unwrap();
    let response = whole(wall.layer(service_fn(handler::<Full<Bytes>>)), asked("/foreign")).await;
    assert_eq!(response.headers()["content-type"], PROBLEM_JSON);
}

#[test]
fn all_faults_are_told_at_once_each_with_its_path() {
    let settings: InboundSettings = serde_json::from_str(
        r#"{
            "context": { "addresses": { "trusted_proxies": ["10.0.0.0/33"] } },
            "error_envelope": { "leave_paths": ["pages"], "read_at_most": 0 },
            "error_formats": { "documentation": "not an address" }
        }"#,
    )
    .unwrap();
    let error = settings.build().unwrap_err();
    let mut paths: Vec<_> = error.faults().iter().map(buttress::Fault::path).collect();
    paths.sort_unstable();
    let expected = [
        "context.addresses.trusted_proxies[0]",
        "error_envelope.leave_paths[0]",
        "error_envelope.read_at_most",
        "error_formats.documentation",
    ];
    assert_eq!(paths, expected);

    let built = Inbound::builder().error_envelope(|envelope| envelope.leave_path("pages")).build();
    assert_eq!(built.unwrap_err().faults()[0].path(), "error_envelope.leave_paths[0]");
    for wrong in [r#"{"error_envelope": {"x": 1}}"#, r#"{"error_formats": {"x": 1}}"#] {
        assert!(serde_json::from_str::<InboundSettings>(wrong).is_err(), "{wrong}");
    }
}

fn ailing() -> HealthChecks {
    let check = Check::of("database", || async { Health::down("gone") }).critical();
    HealthChecks::builder().check(check).build().unwrap()
}

/// That a service is not ready is no error of it: whoever probes it reads why.
#[tokio::test]
async fn the_answer_to_a_probe_is_no_failure() {
    let health = ailing();
    let word = async |response: Response<Bytes>| {
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        json(&response)["status"].as_str().map(str::to_owned)
    };
    let wall = builder().health(&health).build().unwrap();
    let response = whole(wall.layer(service_fn(handler::<Full<Bytes>>)), asked("/ready")).await;
    assert_eq!(word(response).await.as_deref(), Some("starting"));

    let inside = builder().build().unwrap().layer(health.service());
    assert_eq!(word(whole(inside, asked("/ready")).await).await.as_deref(), Some("starting"));
    // The stage, too, where it stands inside of the envelope.
    let inside = health.stage().layer().layer(service_fn(handler::<Full<Bytes>>));
    let inside = builder().build().unwrap().layer(inside);
    assert_eq!(word(whole(inside, asked("/ready")).await).await.as_deref(), Some("starting"));
    health.drain();
    let inside = builder().build().unwrap().layer(health.service());
    assert_eq!(
        word(whole(inside.clone(), asked("/ready")).await).await.as_deref(),
        Some("draining")
    );
    let nowhere = whole(inside, asked("/nowhere")).await;
    assert_eq!(json(&nowhere)["code"], "NOT_FOUND");
}

#[tokio::test]
async fn what_is_left_alone_stays() {
    let own = service_fn(|request| async {
        let mut response = handler::<Full<Bytes>>(request).await?;
        response.extensions_mut().insert(LeaveAlone);
        Ok::<_, Infallible>(response)
    });
    let response = whole(builder().build().unwrap().layer(own), asked("/foreign")).await;
    assert_eq!(response.body(), "<h1>404</h1>");
}
