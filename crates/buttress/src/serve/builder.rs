use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use buttress_core::metrics::Metrics;
use buttress_core::{BuildError, Faults};

use super::addresses::Addresses;
use super::hooks::Hooks;
use super::meters::Meters;
use super::phase::Plan;
use super::server::Server;
use super::settings::{Http2Settings, ServerSettings};
#[cfg(feature = "systemd")]
use super::systemd::Systemd;
use super::token::Shutdown;

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
    #[cfg(feature = "tls")]
    tls: Option<Arc<tokio_rustls::rustls::ServerConfig>>,
}

/// Limits.
impl ServerBuilder {
    /// Sets how long the first head of a request may take, from the moment of the connection; PROXY header,
    /// TLS handshake and the recognition of the protocol are part of it. For each later head the same time
    /// counts from its first byte. The default is 10 seconds.
    pub fn header_read_timeout(mut self, timeout: Duration) -> Self {
        self.settings.header_read_timeout_ms = millis(timeout);
        self
    }

    /// Sets the longest head of a request, in bytes. Beyond it the answer is 431. The default is 32 KiB.
    pub fn header_bytes(mut self, most: usize) -> Self {
        self.settings.header_bytes = most;
        self
    }

    /// Sets how many header fields a request may have. Beyond it the answer is 431. The default is 100.
    pub fn header_count(mut self, most: usize) -> Self {
        self.settings.header_count = most;
        self
    }

    /// Sets the longest path and query, in bytes. Beyond it the answer is 414. The default is 8 KiB.
    pub fn uri_length(mut self, most: usize) -> Self {
        self.settings.uri_length = most;
        self
    }

    /// Sets whether a head is refused in which a line ends in a line feed alone. The default is yes.
    pub fn refuse_bare_line_feeds(mut self, refuse: bool) -> Self {
        self.settings.refuse_bare_line_feeds = refuse;
        self
    }

    /// Sets how many connections there may be. At that many, accepting waits, and the system queues who
    /// comes. The default is 10,000.
    pub fn connections(mut self, most: usize) -> Self {
        self.settings.connections = most;
        self
    }

    /// Sets how many connections one client may have: an IPv4 address, or an IPv6 network of 64 bits. One
    /// more is closed at once. The default is 256.
    ///
    /// A load balancer that does not speak the PROXY protocol is one client: see
    /// [`uncounted_addresses`](Self::uncounted_addresses).
    pub fn connections_per_address(mut self, most: usize) -> Self {
        self.settings.connections_per_address = most;
        self
    }

    /// Adds addresses and networks whose connections are not counted by address. The default is none.
    pub fn uncounted_addresses<I>(mut self, addresses: I) -> Self
    where
        I: IntoIterator<Item: Into<String>>,
    {
        self.settings.uncounted_addresses.extend(addresses.into_iter().map(Into::into));
        self
    }

    /// Sets how long a connection is kept without a request. The default is 75 seconds, longer than load
    /// balancers commonly keep theirs, so that they close first.
    pub fn keep_alive_idle(mut self, idle: Duration) -> Self {
        self.settings.keep_alive_idle_ms = millis(idle);
        self
    }

    /// Sets how old a connection may become, give or take a tenth. Then HTTP/2 says GOAWAY, and HTTP/1 says
    /// `Connection: close` with its next answer; what is under way ends as it will. `None` is for ever. The
    /// default is an hour.
    pub fn max_connection_age(mut self, age: impl Into<Option<Duration>>) -> Self {
        self.settings.max_connection_age_ms = age.into().map(millis);
        self
    }

    /// Sets how long a client may keep a body waiting, in either direction. The default is 30 seconds.
    pub fn stall_timeout(mut self, timeout: Duration) -> Self {
        self.settings.stall_timeout_ms = millis(timeout);
        self
    }

    /// Sets how many bytes a second a client must move while the server waits for it. Each byte earns back
    /// its share of the [stall timeout](Self::stall_timeout); with zero, any byte earns all of it. The
    /// default is 100.
    pub fn min_bytes_per_second(mut self, rate: u32) -> Self {
        self.settings.min_bytes_per_second = rate;
        self
    }

