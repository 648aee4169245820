//! A client gets what it accepts, and an answer in any case.

use axum::body::Body;
use buttress_core::render::{Format, JsonEnvelope, Occasion, Render};
use buttress_core::{Context, Problem};
use buttress_error_envelope::{
    ErrorEnvelopeLayer, FormatName, Negotiation, NegotiationSettings, PlainText, preferred,
};
use bytes::Bytes;
use http::header::ACCEPT;
use http::{HeaderMap, HeaderValue, Request, Response};
use proptest::prelude::*;

use tower::ServiceExt;

use crate::support::{given_to, json, once, walled, whole};

const OFFERS: [&str; 5] = [
    "application/json",
    "application/problem+json",
    "application/vnd.api+json",
    "text/plain",
    "text/html",
];

fn liked(accept: &[&str]) -> &'static str {
    let mut headers = HeaderMap::new();
    for value in accept {
        headers.append(ACCEPT, HeaderValue::from_str(value).unwrap());
    }
    preferred(&headers, &OFFERS).map_or("none", |at| OFFERS[at])
}

#[test]
fn the_best_offer_wins() {
    let cases = [
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("application/problem+json", "application/problem+json"),
        ("APPLICATION/Problem+JSON", "application/problem+json"),
        ("text/*", "text/plain"),
        ("text/html", "text/html"),
        ("application/json;q=0.5, text/html", "text/html"),
        ("application/json;q=0.5, text/html;q=0.500", "application/json"),
        ("text/html, application/json", "text/html"),
        ("text/html, */*", "text/html"),
        ("*/*, text/html", "text/html"),
        ("text/*;q=0.9, text/plain;q=0.1, */*;q=0.2", "text/html"),
        ("*/*, application/json;q=0", "application/problem+json"),
        ("application/json; charset=utf-8, text/plain;q=0.1", "application/json"),
        ("text/html;level=\"a,b;q=0\";q=0.1, text/plain;q=0.2", "text/plain"),
        ("text/html ; Q=1.000 , text/plain;q=1.0", "text/html"),
        ("image/png", "none"),
        ("*/*;q=0", "none"),
        // What is broken counts as not there.
        ("text/html;q=2, text/plain", "text/plain"),
        ("text/html;q=0.1234, text/plain;q=0.1", "text/plain"),
        ("text/html;q=, text/plain;q=0.1", "text/plain"),
        ("text/html;q=-1, text/plain;q=0.1", "text/plain"),
        ("*/html, text/plain", "text/plain"),
        ("/, ;, ,,, text, text/, text/plain", "text/plain"),
        ("text/html\"unclosed, text/plain", "none"),
        ("", "none"),
    ];
    for (accept, offer) in cases {
        assert_eq!(liked(&[accept]), offer, "{accept}");
    }
    assert_eq!(liked(&[]), "application/json");
    assert_eq!(liked(&["text/plain;q=0.5", "text/html"]), "text/html", "two headers are one");
}

/// JSON:API 1.1, "Server Responsibilities": with parameters that it does not know, its media type is ignored.
#[test]
fn json_api_with_foreign_parameters_is_ignored() {
    const JSON_API: &str = "application/vnd.api+json";
    let cases = [
        ("", JSON_API),
        (";", JSON_API),
        (" ; q=0.5 ;", JSON_API),
        (";profile=\"https://a.example/b;charset=c https://d.example\"", JSON_API),
        (";EXT=\"https://jsonapi.org/ext/atomic\"; Profile=a; q=0.1", JSON_API),
        (";charset=utf-8", "none"),
        (";charset=utf-8;q=0.9", "none"),
        (";q=0.9;charset=utf-8", "none"),
        (";profile=a;charset=utf-8", "none"),
        (";ext", JSON_API),
        (";extension=a", "none"),
        (";charset", "none"),
        (";=a", "none"),
        (";charset=utf-8, text/html;q=0.1", "text/html"),
        (";charset=utf-8, */*;q=0.1", "application/json"),
        (";charset=utf-8, application/vnd.api+json;q=0.1", JSON_API),
        (";q=0, application/*;level=1", "application/json"),
    ];
    for (parameters, offer) in cases {
        assert_eq!(liked(&[&format!("{JSON_API}{parameters}")]), offer, "{parameters}");
        assert_eq!(liked(&[&format!("Application/VND.API+JSON{parameters}")]), offer);
    }
    assert_eq!(liked(&["text/html;charset=utf-8"]), "text/html", "others may have any");
}

/// As much is read as an honest client sends.
#[test]
fn a_header_of_a_megabyte_costs_nothing() {
    let huge = "image/png;q=0.1,".repeat(65_536) + "text/html";
    assert_eq!(liked(&["text/plain;q=0.1", &huge]), "text/plain");
    // The 2 KiB that are read end behind `text/html`, which is then not all that was said of it.
    let lead = "text/plain;q=0.5,";
    let blanks = " ".repeat(2_048 - lead.len() - "text/html".len());
    let cut = format!("{lead}{blanks}text/html;q=0");
    assert_eq!(liked(&[&cut]), "text/plain", "half an element says something else");
}

