use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use buttress_core::Faults;
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::addresses::Addresses;
use super::app::BoxError;
use super::body::RequestBody;
use super::builder::ServerBuilder;
use super::descriptors;
use super::hooks::Hooks;
use super::limits::Limits;
use super::listener::Listener;
use super::meters::Meters;
use super::news::News;
use super::phase::Plan;
use super::report::Report;
use super::running::Running;
#[cfg(feature = "systemd")]
use super::systemd::Systemd;
use super::token::{Hold, Shutdown};

/// A server: limits against slow and hostile clients, and a shutdown in phases. See the [module](super).
pub struct Server {
    pub(super) limits: Arc<Limits>,
    pub(super) addresses: Addresses,
    pub(super) plan: Plan,
    pub(super) hooks: Hooks,
    pub(super) hook_time: Duration,
    pub(super) signals: bool,
    pub(super) shutdown: Hold,
    pub(super) meters: Arc<Meters>,
    #[cfg(feature = "tls")]
    pub(super) tls: Option<tokio_rustls::TlsAcceptor>,
    #[cfg(feature = "systemd")]
    pub(super) systemd: Systemd,
}

impl Server {
    /// Starts from the defaults, which are good for most.
    pub fn builder() -> ServerBuilder {
        ServerBuilder::default()
    }

    /// Begins the shutdown from elsewhere, and tells how far it has come.
    #[must_use]
    pub fn handle(&self) -> Shutdown {
        self.shutdown.clone()
    }

    /// Serves `app` to the clients of `listener`, until a signal or a [handle](Self::handle) asks for the end and all
    /// its phases are over.
    ///
    /// Dropping the future closes every connection at once, and runs no hook.
    pub async fn serve<L, S, B>(self, listener: L, app: S) -> Report
    where
        L: Listener,
        S: Service<Request<RequestBody>, Response = Response<B>> + Clone + Send + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send,
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        descriptors::check(self.limits.connections);
        let mut news = News::new(self.shutdown.clone(), self.signals);
        let hook_time = self.hook_time;
        let mut running = Running::new(self, prepared(app));
        running.until_the_end(listener, &mut news).await;
        running.finish(hook_time, &mut news).await
    }
}

/// axum's router makes its handlers ready for each request anew, unless it is told that nothing more comes.
fn prepared<S: 'static>(app: S) -> S {
    #[cfg(feature = "axum")]
    {
        let mut app = app;
        let any: &mut dyn std::any::Any = &mut app;
        if let Some(router) = any.downcast_mut::<axum::Router>() {
            *router = std::mem::take(router).with_state(());
        }
        app
    }
    #[cfg(not(feature = "axum"))]
    app
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Default for Server {
    /// With the defaults of [`builder`](Self::builder).
    fn default() -> Self {
        ServerBuilder::default().built(&mut Faults::new())
    }
}
