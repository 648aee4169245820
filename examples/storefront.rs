//! A small shop behind the wall: `cargo run --example storefront`, then follow what it prints.
//!
//! It needs nothing but itself. Every request gets an id, a trace and a real client address; every problem
//! has one shape.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, Path};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use buttress::prelude::*;
use buttress_examples::{Failure, Options, Try, try_all};
use http::StatusCode;
use serde_json::{Value, json};

/// A problem of this shop, beside those that every service has.
const SOLD_OUT: Code =
    Code::new("SOLD_OUT", StatusCode::CONFLICT).message("This article is sold out.");

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let options = Options::from_command_line()?;
    let listener = buttress_examples::listen(options, &tries()).await?;
    let address = listener.local_addr()?;

    // ANCHOR: wall
    // On this machine anyone may play the proxy, so that the client's address can be tried.
    let wall = Inbound::builder().trusted_proxies(["127.0.0.0/8", "::1"]).build()?;
    let app = shop().layer(wall.keep_body().leak());
    // ANCHOR_END: wall

    let server = axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>());
    buttress_examples::run(options, async { server.await }, try_all(address, tries())).await
}

fn shop() -> Router {
    Router::new()
        .route("/", get(welcome))
        .route("/articles/{id}", get(article))
        .route("/orders", post(order))
        .route("/whoami", get(whoami))
        .route("/panic", get(panics))
        .fallback(|| async { Problem::new(Code::NOT_FOUND) })
        .method_not_allowed_fallback(|| async { Problem::new(Code::METHOD_NOT_ALLOWED) })
}

async fn welcome() -> &'static str {
    "Welcome! There are lamps (7), chairs (8) and a sofa (9).\n"
}

async fn article(Path(id): Path<u64>) -> Result<Json<Value>, Problem> {
    let (name, stock) = find(id).ok_or_else(|| Problem::new(Code::NOT_FOUND))?;
    Ok(Json(json!({ "id": id, "name": name, "stock": stock })))
}

/// What the shop has: a name, and how many of it.
fn find(id: u64) -> Option<(&'static str, u64)> {
    match id {
        7 => Some(("lamp", 12)),
        8 => Some(("chair", 4)),
        9 => Some(("sofa", 0)),
        _ => None,
    }
}

async fn order(Json(order): Json<Value>) -> Result<(StatusCode, Json<Value>), Problem> {
    let (id, amount) = (order["article"].as_u64(), order["amount"].as_u64());
    let mut problem = None;
    let mut wrong = |detail: Detail| {
        let told = problem.take().unwrap_or_else(|| Problem::new(Code::VALIDATION_FAILED));
        problem = Some(told.with_detail(detail));
    };
    if id.is_none() {
        wrong(Detail::body("/article", "not_a_number", "must be the number of an article"));
    }
    if amount.unwrap_or_default() == 0 {
        wrong(Detail::body("/amount", "too_small", "must be at least 1"));
    }
    if let Some(problem) = problem {
        return Err(problem);
    }
    let (name, stock) = id
        .and_then(find)
        .ok_or_else(|| Problem::new(Code::NOT_FOUND).with_message("Which article?"))?;
    match amount {
        Some(amount) if amount <= stock => {
            Ok((StatusCode::CREATED, Json(json!({ "ordered": name, "amount": amount }))))
        }
        _ => Err(Problem::new(SOLD_OUT)),
    }
}

async fn whoami(
    Extension(context): Extension<RequestContext>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
) -> Json<Value> {
    Json(json!({
        "you": context.client().map(|client| client.to_string()),
        "connectedFrom": peer.ip().to_string(),
        "requestId": context.id().as_str(),
        "traceId": context.trace().trace_id().to_string(),
        "route": context.route(),
    }))
}

async fn panics() -> &'static str {
    panic!("the secret recipe of the house")
}

fn tries() -> Vec<Try> {
    vec![
        Try::get("a page, with an id on the response", "/")
            .expect("there is an id", |seen| seen.header("x-request-id").len() == 36),
        Try::get("an article", "/articles/7")
            .expect("it is a lamp", |seen| seen.json["name"] == "lamp"),
        Try::get("no such article: one shape for every refusal", "/articles/1")
            .status(404)
            .expect("it is the family's shape", |seen| seen.is_problem("NOT_FOUND")),
        Try::get("no such page either", "/nowhere")
            .status(404)
            .expect("it is the family's shape", |seen| seen.is_problem("NOT_FOUND")),
        Try::post("a method that is not allowed", "/articles/7", "{}")
            .status(405)
            .expect("it is the family's shape", |seen| seen.is_problem("METHOD_NOT_ALLOWED"))
            .expect("it says what is", |seen| seen.header("allow").contains("GET")),
        Try::post("an order", "/orders", r#"{"article": 7, "amount": 2}"#)
            .status(201)
            .expect("two lamps are ordered", |seen| seen.json["amount"] == 2),
        Try::post(
            "an order that cannot be met, with a code of the shop's own",
            "/orders",
            r#"{"article": 9, "amount": 1}"#,
        )
        .status(409)
        .expect("the code is the shop's", |seen| seen.is_problem("SOLD_OUT")),
        Try::post(
            "an order with everything wrong: each field is named",
            "/orders",
            r#"{"amount": 0}"#,
        )
        .status(422)
        .expect("both fields are named", |seen| {
            let details = &seen.json["error"]["details"];
            seen.is_problem("VALIDATION_FAILED")
                && details[0]["pointer"] == "/article"
                && details[1]["pointer"] == "/amount"
        }),
        Try::get("who you are, as a trusted proxy says", "/whoami")
            .header("x-forwarded-for", "198.51.100.1, 203.0.113.7")
            .expect("the client is the last that no trusted proxy stands for", |seen| {
                seen.json["you"] == "203.0.113.7" && seen.json["connectedFrom"] == "127.0.0.1"
            })
            .expect("the route is known", |seen| seen.json["route"] == "/whoami"),
        Try::get("a trace that goes on", "/whoami")
            .header("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
            .expect("the trace is the caller's", |seen| {
                seen.json["traceId"] == "4bf92f3577b34da6a3ce929d0e0e4736"
            }),
        Try::get("an id that goes on, because it comes from a trusted proxy", "/whoami")
            .header("x-request-id", "order-4711")
            .expect("the id is the caller's", |seen| seen.header("x-request-id") == "order-4711"),
        Try::get("a panic: an answer all the same, which tells nothing", "/panic")
            .status(500)
            .expect("it is the family's shape", |seen| seen.is_problem("INTERNAL"))
            .expect("it tells nothing", |seen| !seen.text.contains("recipe")),
    ]
}
