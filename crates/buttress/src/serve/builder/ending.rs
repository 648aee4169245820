use std::future::Future;
use std::time::Duration;

use super::{ServerBuilder, millis};

/// The end.
impl ServerBuilder {
    /// Sets for how long a server that was told to stop goes on serving, so that load balancers have time
    /// to look away. The default is 5 seconds; `SIGINT` and Ctrl-C skip it.
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

    /// Answers "draining" to readiness, from the beginning of the lead time on, so that load
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
}
