use std::error::Error;
use std::fmt;
use std::process::ExitCode;
use std::time::Duration;

/// How a server ended.
///
/// ```
/// use buttress::serve::Server;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let server = Server::builder().lead_time(std::time::Duration::ZERO).signals(false).build()?;
/// server.handle().begin();
///
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
/// let report = server.serve(listener, axum::Router::new()).await;
/// assert_eq!((report.connections(), report.aborted_requests()), (0, 0));
/// assert_eq!(report.to_string(), "served 0 requests over 0 connections, aborted none");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[must_use = "it says whether requests were cut off"]
pub struct Report {
    pub(super) connections: u64,
    pub(super) requests: u64,
    pub(super) aborted_connections: u64,
    pub(super) aborted_requests: u64,
    pub(super) panicked: u64,
    pub(super) failed: u64,
    pub(super) broken_hooks: u64,
    pub(super) shutdown: Duration,
}

impl Report {
    /// Connections that were served, those that were cut off among them.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.connections
    }

    /// Requests that were served, those that were cut off among them.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.requests
    }

    /// Connections that were open when the grace period ended, and were cut off. It is no loss by itself: one on
    /// which nothing is under way has nothing to lose.
    #[must_use]
    pub fn aborted_connections(&self) -> u64 {
        self.aborted_connections
    }

    /// Requests that were under way on them. A WebSocket counts as one.
    #[must_use]
    pub fn aborted_requests(&self) -> u64 {
        self.aborted_requests
    }

    /// How often the application panicked: that ends the connection over HTTP/1, and the stream over HTTP/2.
    #[must_use]
    pub fn panicked(&self) -> u64 {
        self.panicked
    }

    /// How often the application failed, and its client has no whole answer: its service said an error rather than an
    /// answer, as an axum `Router` never does, or the body of an answer broke off.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.failed
    }

    /// Hooks that panicked or did not end in time.
    #[must_use]
    pub fn broken_hooks(&self) -> u64 {
        self.broken_hooks
    }

    /// How long the shutdown took, from the first word of it to the last hook.
    #[must_use]
    pub fn shutdown(&self) -> Duration {
        self.shutdown
    }

    /// Whether all that had begun was finished: no request was cut off, and each hook ended well.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.aborted_requests == 0 && self.broken_hooks == 0
    }

    /// What `main` should return: success if it [is clean](Self::is_clean).
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        if self.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    /// The same for a `main` that returns errors.
    ///
    /// # Errors
    ///
    /// Fails unless it [is clean](Self::is_clean).
    pub fn into_result(self) -> Result<Self, Aborted> {
        if self.is_clean() { Ok(self) } else { Err(Aborted { report: self }) }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { connections, requests, aborted_connections, aborted_requests, .. } = self;
        write!(f, "served {requests} requests over {connections} connections, aborted ")?;
        match (aborted_connections, aborted_requests) {
            (0, 0) => f.write_str("none")?,
            _ => write!(f, "{aborted_requests} requests and {aborted_connections} connections")?,
        }
        match self.broken_hooks {
            0 => Ok(()),
            hooks => write!(f, "; {hooks} hooks did not end well"),
        }
    }
}

/// The server ended, and not everything was finished. See [`Report::into_result`].
///
/// ```
/// use buttress::serve::{Aborted, Server};
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let server = Server::builder()
///     .hook_timeout(Duration::from_millis(1))
///     .hook("flush telemetry", std::future::pending) // never ends
/// #   .lead_time(Duration::ZERO).signals(false)
///     .build()?;
/// # server.handle().begin();
///
/// # let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
/// let ended = server.serve(listener, axum::Router::new()).await.into_result();
/// let aborted: Aborted = ended.unwrap_err();
/// assert_eq!(aborted.report().broken_hooks(), 1);
/// assert!(aborted.to_string().starts_with("the server did not end cleanly: it served 0 requests"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Aborted {
    report: Report,
}

impl Aborted {
    /// All there is to say.
    pub fn report(&self) -> Report {
        self.report
    }
}

impl fmt::Display for Aborted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the server did not end cleanly: it {}", self.report)
    }
}

impl Error for Aborted {}