    /// Adds proxies, as networks or addresses, whose connections begin with a PROXY header, of either
    /// version. The default is none.
    ///
    /// From them the header must come: a connection without is closed. From anybody else it is no request,
    /// and is answered so.
    pub fn proxy_protocol_from<I>(mut self, proxies: I) -> Self
    where
        I: IntoIterator<Item: Into<String>>,
    {
        self.settings.proxy_protocol_from.extend(proxies.into_iter().map(Into::into));
        self
    }

    /// Changes what only HTTP/2 has.
    pub fn http2(mut self, change: impl FnOnce(&mut Http2Settings)) -> Self {
        change(&mut self.settings.http2);
        self
    }

    /// Serves over TLS. If the configuration names no protocols for ALPN, `h2` and `http/1.1` are offered.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, config: impl Into<Arc<tokio_rustls::rustls::ServerConfig>>) -> Self {
        self.tls = Some(config.into());
        self
    }
}

/// The end.
impl ServerBuilder {
    /// Sets for how long a server that was told to stop goes on serving, so that load balancers have time
    /// to look away. The default is 5 seconds; `SIGINT` skips it.
    pub fn lead_time(mut self, lead: Duration) -> Self {
        self.settings.lead_time_ms = millis(lead);
        self
    }

    /// Sets how long requests under way may take after the lead time, before they are cut off. The default
    /// is 25 seconds.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.settings.grace_ms = millis(grace);
        self
    }

    /// Calls `call` when the server was told to stop, at the beginning of the lead time: what reports
    /// readiness goes here. It must not block.
    pub fn on_drain(mut self, call: impl FnOnce() + Send + 'static) -> Self {
        self.hooks.on_drain(call);
        self
    }

    /// Says «draining» to whoever asks for readiness, from the beginning of the lead time on, so that load
    /// balancers go elsewhere while everything is still served.
    ///
    /// ```
    /// use buttress::health::{HealthChecks, Status};
    /// use buttress::serve::Server;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let health = HealthChecks::default();
    /// let server = Server::builder().health(&health).lead_time(std::time::Duration::ZERO).build()?;
    /// # let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    /// server.handle().begin();
    /// server.serve(listener, axum::Router::new()).await;
    /// assert_eq!(health.status(), Status::Draining);
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "health")]
    pub fn health(self, health: &buttress_health::HealthChecks) -> Self {
        let health = health.clone();
        self.on_drain(move || health.drain())
    }

    /// Runs `hook` when the last connection has ended, after the hooks that were added before it: flush
    /// telemetry last.
    pub fn hook<F>(
        mut self,
        name: impl Into<String>,
        hook: impl FnOnce() -> F + Send + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.hooks.at_the_end(name.into(), hook);
        self
    }

    /// Sets how long each hook may take. The default is 5 seconds.
    pub fn hook_timeout(mut self, timeout: Duration) -> Self {
        self.settings.hook_timeout_ms = millis(timeout);
        self
    }

    /// Sets whether `SIGTERM`, `SIGINT` and Ctrl-C are listened to. The default is yes. Without, the
    /// [handle](Server::handle) alone begins the end.
    pub fn signals(mut self, listen: bool) -> Self {
        self.settings.signals = listen;
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
            shutdown: Shutdown::new(),
            meters: Arc::new(Meters::new(&self.metrics)),
            #[cfg(feature = "tls")]
            tls: self.tls.map(super::tls::acceptor),
            #[cfg(feature = "systemd")]
            systemd: Systemd::from_environment(),
        }
    }
}

fn millis(duration: Duration) -> u64 {
    // Not to zero: what is given is never nothing at all, unless it is.
    let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    if duration.is_zero() { 0 } else { millis.max(1) }
}

impl From<ServerSettings> for ServerBuilder {
    fn from(settings: ServerSettings) -> Self {
        Self {
            settings,
            metrics: Metrics::none(),
            hooks: Hooks::default(),
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
