use std::time::Duration;

use buttress_core::clock::millis;
use buttress_core::metrics::Metrics;
use buttress_core::{BuildError, Secret};

use crate::seed::KEYS;
use crate::{ConnectError, Redis, RedisSettings};

/// Collects the settings of [`Redis`].
///
/// ```
/// use buttress_redis::Redis;
/// use std::time::Duration;
///
/// let redis = Redis::builder("redis://cache.internal:6379/0")
///     .prefix("shop")
///     .response_timeout(Duration::from_millis(200))
///     .build()?;
/// assert!(!format!("{redis:?}").is_empty());
/// # Ok::<_, buttress_core::BuildError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing happens until `build` is called"]
pub struct RedisBuilder {
    settings: RedisSettings,
    tls: crate::tls::Given,
    metrics: Metrics,
}

impl RedisBuilder {
    /// Sets as whom to speak to the servers, where the URL does not say it. The password stands here as it is.
    pub fn login(mut self, user: Option<String>, password: impl Into<String>) -> Self {
        self.settings.user = user;
        self.settings.password = Some(Secret::new(password.into()));
        self
    }

    /// Sets whether [`connect`](Self::connect) does without a connection, for a service that may start while Redis is
    /// down. By default it does not.
    pub fn lazy(mut self, lazy: bool) -> Self {
        self.settings.lazy = lazy;
        self
    }

    /// Sets how many connections there are, from 1 to 4. The default is 2.
    pub fn connections(mut self, connections: u8) -> Self {
        self.settings.connections = connections;
        self
    }

    /// Sets how long connecting may take. The default is half a second.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.settings.connect_timeout_ms = millis(timeout);
        self
    }

    /// Sets how long a call may take, unless it is given [less](crate::Call::within). The default is half a second.
    pub fn response_timeout(mut self, timeout: Duration) -> Self {
        self.settings.response_timeout_ms = millis(timeout);
        self
    }

    /// Sets how many calls may be under way. The default is 4,096.
    pub fn in_flight(mut self, most: usize) -> Self {
        self.settings.in_flight = most;
        self
    }

    /// Sets what every key begins with. The default is `buttress`.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.settings.prefix = prefix.into();
        self
    }

    /// Sets what the server calls our connections. The default is `buttress`.
    pub fn client_name(mut self, name: impl Into<String>) -> Self {
        self.settings.client_name = name.into();
        self
    }

    /// Sets as whom to speak to sentinels. The default is nobody; the login in the URL is that of the master.
    pub fn sentinel_login(mut self, user: Option<String>, password: impl Into<String>) -> Self {
        self.settings.sentinel_user = user;
        self.settings.sentinel_password = Some(Secret::new(password.into()));
        self
    }

    /// Sets whether to speak TLS to sentinels. The default is what the scheme of the URL says for all.
    pub fn sentinel_tls(mut self, is_spoken: bool) -> Self {
        self.settings.sentinel_tls = Some(is_spoken);
        self
    }

    /// Shakes hands by this configuration, where TLS is spoken. Without it there are the
    /// [settings](crate::TlsSettings).
    #[cfg(feature = "tls")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tls")))]
    pub fn tls(
        mut self,
        config: impl Into<std::sync::Arc<tokio_rustls::rustls::ClientConfig>>,
    ) -> Self {
        self.tls = self.tls.by(config.into());
        self
    }

    /// Sets the name that every certificate must have, whatever the address. The default is the host by which a server
    /// is known; see [`TlsSettings::server_name`](crate::TlsSettings::server_name).
    #[cfg(feature = "tls")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tls")))]
    pub fn server_name(mut self, name: impl Into<String>) -> Self {
        self.tls = self.tls.named(name.into());
        self
    }

    /// Counts and measures there. The default is nowhere.
    pub fn metrics(mut self, metrics: &Metrics) -> Self {
        self.metrics = metrics.clone();
        self
    }

    /// Checks the settings, and waits until it [is connected](Redis::connected), unless it is [lazy](Self::lazy). Then
    /// it asks for the [seed](Redis::seed) `keys`, and draws it if there is none; that a user may not is no error.
    ///
    /// # Errors
    ///
    /// Fails with every setting that is wrong, or with the reason why there is no connection.
    pub async fn connect(self) -> Result<Redis, ConnectError> {
        let lazy = self.settings.lazy;
        let redis = self.build()?;
        if !lazy {
            redis.connected().await?;
            // Who needs it and has not got it says so.
            let _ = redis.seed(KEYS).await;
        }
        Ok(redis)
    }

    /// Checks the settings, and waits for nothing. Within a tokio runtime it begins to connect; else the first call
    /// does.
    ///
    /// # Errors
    ///
    /// Fails with every setting that is wrong.
    pub fn build(self) -> Result<Redis, BuildError> {
        let settings = self.settings.check(self.tls)?;
        let redis = Redis::new(settings, &self.metrics);
        // Where there is no runtime yet, the first call begins.
        let _ = redis.layout();
        Ok(redis)
    }
}

impl From<RedisSettings> for RedisBuilder {
    fn from(settings: RedisSettings) -> Self {
        Self { settings, tls: crate::tls::Given::default(), metrics: Metrics::none() }
    }
}
