//! What the shop sells, and how it fails.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::{ConnectInfo, DefaultBodyLimit, State};
use axum::routing::{get, post};
use axum::{Extension, Router};
use buttress::error_envelope::ErrorsLayer;
use buttress::error_envelope::extract::{Json, Path};
use buttress::health::Check;
use buttress::prelude::*;
use buttress::{Health, codes};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use tower::ServiceBuilder;
use tower::limit::ConcurrencyLimitLayer;
use tower::load_shed::LoadShedLayer;

use crate::gifts;
use crate::guests::Guests;
use crate::payments::Payments;

codes! {
    /// There was one, but somebody has it now.
    SOLD_OUT = CONFLICT, "This article is sold out.";
}

/// Nothing here wants to hear more than this.
const MOST_BYTES: usize = 16 * 1024;

pub(crate) fn routes(stock: Stock, guests: Guests, payments: Payments) -> Router {
    // Nobody is let in, so everybody is one too many.
    let crowded = ServiceBuilder::new()
        .layer(ErrorsLayer::tower().keep_body())
        .layer(LoadShedLayer::new())
        .layer(ConcurrencyLimitLayer::new(0));
    Router::new()
        .route("/", get(welcome))
        .route("/articles/{id}", get(article))
        .route("/orders", post(order))
        .route("/login", post(login))
        .route("/whoami", get(whoami))
        .route("/panic", get(panics))
        .route("/sale", get(welcome).layer(crowded))
        .route("/stock/lose", post(async |State(stock): State<Stock>| stock.set_lost(true)))
        .route("/stock/find", post(async |State(stock): State<Stock>| stock.set_lost(false)))
        .merge(gifts::routes())
        .route("/guests", post(come_in))
        .route("/payments", post(pay))
        .route("/bank/asked", get(bank_asked))
        .route(
            "/bank/close",
            post(async |payments: Extension<Payments>| payments.bank().set_closed(true)),
        )
        .route(
            "/bank/open",
            post(async |payments: Extension<Payments>| payments.bank().set_closed(false)),
        )
        .layer(Extension(payments))
        .layer(Extension(guests))
        .layer(DefaultBodyLimit::max(MOST_BYTES))
        .with_state(stock)
}

/// What is in the store room, unless somebody loses the key.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stock {
    lost: Arc<AtomicBool>,
}

impl Stock {
    /// What a service would ask of its database.
    pub(crate) fn check(&self) -> Check {
        let lost = self.lost.clone();
        Check::of("stock", move || {
            let lost = lost.load(Ordering::Relaxed);
            async move { if lost { Health::down("the key is lost") } else { Health::up() } }
        })
    }

    fn set_lost(&self, lost: bool) {
        self.lost.store(lost, Ordering::Relaxed);
    }

    /// An article: its name, and how many of it there are.
    fn find(&self, id: u64) -> Result<(&'static str, u64), Problem> {
        if self.lost.load(Ordering::Relaxed) {
            let key = std::io::Error::other("no key at hook 7, the spare one is under the mat");
            return Err(Problem::dependency_failed("stock", key));
        }
        match id {
            7 => Ok(("lamp", 12)),
            8 => Ok(("chair", 4)),
            9 => Ok(("sofa", 0)),
            _ => Err(Problem::not_found()),
        }
    }
}

async fn welcome() -> &'static str {
    "Welcome! There are lamps (7), chairs (8) and a sofa (9).\n"
}

async fn article(State(stock): State<Stock>, Path(id): Path<u64>) -> Result<Json<Value>, Problem> {
    let (name, amount) = stock.find(id)?;
    Ok(Json(json!({ "id": id, "name": name, "stock": amount })))
}

#[derive(Deserialize)]
struct Order {
    article: u64,
    amount: u64,
}

async fn order(
    State(stock): State<Stock>,
    Json(order): Json<Order>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    if order.amount == 0 {
        return Err(Problem::validation([Detail::body(
            "/amount",
            "too_small",
            "must be at least 1",
        )]));
    }
    let (name, amount) = stock.find(order.article)?;
    if order.amount > amount {
        return Err(Problem::new(SOLD_OUT));
    }
    Ok((StatusCode::CREATED, Json(json!({ "ordered": name, "amount": order.amount }))))
}

#[derive(Deserialize)]
struct Login {
    name: String,
    password: String,
}

/// Everybody has the same password here.
async fn login(Json(login): Json<Login>) -> Result<Json<Value>, Problem> {
    if login.password != "open sesame" {
        return Err(Problem::new(Code::UNAUTHENTICATED).with_message("Nobody has this password."));
    }
    Ok(Json(json!({ "welcome": login.name })))
}

#[derive(Deserialize)]
struct Payment {
    amount: u64,
}

async fn pay(
    Extension(payments): Extension<Payments>,
    Extension(context): Extension<RequestContext>,
    Json(payment): Json<Payment>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let receipt = payments.pay(&context, payment.amount).await?;
    Ok((StatusCode::CREATED, Json(receipt)))
}

async fn bank_asked(payments: Extension<Payments>) -> axum::Json<Value> {
    axum::Json(json!({ "times": payments.bank().asked() }))
}

async fn come_in(guests: Extension<Guests>) -> axum::Json<Value> {
    let (guests, of) = guests.count().await;
    axum::Json(json!({ "guests": guests, "of": of }))
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
