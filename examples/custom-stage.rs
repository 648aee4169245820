//! Stages of your own, in the short form, the long form, and as a closure: `cargo run --example custom-stage`.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use axum::routing::get;
use axum::{Extension, Router};
use buttress::Principal;
use buttress::prelude::*;
use buttress::stage::{Decision, DecisionOf, Waited, gate_fn};
use buttress_examples::{Failure, Options, Try, try_all};
use http::header::{ALLOW, AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, Method};

// ANCHOR: gate
/// The short form: decides at once, and touches the response.
#[derive(Debug)]
struct ApiVersion;

const VERSION: HeaderName = HeaderName::from_static("x-api-version");

impl Gate for ApiVersion {
    type Memo = HeaderValue;

    fn enter(&self, request: &mut dyn RequestHead) -> Result<HeaderValue, Problem> {
        match request.headers().get(VERSION) {
            None => Ok(HeaderValue::from_static("2")),
            Some(version) if version == "1" || version == "2" => Ok(version.clone()),
            Some(_) => Err(Problem::new(Code::BAD_REQUEST).with_detail(Detail::header(
                "x-api-version",
                "unknown",
                "must be 1 or 2",
            ))),
        }
    }

    fn leave(&self, version: HeaderValue, response: &mut dyn ResponseHead) {
        response.headers_mut().insert(VERSION, version);
    }
}

// ANCHOR_END: gate

// ANCHOR: stage
/// The long form: asks a store, and waits for its answer.
#[derive(Clone, Debug, Default)]
struct Tokens {
    known: Arc<HashMap<&'static str, &'static str>>,
}

impl Tokens {
    /// What would be a database.
    async fn owner(self, token: String) -> Option<&'static str> {
        tokio::task::yield_now().await;
        self.known.get(&*token).copied()
    }
}

fn unknown() -> Problem {
    Problem::new(Code::UNAUTHENTICATED)
        .with_header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
}

impl Stage for Tokens {
    type Memo = ();
    type Wait = Pin<Box<dyn Future<Output = Option<&'static str>> + Send>>;

    fn enter(&self, request: &mut dyn RequestHead) -> DecisionOf<Self> {
        let token = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        match token.and_then(|value| value.strip_prefix("Bearer ")) {
            Some(token) => Decision::Wait(Box::pin(self.clone().owner(token.to_owned()))),
            None => Decision::Refuse(unknown(), None),
        }
    }

    fn resume(&self, owner: Waited<Self>, request: &mut dyn RequestHead) -> DecisionOf<Self> {
        let Some(owner) = owner else { return Decision::Refuse(unknown(), None) };
        if let Some(context) = request.context() {
            // Two stages that both say who is asking would be a mistake; the first one is right.
            let _is_first = context.set_principal(Principal::new(owner));
        }
        Decision::Pass(())
    }

    fn leave(&self, (): (), _: &mut dyn ResponseHead) {}
}

// ANCHOR_END: stage

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let options = Options::from_command_line()?;
    let listener = buttress_examples::listen(options, &tries()).await?;
    let address = listener.local_addr()?;

    let tokens = Tokens { known: Arc::new(HashMap::from([("s3cr3t", "Ada")])) };
    // ANCHOR: closure
    let read_only = gate_fn(|request: &mut dyn RequestHead| match *request.method() {
        Method::GET | Method::HEAD => Ok(()),
        _ => Err(Problem::new(Code::METHOD_NOT_ALLOWED)
            .with_header(ALLOW, HeaderValue::from_static("GET, HEAD"))),
    });
    // ANCHOR_END: closure
    let wall = Inbound::builder().then(ApiVersion).then(read_only).then(tokens).build()?;
    let app = Router::new().route("/", get(greet).post(greet)).layer(wall);

    let server = async { axum::serve(listener, app).await };
    buttress_examples::run(options, server, try_all(address, tries())).await
}

async fn greet(Extension(context): Extension<RequestContext>) -> String {
    let name = context.principal().map_or("nobody", Principal::id);
    format!("Hello, {name}!\n")
}

fn tries() -> Vec<Try> {
    vec![
        Try::get("a known token", "/")
            .header("authorization", "Bearer s3cr3t")
            .expect("Ada is greeted", |seen| seen.text == "Hello, Ada!\n")
            .expect("the version is named", |seen| seen.header("x-api-version") == "2"),
        Try::get("no token: refused by the inner stage, named by the outer ones", "/")
            .header("x-api-version", "1")
            .status(401)
            .expect("it is the family's shape", |seen| seen.is_problem("UNAUTHENTICATED"))
            .expect("the scheme is named", |seen| seen.header("www-authenticate") == "Bearer")
            .expect("the version is named", |seen| seen.header("x-api-version") == "1"),
        Try::get("an unknown version", "/")
            .header("x-api-version", "3")
            .status(400)
            .expect("the header is named", |seen| {
                seen.json["error"]["details"][0]["pointer"] == "x-api-version"
            }),
        Try::post("a method that is not allowed", "/", "{}")
            .status(405)
            .expect("it says what is", |seen| seen.header("allow") == "GET, HEAD"),
    ]
}
