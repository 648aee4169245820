//! A corpus of secrets is sent down every path; none comes out in a body, a header, a log, a span or a metric.

use std::io;

use axum::Router;
use axum::body::Body;
use axum::extract::Request as AxumRequest;
use axum::routing::{get, post};
use buttress_core::Problem;
use buttress_core::metrics::Metrics;
use buttress_error_envelope::{ErrorEnvelopeLayer, Negotiation, extract};
use buttress_testkit::log::Log;
use buttress_testkit::page::Page;
use http::{HeaderValue, Request, StatusCode};
use serde::Deserialize;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Instrument, Subscriber};
use tracing_subscriber::layer::{Context, SubscriberExt};

use crate::support::{answer, ask, walled};

/// What stands between ⟦ and ⟧ must not be seen. Keys of issuers are put together here, so that scanners of
/// repositories find none.
pub const CORPUS: &[&str] = &[
    // Keys of issuers.
    "charge with sk_live_+⟦4eC39HqLyjWDarjtT1zdp7dc⟧ declined",
    "rk_test_+⟦51H8xExampleKey⟧ in production",
    "remote: ghp_+⟦16C7e42F292c6912E7710c838347Ae178B4a⟧",
    "github_pat_+⟦11ABCDEFG0abcdefghij_kLmNoPqRsTuVwXyZ⟧",
    "glpat-+⟦x7Ab-cdEfGhijKlmNopQ⟧ lacks the scope",
    "AKIA+⟦IOSFODNN7EXAMPLE⟧ is not authorized",
    "slack xoxb-+⟦2345678901-abcdefGHIJ⟧",
    "https://hooks.slack.com/services/+⟦T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX⟧: 404",
    "maps AIza+⟦SyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY⟧ over quota",
    "openai sk-proj-+⟦abcDEF123456789012345678⟧ is inactive",
    "whsec_+⟦MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw⟧ mismatch",
    "npm_+⟦a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8⟧",
    "SG.+⟦ngeVfQFYQlKU0ufo8x5d1A.TwL2iGABf9DHoTf-09kqeF8tAmbihYzrnopKc-1s5cr⟧ refused",
    "dop_v1_+⟦0123456789abcdef0123456789abcdef⟧",
    "hvs.+⟦CAESIJKLMNOPQRSTUVWXYZ0123456789⟧",
    // Tokens.
    "Authorization: Bearer ⟦mF_9.B5f-4.1JqM⟧",
    "401 to Basic ⟦YWRhOmxvdmVsYWNl⟧",
    "jwt ⟦eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P⟧ expired",
    "X-Api-Key: ⟦k-12-34-56⟧",
    "Cookie: sid=⟦31d4d96e407aad42⟧",
    "access_token=⟦ya-opaque-opaque⟧",
    "refreshToken: ⟦rt-opaque-opaque⟧",
    "csrf_token=⟦c5rf-opaque⟧",
    "session_id=⟦s3ss10n-opaque⟧",
    "--api-key ⟦flag-opaque⟧ is wrong",
    "<secret>⟦xml-opaque⟧</secret>",
    "client_secret=⟦cs-opaque-opaque⟧",
    "-----BEGIN PRIVATE +KEY----- ⟦MIIEvgIBADANBgkqhkiG9w0⟧ -----END PRIVATE KEY-----",
    "random ⟦hJ8kQ2mZ9xW4vB7nT3rY6pL1sD5fG0aC⟧ here",
    // Passwords.
    "password=⟦hunter2-a⟧",
    "pwd: ⟦hunter2-b⟧",
    "DB_PASSWORD=⟦hunter2-c⟧",
    "user[password]=⟦hunter2-d⟧",
    "passphrase: ⟦hunter2-e⟧",
    "Server=db;User Id=app;Password=⟦hunter2-f⟧;Encrypt=true",
    // Links and names of data sources.
    "postgres://⟦pg-app⟧:⟦hunter2-g⟧@db.internal:5432/orders: refused",
    "redis://:⟦hunter2-h⟧@cache:6379/0 timed out",
    "mongodb+srv://⟦usr⟧:⟦hunter2-i⟧@cluster0.example.net/",
    "amqp://⟦svc⟧:⟦hunter2-j⟧@mq/vhost",
    "mysql app:⟦hunter2-k⟧@tcp(127.0.0.1:3306)/orders",
    "https://⟦x-access-token⟧:⟦hunter2-l⟧@github.com/o/r.git",
    "https://⟦0123456789abcdef⟧@o1.ingest.example.io/2",
    "GET /reset?token=⟦hunter2-m⟧ HTTP/1.1",
    "https://b.example/o?X-Amz-Signature=⟦fe5f80f77d5fa3be⟧&X-Amz-Expires=60",
    "https://maps.example/api?key=⟦hunter2-n⟧&q=Bern",
    // People.
    "no account of ⟦ada.lovelace⟧@example.org",
    "mailto:⟦grace.hopper⟧@example.org bounced",
    "call +⟦41446681⟧800 back",
    "call ⟦555-867⟧-5309",
    "phone=⟦0446681⟧800",
    "card ⟦4242424242⟧424242 declined",
    "card ⟦5555 5555 5555⟧ 4444 declined",
    "card ⟦3782 822463⟧ 10005 declined",
    // Paths.
    "GET /reset/⟦eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9Q⟧ failed",
    "https://api.telegram.org/bot+⟦110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw⟧/getMe",
    "https://discord.com/api/webhooks/+⟦1234567890/abcdefGHIJKLmnopQRSTuvwx⟧",
    "no such file: /home/⟦ada-the-user⟧/orders.db",
    "no such file: /Users/⟦grace-the-user⟧/Library/orders.db",
    r"no such file: C:\Users\⟦alan-the-user⟧\orders.db",
    "no such file: file:///home/⟦edsger-the-user⟧/orders.db",
];

