//! Servers, clients, and the service that most tests talk to.

mod app;
mod client;
mod flights;
mod health;
mod server;

use std::future::Future;
use std::time::Duration;

use tokio::time::timeout;

pub(crate) use self::app::{Host, wall};
pub(crate) use self::client::{Answer, Client, Protocol, head, http2};
pub(crate) use self::flights::{Endless, Flights, guarded};
pub(crate) use self::health::{Checks, channel, health_client};
pub(crate) use self::server::{Server, prompt, serve_axum, serve_hyper, serve_ours, serve_tonic};

/// Waits for what has to come; the deadline is there to fail, not to be met.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    let Ok(output) = timeout(Duration::from_secs(30), future).await else {
        panic!("waited 30 s for {what}");
    };
    output
}
