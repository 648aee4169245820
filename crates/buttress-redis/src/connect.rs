use std::error::Error;
use std::fmt;

use buttress_core::BuildError;

use crate::{Redis, RedisBuilder, RedisError, RedisSettings};

impl Redis {
    /// Connects by a URL, or by [settings](RedisSettings) that may come from a file: checks them, and waits until it
    /// [is connected](Self::connected). With `lazy` in the settings it waits for nothing.
    ///
    /// ```
    /// use buttress_redis::{ConnectError, Redis, RedisSettings};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let server = buttress_testkit::redis::Server::start().await;
    /// # let url = server.url();
    /// let redis = Redis::connect(url).await?;
    /// assert!(redis.is_connected());
    /// assert!(redis.known_seed().is_some(), "all who connect there make the same keys");
    ///
    /// // Nobody listens there.
    /// let file = r#"{ "url": "redis://127.0.0.1:1", "connect_timeout_ms": 100, "lazy": false }"#;
    /// let mut settings: RedisSettings = serde_json::from_str(file)?;
    /// let error = Redis::connect(settings.clone()).await.unwrap_err();
    /// assert!(matches!(error, ConnectError::Redis(_)));
    ///
    /// // It may start all the same, and connects when it can.
    /// settings.lazy = true;
    /// let redis = Redis::connect(settings).await?;
    /// assert!(!redis.is_connected());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails with every setting that is wrong, or with the reason why there is no connection.
    pub async fn connect(settings: impl Into<RedisSettings>) -> Result<Self, ConnectError> {
        RedisBuilder::from(settings.into()).connect().await
    }
}

/// Why [`Redis::connect`] gave no handle.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ConnectError {
    /// The settings are wrong, each of those that it names.
    Settings(BuildError),
    /// There was no connection in time.
    Redis(RedisError),
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Settings(error) => error.fmt(f),
            Self::Redis(error) => error.fmt(f),
        }
    }
}

/// It says what the error in it says, so that is no source.
impl Error for ConnectError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Settings(error) => error.source(),
            Self::Redis(error) => error.source(),
        }
    }
}

impl From<BuildError> for ConnectError {
    fn from(error: BuildError) -> Self {
        Self::Settings(error)
    }
}

impl From<RedisError> for ConnectError {
    fn from(error: RedisError) -> Self {
        Self::Redis(error)
    }
}