/// What only stands in the log, where it helps to find the fault: values in quotes, and names of files.
const FOR_THE_LOG: &[&str] = &[
    // Quotes of every kind, behind whatever word.
    "invalid api key `⟦hunter2-q1⟧`",
    "unsupported type `⟦hunter2-q2⟧`",
    "unexpected field `⟦hunter2-q3⟧`",
    "unrecognized header `⟦hunter2-q4⟧`",
    "invalid value \"⟦hunter2-q5⟧\"",
    "invalid value '⟦hunter2-q6⟧'",
    "invalid value “⟦hunter2-q7⟧”",
    "invalid value „⟦hunter2-q8⟧“",
    "invalid value «⟦hunter2-q9⟧»",
    "invalid value ‘⟦hunter2-q10⟧’",
    "invalid value b'⟦hunter2-q11⟧'",
    "never closed “⟦hunter2-q12⟧",
    // Files.
    r"cannot open C:\Users\⟦Alan Turing\orders.db⟧",
    r"cannot open C:\⟦Program Files\Shop\keys.pem⟧",
    r"cannot open \\⟦host-7\share-7⟧",
    "cannot open /Users/⟦Ada Lovelace/⟧orders",
    "cannot open /app/⟦shop-7⟧",
    "cannot open /data/⟦shop-8⟧",
    "cannot open /mnt/⟦shop-9⟧",
    "cannot open /run/⟦shop-10⟧",
    "cannot open /media/⟦shop-11⟧",
    "cannot open /Library/⟦shop-12⟧",
    "panicked at src/⟦shop-13.rs:42⟧:7",
];

/// The text as it is met, and its secrets.
fn planted(entry: &str) -> (String, Vec<String>) {
    let entry = entry.replace("+⟦", "⟦").replace("PRIVATE +KEY", "PRIVATE KEY");
    // What was a plus of a telephone number is one again.
    let entry = entry.replace("call ⟦414", "call +⟦414");
    let secrets = entry.split('⟦').skip(1).map(|part| part.split('⟧').next().unwrap().to_owned());
    let secrets = secrets.collect();
    (entry.replace(['⟦', '⟧'], ""), secrets)
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "it is read by serde")]
struct Order {
    amount: u32,
}

fn app(context: buttress_core::Context) -> Router {
    let text = |request: &AxumRequest| {
        str::from_utf8(request.headers()["x-text"].as_bytes()).unwrap().to_owned()
    };
    let source = move |request: AxumRequest| async move {
        Problem::database(io::Error::other(format!("query failed: {}", text(&request))))
    };
    let nested = move |request: AxumRequest| async move {
        Problem::dependency_failed("stock", io::Error::other(io::Error::other(text(&request))))
    };
    let panics = move |request: AxumRequest| async move {
        std::panic::resume_unwind(Box::new(format!("broken: {}", text(&request))))
    };
    let refused =
        move |request: AxumRequest| async move { (StatusCode::BAD_REQUEST, text(&request)) };
    let failed =
        move |request: AxumRequest| async move { answer(500, "text/plain", text(&request)) };
    Router::new()
        .route("/source", get(source))
        .route("/nested", get(nested))
        .route("/panic", get(async move |request: AxumRequest| -> () { panics(request).await }))
        .route("/refused", get(refused))
        .route("/failed", get(failed))
        .route("/json", post(|_: extract::Json<Order>| async {}))
        .route("/foreign-json", post(|_: axum::Json<Order>| async {}))
        .route("/query", get(|_: extract::Query<Order>| async {}))
        .route("/foreign-query", get(|_: axum::extract::Query<Order>| async {}))
        .route("/path/{amount}", get(|_: extract::Path<u32>| async {}))
        .route("/foreign-path/{amount}", get(|_: axum::extract::Path<u32>| async {}))
        .route("/form", post(|_: extract::Form<Order>| async {}))
        .layer(walled(context, ErrorEnvelopeLayer::default()))
}

