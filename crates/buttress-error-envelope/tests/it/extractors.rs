//! What an extractor refuses says where, and never what was sent.

use std::collections::HashMap;

use axum::Router;
use axum::body::Body;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use buttress_core::{Code, Context, Problem, Redact, stage::Stage};
use buttress_error_envelope::extract::{Form, Json, Path, Query};
use buttress_testkit::body::Frames;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::support::{ask, error};

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Order {
    items: Vec<Item>,
    #[serde(default)]
    colour: Option<Colour>,
    #[serde(default)]
    extra: HashMap<String, u8>,
}

#[derive(Deserialize, Serialize)]
struct Item {
    amount: u32,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum Colour {
    Red,
    Green,
}

#[derive(Deserialize)]
struct Page {
    page: u32,
}

fn app() -> Router {
    Router::new()
        .route("/json", post(|Json(order): Json<Order>| async move { Json(order) }))
        .route(
            "/maybe",
            post(|order: Option<Json<Order>>| async move { order.is_some().to_string() }),
        )
        .route(
            "/form",
            post(|Form(page): Form<Page>| async move { page.page.to_string() })
                .get(|Form(page): Form<Page>| async move { page.page.to_string() }),
        )
        .route("/query", get(|Query(page): Query<Page>| async move { page.page.to_string() }))
        .route("/one/{id}", get(|Path(id): Path<u32>| async move { id.to_string() }))
        .route("/two/{shop}/{id}", get(|path: Path<(String, u32)>| async move { path.0.0 }))
        .route("/map/{id}", get(|Path(item): Path<Page2>| async move { item.id.to_string() }))
        .route("/wrong/{id}", get(|_: Path<(u32, u32)>| async {}))
        .layer(DefaultBodyLimit::max(1_000))
        .layer(Context::default().layer().keep_body())
}

#[derive(Deserialize)]
struct Page2 {
    id: u32,
}

async fn refused(request: http::request::Builder, body: impl Into<Body>) -> (StatusCode, Value) {
    let response = ask(app(), request.body(body.into()).unwrap()).await;
    (response.status(), error(&response))
}

async fn json(body: &'static str) -> (StatusCode, Value) {
    refused(Request::post("/json").header("content-type", "application/json"), body).await
}

#[tokio::test]
async fn a_value_that_does_not_fit_is_pointed_at() {
    for (body, pointer, code, message) in [
        (
            r#"{"items":[{"amount":1},{"amount":"hunter2"}]}"#,
            "/items/1/amount",
            "invalid_type",
            "invalid type: string …, expected u32 (line 1, column 42)",
        ),
        (
            "{\n\"items\":[{}]}",
            "/items/0/amount",
            "missing_field",
            "missing field `amount` (line 2, column 11)",
        ),
        (
            r#"{"items":[],"colour":"hunter2"}"#,
            "/colour",
            "unknown_variant",
            "unknown variant …, expected `red` or `green` (line 1, column 30)",
        ),
        (
            r#"{"items":[{"amount":-4711}]}"#,
            "/items/0/amount",
            "invalid_value",
            "invalid value: integer …, expected u32 (line 1, column 25)",
        ),
        (
            r#"{"items":[],"extra":{"a/b~c":"hunter2"}}"#,
            "/extra/a~1b~0c",
            "invalid_type",
            "invalid type: string …, expected u8 (line 1, column 38)",
        ),
    ] {
        let (status, error) = json(body).await;
        assert_eq!(
            (status.as_u16(), &error["code"]),
            (422, &Value::from("VALIDATION_FAILED")),
            "{error}"
        );
        let detail = &error["details"][0];
        assert_eq!(
            (&detail["pointer"], &detail["in"]),
            (&pointer.into(), &"body".into()),
            "{body}"
        );
        assert_eq!(
            (&detail["code"], &detail["message"]),
            (&code.into(), &message.into()),
            "{body}"
        );
        assert!(!error.to_string().contains("hunter2") && !error.to_string().contains("-4711"));
    }
    let (_, error) = json(r#"{"items":[],"hunter2":1}"#).await;
    assert_eq!(error["details"][0]["code"], "unknown_field");
    assert!(
        error["details"][0]["message"]
            .as_str()
            .unwrap()
            .starts_with("unknown field …, expected one of `items`")
    );
}

#[tokio::test]
async fn what_is_no_json_is_a_bad_request_with_a_place() {
    for (body, message) in [
        ("{\n \"items\": [x]}", "The body is not JSON (line 2, column 12)."),
        (r#"{"items":["#, "The JSON ends too early (line 1, column 10)."),
        ("", "The JSON ends too early (line 1, column 0)."),
        (r#"{"items":[]} hunter2"#, "The body is not JSON (line 1, column 14)."),
    ] {
        let (status, error) = json(body).await;
        assert_eq!((status.as_u16(), &error["message"]), (400, &message.into()), "{error}");
    }
}

#[tokio::test]
async fn kind_size_and_end_of_a_body_are_checked() {
    let (status, error) = refused(Request::post("/json"), "{}").await;
    assert_eq!((status.as_u16(), &error["code"]), (415, &"UNSUPPORTED_MEDIA_TYPE".into()));
    let (status, _) =
        refused(Request::post("/json").header("content-type", "text/json"), "{}").await;
    assert_eq!(status, 415);
    let kind = "application/merge-patch+json; charset=utf-8";
    let (status, _) = refused(Request::post("/json").header("content-type", kind), "{}").await;
    assert_eq!(status, 422, "a kind of JSON");

    let long = Body::from(vec![b' '; 2_000]);
    let sent = Request::post("/json").header("content-type", "application/json");
    let (status, error) = refused(sent, long).await;
    assert_eq!((status.as_u16(), &error["code"]), (413, &"PAYLOAD_TOO_LARGE".into()));

    let broken = Body::new(Frames::new().data("{").fail("the line is cut: hunter2"));
    let sent = Request::post("/json").header("content-type", "application/json");
    let (status, error) = refused(sent, broken).await;
    assert_eq!((status.as_u16(), &error["message"]), (400, &"The body broke off.".into()));

    let late = || Problem::new(Code::REQUEST_TIMED_OUT).with_source("hunter2");
    let behind = move || std::io::Error::other(std::io::Error::other(late()));
    let slow = || Frames::new().data("{").fail("hunter2");
    for slow in
        [Body::new(slow().map_err(move |_| late())), Body::new(slow().map_err(move |_| behind()))]
    {
        let sent = Request::post("/json").header("content-type", "application/json");
        let (status, error) = refused(sent, slow).await;
        assert_eq!((status.as_u16(), &error["code"]), (408, &"REQUEST_TIMED_OUT".into()));
    }
    let endless = slow().map_err(|_| buttress_testkit::errors::Ring);
    let sent = Request::post("/json").header("content-type", "application/json");
    assert_eq!(refused(sent, Body::new(endless)).await.0, 400);
}

#[tokio::test]
async fn parameters_are_named() {
    let (status, error) = refused(Request::get("/query?page=hunter2"), "").await;
    let detail = &error["details"][0];
    assert_eq!(
        (status.as_u16(), &detail["pointer"], &detail["in"]),
        (422, &"page".into(), &"query".into())
    );
    assert_eq!(detail["message"], "invalid digit found in string");
    let (_, error) = refused(Request::get("/query"), "").await;
    assert_eq!(error["details"][0]["pointer"], "page");
    assert_eq!(error["details"][0]["code"], "missing_field");

    let form =
        || Request::post("/form").header("content-type", "application/x-www-form-urlencoded");
    let (status, error) = refused(form(), "page=hunter2").await;
    assert_eq!((status.as_u16(), &error["details"][0]["in"]), (422, &"body".into()));
    assert_eq!(error["details"][0]["pointer"], "/page");
    assert_eq!(refused(Request::get("/form?page=x"), "").await.0, 422);
    assert_eq!(refused(Request::post("/form"), "page=1").await.0, 415);
}

#[tokio::test]
async fn parts_of_the_path_are_named() {
    for (path, name) in
        [("/one/hunter2", ""), ("/two/a/hunter2", "1"), ("/map/hunter2", "id"), ("/map/%ff", "id")]
    {
        let (status, error) = refused(Request::get(path), "").await;
        let detail = &error["details"][0];
        assert_eq!((status.as_u16(), &error["code"]), (400, &"BAD_REQUEST".into()), "{path}");
        assert_eq!(
            (&detail["pointer"], &detail["in"]),
            (&name.into(), &"path".into()),
            "{path}: {error}"
        );
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
    let (status, error) = refused(Request::get("/wrong/1"), "").await;
    assert_eq!(
        (status.as_u16(), &error["message"]),
        (500, &Code::INTERNAL.default_message().into())
    );
}

#[tokio::test]
async fn what_fits_gets_through() {
    let sent = |path: &str, kind: &str, body: &'static str| {
        Request::post(path).header("content-type", kind).body(Body::from(body)).unwrap()
    };
    let get = |path: &str| Request::get(path).body(Body::empty()).unwrap();
    let order = r#"{"items":[{"amount":1}],"colour":"green","extra":{}}"#;
    for (request, body) in [
        (sent("/json", "application/json", order), order),
        (sent("/maybe", "application/json", order), "true"),
        (Request::post("/maybe").body(Body::empty()).unwrap(), "false"),
        (sent("/form", "application/x-www-form-urlencoded", "page=3"), "3"),
        (get("/form?page=4"), "4"),
        (get("/query?page=5"), "5"),
        (get("/one/6"), "6"),
        (get("/two/shop/7"), "shop"),
        (get("/map/8"), "8"),
    ] {
        assert_eq!(ask(app(), request).await.body(), body);
    }
}

#[tokio::test]
async fn what_cannot_be_written_is_our_own_fault() {
    let keys = || async { Json(HashMap::from([((1, 2), 3)])) };
    let nested = || async { Form(HashMap::from([("a", vec![1])])) };
    let app = Router::new().route("/json", get(keys)).route("/form", get(nested));
    for path in ["/json", "/form"] {
        let app = app.clone().layer(Context::default().layer().keep_body());
        let response = ask(app, Request::get(path).body(Body::empty()).unwrap()).await;
        assert_eq!(error(&response)["code"], "INTERNAL");
    }
}

#[derive(Deserialize)]
#[serde(try_from = "u32")]
struct Account;

impl TryFrom<u32> for Account {
    type Error = &'static str;

    fn try_from(_: u32) -> Result<Self, Self::Error> {
        Err("no account for taxId=123-45")
    }
}

/// An extractor knows no settings; the context that answers does.
#[tokio::test]
async fn what_the_settings_hide_is_hidden_in_what_a_parser_says() {
    let redact = Redact::builder().field("taxId").build().unwrap();
    let context = Context::builder().answers(|answers| answers.redact(redact)).build().unwrap();
    let app = Router::new()
        .route("/json", post(|_: Json<Account>| async {}))
        .route("/path/{id}", get(|_: Path<Account>| async {}))
        .route("/query", get(|_: Query<Vec<(String, Account)>>| async {}))
        .layer(context.layer().keep_body());

    let json = Request::post("/json").header("content-type", "application/json").body("7".into());
    let get = |path: &str| Request::get(path).body(Body::empty());
    for request in [json, get("/path/7"), get("/query?id=7")] {
        let response = ask(app.clone(), request.unwrap()).await;
        let message = &error(&response)["details"][0]["message"];
        assert!(message.as_str().unwrap().starts_with("no account for taxId=***"), "{message}");
    }
}
