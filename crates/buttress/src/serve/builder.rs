mod ending;
mod limits;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use buttress_core::metrics::Metrics;
use buttress_core::{BuildError, Faults, clock};

use super::addresses::Addresses;
use super::hooks::Hooks;
use super::meters::Meters;
use super::phase::Plan;
use super::server::Server;
use super::settings::ServerSettings;
#[cfg(feature = "systemd")]
use super::systemd::Systemd;
use super::token::Hold;

/// Collects the settings of a [`Server`].
///
/// ```
/// use std::time::Duration;
///
/// use buttress::serve::Server;
///
/// let wrong = Server::builder()
///     .header_read_timeout(Duration::ZERO)
///     .proxy_protocol_from(["10.0.0/8"])
///     .http2(|http2| http2.concurrent_streams = 0)
///     .build();
/// assert_eq!(wrong.unwrap_err().faults().len(), 3);
/// ```
#[must_use = "nothing happens until `build` is called"]
pub struct ServerBuilder {
    settings: ServerSettings,
    metrics: Metrics,
    hooks: Hooks,
    #[cfg(feature = "systemd")]
    service_manager: bool,
    #[cfg(feature = "tls")]
    tls: Option<Arc<tokio_rustls::rustls::ServerConfig>>,
}

impl ServerBuilder {
    /// Sets whether `SIGTERM` and `SIGINT` are listened to, and the events of the console on Windows. The default is
    /// yes. Without, the [handle](Server::handle) alone begins the end.
    pub fn signals(mut self, listen: bool) -> Self {
        self.settings.signals = listen;
        self
    }

    /// Sets whether it tells the service manager how it goes, if there is one (see [`systemd`](super::systemd)). The
    /// default is yes. Of several servers in a process, one should speak for all: the manager takes the first `READY=1`
    /// for that of the whole service, and the first `STOPPING=1`.
    #[cfg(feature = "systemd")]
    pub fn service_manager(mut self, tell: bool) -> Self {
        self.service_manager = tell;
        self
    }

    /// Sets where metrics go. The default is nowhere.
    pub fn metrics(mut self, metrics: &Metrics) -> Self {
        self.metrics = metrics.clone();
        self
    }

    /// Checks the settings, once, so that no connection has to.
    ///
    /// # Errors
    ///
    /// Fails with every setting that is wrong.
    pub fn build(self) -> Result<Server, BuildError> {
        let mut faults = Faults::new();
        let server = self.built(&mut faults);
        faults.finish(server)
    }

    pub(super) fn built(self, faults: &mut Faults) -> Server {
        let settings = self.settings;
        let limits = settings.check(faults);
        let uncounted = settings.uncounted(faults);
        if settings.hook_timeout_ms == 0 {
            faults.add("hook_timeout_ms", "must be at least 1");
        }
        let lead = Duration::from_millis(settings.lead_time_ms);
        let grace = Duration::from_millis(settings.grace_ms);
        Server {
            limits: Arc::new(limits),
            addresses: Addresses::new(settings.connections_per_address, uncounted),
            plan: Plan::new(lead, grace),
            hooks: self.hooks,
            hook_time: Duration::from_millis(settings.hook_timeout_ms),
            signals: settings.signals,
            shutdown: Hold::new(),
            meters: Arc::new(Meters::new(&self.metrics)),
            #[cfg(feature = "tls")]
            tls: self.tls.map(super::tls::acceptor),
            #[cfg(feature = "systemd")]
            systemd: if self.service_manager {
                Systemd::from_environment()
            } else {
                Systemd::silent()
            },
        }
    }
}

impl From<ServerSettings> for ServerBuilder {
    fn from(settings: ServerSettings) -> Self {
        Self {
            settings,
            metrics: Metrics::none(),
            hooks: Hooks::default(),
            #[cfg(feature = "systemd")]
            service_manager: true,
            #[cfg(feature = "tls")]
            tls: None,
        }
    }
}

impl Default for ServerBuilder {
    fn default() -> Self {
        Self::from(ServerSettings::default())
    }
}

impl fmt::Debug for ServerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerBuilder")
            .field("settings", &self.settings)
            .field("hooks", &self.hooks)
            .finish_non_exhaustive()
    }
}

fn millis(duration: Duration) -> u64 {
    // Not to zero: what is given is never nothing at all, unless it is.
    if duration.is_zero() { 0 } else { clock::millis(duration).max(1) }
}