pub fn requests(text: &str) -> Vec<Request<Body>> {
    let header = HeaderValue::from_bytes(text.as_bytes()).unwrap();
    let escaped: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
    let in_path = escaped.replace('+', "%20");
    let order = serde_json::json!({ "amount": text }).to_string();
    let request = |request: http::request::Builder, body: String| {
        request.header("x-text", header.clone()).body(Body::from(body)).unwrap()
    };
    let json = |path| Request::post(path).header("content-type", "application/json");
    let form = Request::post("/form").header("content-type", "application/x-www-form-urlencoded");
    let mut all: Vec<_> = ["/source", "/nested", "/panic", "/refused", "/failed", "/nowhere"]
        .into_iter()
        .map(|path| request(Request::get(path), String::new()))
        .collect();
    all.extend(["/json", "/foreign-json"].map(|path| request(json(path), order.clone())));
    for path in ["/query", "/foreign-query"] {
        all.push(request(Request::get(format!("{path}?amount={escaped}")), String::new()));
    }
    for path in ["/path", "/foreign-path"] {
        all.push(request(Request::get(format!("{path}/{in_path}")), String::new()));
    }
    all.push(request(form, format!("amount={escaped}")));
    all
}

/// What all requests that carry one of these are told, and what the log and the metrics hear of them. A secret that
/// comes out is told by `leak`, with who was asked.
pub async fn plant(
    corpus: &[&str],
    requests: impl Fn(&str) -> Vec<Request<Body>>,
    mut leak: impl FnMut(&str, &Out<'_>, &str),
) {
    let (log, page) = (Log::default(), Page::default());
    // So that events are on for all threads.
    drop(log.listen());
    let everything = tracing_subscriber::registry().with(Everything(log.clone()));
    let _listening = tracing::subscriber::set_default(everything);
    let (metrics, formats) = (Metrics::new(page.clone()), Negotiation::default().chooser());
    let context = buttress_core::Context::builder().answers(|answers| {
        answers.metrics(&metrics).format(formats).log_lines_per_second(1_000_000)
    });
    let app = app(context.build().unwrap());
    for entry in corpus {
        let (text, secrets) = planted(entry);
        for request in requests(&text) {
            let asked = request.uri().path().split('/').nth(1).unwrap().to_owned();
            let span = tracing::info_span!("request", request_id = tracing::field::Empty);
            let response = ask(app.clone(), request).instrument(span).await;
            let is_grpc = response.headers().contains_key("grpc-status");
            assert!(response.status().as_u16() >= 400 || is_grpc, "{asked}: {response:?}");
            let lines = log.take();
            let id = response.headers()["x-request-id"].to_str().unwrap();
            let in_span = format!("SPAN request_id={id:?}");
            assert!(lines.contains(&in_span), "{asked}: {in_span} in {lines:?}");
            assert!(
                lines.iter().any(|line| line.contains("message=request ")),
                "{asked}: {lines:?}"
            );
            let body = String::from_utf8_lossy(response.body());
            let status = tonic::Status::from_header_map(response.headers());
            let told = format!("{body} {:?} {status:?} {:?}", response.headers(), page.lines());
            let out =
                Out { told: &told, lines: &lines, is_fault: response.status().is_server_error() };
            for secret in &secrets {
                leak(&asked, &out, secret);
            }
        }
    }
}

/// Hears what goes to spans, too: a subscriber of a few lines has no current one.
struct Everything(Log);

impl<S: Subscriber> tracing_subscriber::Layer<S> for Everything {
    fn on_new_span(&self, span: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        self.0.new_span(span);
    }

    fn on_record(&self, span: &Id, values: &Record<'_>, _: Context<'_, S>) {
        self.0.record(span, values);
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        self.0.event(event);
    }
}

/// What comes out of one request.
pub struct Out<'a> {
    pub told: &'a str,
    pub lines: &'a [String],
    is_fault: bool,
}

#[tokio::test]
async fn no_secret_comes_out_anywhere() {
    assert!(CORPUS.len() >= 50);
    assert_tight(requests).await;
}

/// Of all that is planted in these requests, nothing comes out.
pub async fn assert_tight(requests: impl Fn(&str) -> Vec<Request<Body>>) {
    let mut leaks = Vec::new();
    let leak = |asked: &str, out: &Out<'_>, secret: &str| {
        if out.told.contains(secret) || out.lines.iter().any(|line| line.contains(secret)) {
            leaks.push(format!("{asked}: {secret} in {} {:?}", out.told, out.lines));
        }
    };
    plant(CORPUS, requests, leak).await;
    assert!(leaks.is_empty(), "{} leaks:\n{}", leaks.len(), leaks.join("\n"));
}

/// Nor do values and files come out, but to the log of a fault.
#[tokio::test]
async fn no_client_is_told_of_values_and_files() {
    let mut leaks = Vec::new();
    let leak = |asked: &str, out: &Out<'_>, secret: &str| {
        let is_logged = !out.is_fault && out.lines.iter().any(|line| line.contains(secret));
        if out.told.contains(secret) || is_logged {
            leaks.push(format!("{asked}: {secret} in {} {:?}", out.told, out.lines));
        }
    };
    plant(FOR_THE_LOG, requests, leak).await;
    assert!(leaks.is_empty(), "{} leaks:\n{}", leaks.len(), leaks.join("\n"));
}
