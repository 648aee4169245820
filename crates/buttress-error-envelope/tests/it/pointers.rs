//! What does not fit is pointed at, whatever was sent.

use std::collections::HashMap;

use axum::Router;
use axum::body::Body;
use axum::routing::{get, post};
use buttress_core::Context;
use buttress_core::stage::Stage;
use buttress_error_envelope::extract::{Json, Query};
use http::Request;
use serde::Deserialize;
use serde_json::Value;

use crate::support::{ask, error, json, negotiating};

#[derive(Deserialize)]
#[expect(dead_code, reason = "it is read by serde")]
struct Person {
    amount: Option<u32>,
    home: Option<Home>,
    #[serde(default)]
    by_name: HashMap<String, u8>,
    colour: Option<Colour>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "it is read by serde")]
struct Home {
    street: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Colour {
    Red,
}

#[derive(Deserialize)]
struct Page {
    #[expect(dead_code, reason = "it is read by serde")]
    page: u32,
}

fn app(context: Context) -> Router {
    Router::new()
        .route("/json", post(|_: Json<Person>| async {}))
        .route("/query", get(|_: Query<Page>| async {}))
        .route("/pairs", get(|_: Query<Vec<(String, Colour)>>| async {}))
        .layer(context.layer().keep_body())
}

fn sent(body: &str) -> http::request::Builder {
    let length = body.len();
    Request::post("/json")
        .header("content-type", "application/json")
        .header("content-length", length)
}

async fn detail(request: Request<Body>) -> Value {
    error(&ask(app(Context::default()), request).await)["details"][0].clone()
}

async fn of_json(body: impl Into<String>) -> Value {
    let body = body.into();
    detail(sent(&body).body(Body::from(body)).unwrap()).await
}

async fn of_query(path: &str) -> Value {
    detail(Request::get(path).body(Body::empty()).unwrap()).await
}

/// A parser quotes the value, and the value may say what a parser says.
#[tokio::test]
async fn nothing_of_a_value_gets_into_the_pointer() {
    let said = "missing field `hunter2`";
    for (body, pointer) in [
        (serde_json::json!({ "amount": said }), "/amount"),
        (serde_json::json!({ "colour": said }), "/colour"),
        (serde_json::json!({ "home": said }), "/home"),
        (serde_json::json!({ "amount": "duplicate field `hunter2`" }), "/amount"),
    ] {
        let detail = of_json(body.to_string()).await;
        assert_eq!(detail["pointer"], pointer, "{detail}");
        assert!(!detail.to_string().contains("hunter2"), "{detail}");
    }
    let escaped: String = form_urlencoded::byte_serialize(said.as_bytes()).collect();
    for path in [format!("/query?page={escaped}"), format!("/pairs?colour={escaped}")] {
        let detail = of_query(&path).await;
        assert!(!detail.to_string().contains("hunter2"), "{detail}");
    }
}

#[tokio::test]
async fn a_field_called_home_is_no_home() {
    let detail = of_json(r#"{"amount":1,"home":{"street":5}}"#).await;
    assert_eq!(detail["pointer"], "/home/street");
    // A name of the client's own is redacted all the same.
    let detail = of_json(r#"{"by_name":{"/home/ada-the-user/x":"y"}}"#).await;
    assert_eq!(detail["pointer"], "/by_name/~1home~1***~1x");
    // And one that is longer than a pointer may be is left out.
    let detail = of_json(format!(r#"{{"by_name":{{"{}":"y"}}}}"#, "x".repeat(300))).await;
    assert_eq!(detail["pointer"], "/by_name");
}

#[tokio::test]
async fn what_is_there_twice_is_named() {
    let detail = of_json(r#"{"amount":1,"amount":2}"#).await;
    assert_eq!(
        (&detail["pointer"], &detail["code"]),
        (&"/amount".into(), &"duplicate_field".into())
    );
    let detail = of_json(r#"{"home":{"street":"a","street":"b"}}"#).await;
    assert_eq!(detail["pointer"], "/home/street");
    let detail = of_query("/query?page=1&page=2").await;
    assert_eq!((&detail["pointer"], &detail["code"]), (&"page".into(), &"duplicate_field".into()));
}

/// Also in words that know nothing of it.
#[tokio::test]
async fn line_and_column_stand_by_themselves() {
    let body = "{\n \"amount\": \"x\"}";
    let detail = of_json(body).await;
    assert_eq!((&detail["line"], &detail["column"]), (&2.into(), &14.into()), "{detail}");
    assert!(detail["message"].as_str().unwrap().ends_with("(line 2, column 14)"));
    assert_eq!(of_query("/query?page=x").await.get("line"), None);

    let context = Context::builder().answers(|answers| {
        answers.format(buttress_error_envelope::Negotiation::default().chooser()).localise_details(
            |detail, _| {
                let (line, _) = detail.position()?;
                Some(format!("falscher Typ in Zeile {line}").into())
            },
        )
    });
    let request = sent(body).header("accept", "application/problem+json");
    let response = ask(app(context.build().unwrap()), request.body(body.into()).unwrap()).await;
    let error = json(&response)["errors"][0].clone();
    assert_eq!(error["detail"], "falscher Typ in Zeile 2");
    assert_eq!((&error["line"], &error["column"]), (&2.into(), &14.into()));
}

/// A pointer of JSON:API leads to what is in the document.
#[tokio::test]
async fn json_api_points_to_what_is_there() {
    let body = r#"{"home":{}}"#;
    let request = sent(body).header("accept", "application/vnd.api+json");
    let response = ask(app(negotiating()), request.body(body.into()).unwrap()).await;
    let error = json(&response)["errors"][0].clone();
    assert_eq!(error["source"]["pointer"], "/home");
    assert_eq!(error["meta"]["reason"], "missing_field");
    assert!(error["detail"].as_str().unwrap().contains("`street`"));
}
