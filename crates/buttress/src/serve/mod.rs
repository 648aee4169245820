//! A server.

mod addresses;
mod ahead;
mod alarm;
mod backoff;
mod body;
mod builder;
mod cause;
mod connection;
mod detect;
mod door;
mod frames;
mod head;
mod hooks;
mod limits;
mod link;
mod listener;
mod meters;
mod pace;
mod phase;
pub mod proxy;
mod report;
mod server;
mod settings;
mod signals;
mod stream;
#[cfg(feature = "systemd")]
pub mod systemd;
#[cfg(feature = "tls")]
mod tls;
mod token;
mod vigil;
mod wire;

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

pub use self::body::{BodyError, RequestBody};
pub use self::builder::ServerBuilder;
pub use self::listener::{Both, Either, Listener};
pub use self::meters::CATALOGUE;
pub use self::phase::Phase;
pub use self::report::{Aborted, Report};
pub use self::server::Server;
pub use self::settings::{Http2Settings, ServerSettings};
pub use self::token::Shutdown;

/// Serves `app` with the defaults.
///
/// # Errors
///
/// Fails if something had to be cut off at the end.
pub async fn serve<L, S, B>(listener: L, app: S) -> Result<Report, Aborted>
where
    L: Listener,
    S: Service<Request<RequestBody>, Response = Response<B>> + Clone + Send + 'static,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    S::Future: Send,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    Server::default().serve(listener, app).await.into_result()
}