async fn kind(accept: &str) -> String {
    let failed =
        Response::builder().status(404).header("vary", "origin").body(Body::empty()).unwrap();
    let request = Request::get("/").header(ACCEPT, accept).body(()).unwrap();
    let response = given_to(failed, request).await;
    let vary: Vec<_> = response.headers().get_all("vary").iter().collect();
    assert_eq!(vary, ["origin", "accept"], "a cache has to know, of both");
    response.headers()["content-type"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_failure_comes_in_the_format_that_was_asked_for() {
    for offer in OFFERS {
        assert!(kind(offer).await.starts_with(offer), "{offer}");
    }
    assert_eq!(kind("image/png").await, "application/json", "an error is better than none");
    let foreign = "application/vnd.api+json;charset=utf-8";
    assert_eq!(kind(foreign).await, "application/json", "no 406 in the place of the error");
    assert!(kind(&format!("{foreign}, text/html;q=0.1")).await.starts_with("text/html"));
}

#[tokio::test]
async fn grpc_is_answered_as_grpc_whatever_it_accepts() {
    let failed = Response::builder().status(404).body(Body::empty()).unwrap();
    let request = Request::post("/").header("content-type", "application/grpc+proto");
    let response = given_to(failed, request.header(ACCEPT, "text/html").body(()).unwrap()).await;
    assert_eq!(response.status(), 200);
    // Who answers so knows no such method.
    assert_eq!(response.headers()["grpc-status"], "12");
    assert!(response.headers().contains_key("grpc-status-details-bin"));
    assert!(response.body().is_empty());

    // A problem of our own says what it is.
    let request = Request::post("/").header("content-type", "application/grpc").body(());
    let failed = Problem::not_found().render(None).map(Body::from);
    let response = given_to(failed, request.unwrap()).await;
    assert_eq!(response.headers()["grpc-status"], "5");
}

#[test]
fn the_settings_name_the_default_and_the_others() {
    let settings = r#"{ "default": "html", "by_accept": ["json", "html"], "grpc_domain": "x" }"#;
    let settings: NegotiationSettings = serde_json::from_str(settings).unwrap();
    assert_eq!(settings.default, FormatName::Html);
    let negotiation = settings.build().unwrap();
    assert_eq!(
        format!("{negotiation:?}"),
        "Negotiation { offers: [\"text/html\", \"application/json\"], .. }"
    );
    assert!(serde_json::from_str::<NegotiationSettings>(r#"{ "defualt": "html" }"#).is_err());
}

#[tokio::test]
async fn where_there_is_no_choice_nothing_varies() {
    let only = Negotiation::only("application/json", buttress_core::render::Format::JSON);
    let format = only.choose(&Request::new(()));
    let answer = buttress_core::render::Render::render(
        &format,
        &buttress_core::Problem::gone(),
        &buttress_core::render::Occasion::at(buttress_core::clock::Timestamp::EPOCH),
    );
    assert!(!answer.headers().contains_key("vary"));
    assert_eq!(json(&answer)["error"]["code"], "GONE");
}

/// A format of one's own may depend on more than what the client accepts.
#[derive(Debug)]
struct ByCookie;

impl Render for ByCookie {
    fn render(&self, problem: &Problem, occasion: &Occasion<'_>) -> Response<Bytes> {
        let mut answer = JsonEnvelope.render(problem, occasion);
        answer.headers_mut().insert("vary", HeaderValue::from_static("cookie"));
        answer
    }
}

fn vary(response: &Response<Bytes>) -> Vec<&str> {
    response.headers().get_all("vary").iter().map(|value| value.to_str().unwrap()).collect()
}

#[tokio::test]
async fn all_that_an_answer_varies_by_is_said() {
    let offer = Negotiation::only("application/json", Format::new(ByCookie))
        .or("text/plain", Format::new(PlainText));
    let context = Context::builder().answers(|answers| {
        let german = |_: &Problem, _: &str| Some("Das geht nicht.".into());
        answers.format(offer.chooser()).localise(german)
    });
    let failed = Response::builder().status(404).header("vary", "origin").body(Body::empty());
    let service = walled(context.build().unwrap(), ErrorEnvelopeLayer::default());
    let service = service.service(once(failed.unwrap()));
    let response = whole(service.oneshot(Request::new(())).await.unwrap()).await;
    assert_eq!(json(&response)["error"]["message"], "Das geht nicht.");
    assert_eq!(vary(&response), ["origin", "cookie", "accept", "accept-language"]);
}

proptest! {
    #[test]
    fn any_header_is_read(values in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 0..4)) {
        let mut headers = HeaderMap::new();
        for value in values.iter().filter_map(|value| HeaderValue::from_bytes(value).ok()) {
            headers.append(ACCEPT, value);
        }
        prop_assert!(preferred(&headers, &OFFERS).is_none_or(|at| at < OFFERS.len()));
    }

    /// The quality of one range alone decides, however it is written.
    #[test]
    fn more_is_better(one in 0..=1_000_u16, other in 0..=1_000_u16) {
        let quality = |q: u16| format!("{}.{:03}", q / 1_000, q % 1_000);
        let accept = format!("text/plain;q={}, text/html;q={}", quality(one), quality(other));
        let expected = match (one, other) {
            (0, 0) => "none",
            (one, other) if one >= other => "text/plain",
            _ => "text/html",
        };
        prop_assert_eq!(liked(&[&accept]), expected);
    }
}
