//! How the shop is paid: by a bank, which it asks through the outbound wall.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use axum::routing::post;
use axum::{Json, Router};
use buttress::BuildError;
use buttress::health::Check;
use buttress::outbound::OutboundService;
use buttress::prelude::*;
use buttress::retry::ReplayBody;
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tower::ServiceExt;

type HttpClient = Client<HttpConnector, ReplayBody<Full<Bytes>>>;

#[derive(Clone)]
pub(crate) struct Payments {
    client: OutboundService<HttpClient>,
    wall: Outbound,
    bank: Bank,
}

// ANCHOR: wall
/// The bank has two seconds in all. It never pays twice for the same key, so that a payment may be asked for again.
fn wall() -> Result<Outbound, BuildError> {
    Outbound::to("payments")
        .deadline(secs(2))
        .retry(
            Retry::up_to(3)
                .backoff(Backoff::exponential(ms(10)).max(ms(50)))
                .wait_for_refusals(false),
        )
        .circuit_breaker(CircuitBreaker::after(3).open_for(ms(200)..=ms(400)))
        .bulkhead(16)
        .attempt_timeout(ms(500))
        .build()
}
// ANCHOR_END: wall

impl Payments {
    /// Those of a bank that opens now.
    pub(crate) async fn open() -> Result<Self, buttress_examples::Failure> {
        let (wall, bank) = (wall()?.leak(), Bank::open().await?);
        let client = Client::builder(TokioExecutor::new()).build_http();
        Ok(Self { client: wall.layer_on(client), wall, bank })
    }

    /// The breaker: while it is open the shop sells on, so that makes nothing but the report worse.
    pub(crate) fn check(&self) -> Check {
        Check::new(self.wall.breaker().clone()).degrading()
    }

    pub(crate) fn bank(&self) -> &Bank {
        &self.bank
    }

    /// Asks the bank for it: a receipt.
    pub(crate) async fn pay(
        &self,
        context: &RequestContext,
        amount: u64,
    ) -> Result<Value, Problem> {
        let failed = |error: io::Error| Problem::dependency_failed("bank", error);
        let mut request = Request::post(format!("http://{}/payments", self.bank.address))
            .header("idempotency-key", context.id().as_str())
            .body(Full::from(amount.to_string()))
            .map_err(|error| failed(io::Error::other(error)))?;
        context.propagate(&mut request);
        // In its scope, the answer tells whoever asked the shop not to repeat what was repeated in vain.
        let answer = context.scope(self.client.clone().oneshot(request)).await;
        let answer = answer.map_err(|error| failed(io::Error::other(error)))?;
        // What the wall refused has the reason, and how long it takes.
        if let Some(problem) = answer.extensions().get::<Problem>() {
            return Err(problem.clone());
        }
        if !answer.status().is_success() {
            return Err(failed(io::Error::other(format!("the bank says {}", answer.status()))));
        }
        let receipt = answer.into_body().collect().await;
        let receipt = receipt.map_err(|error| failed(io::Error::other(error)))?.to_bytes();
        serde_json::from_slice(&receipt).map_err(|error| failed(error.into()))
    }
}

/// It has an address of its own, and may be closed.
#[derive(Clone, Debug)]
pub(crate) struct Bank {
    address: SocketAddr,
    closed: Arc<AtomicBool>,
    asked: Arc<AtomicU32>,
}

impl Bank {
    async fn open() -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let bank = Self { address, closed: Arc::default(), asked: Arc::default() };
        let (closed, asked) = (bank.closed.clone(), bank.asked.clone());
        let app = Router::new().route("/payments", post(async move |headers: HeaderMap| {
            asked.fetch_add(1, Ordering::Relaxed);
            if closed.load(Ordering::Relaxed) {
                return Err(StatusCode::SERVICE_UNAVAILABLE);
            }
            let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
            Ok(Json(json!({ "receipt": header("idempotency-key"), "request": header("x-request-id") })))
        }));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Ok(bank)
    }

    pub(crate) fn set_closed(&self, closed: bool) {
        self.closed.store(closed, Ordering::Relaxed);
        self.asked.store(0, Ordering::Relaxed);
    }

    /// How often it was asked since it was closed, or opened.
    pub(crate) fn asked(&self) -> u32 {
        self.asked.load(Ordering::Relaxed)
    }
}
