//! Timeouts: nothing waits for an answer that has not begun in time, nor for a body that stands still.
//!
//! ```
//! use buttress_core::clock::{TokioTimer, ms};
//! use buttress_core::{Code, Problem};
//! use buttress_overload::timeout::Timeout;
//! use http::{Request, Response};
//! # use std::convert::Infallible;
//! # use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let client = service_fn(|request: Request<u64>| async move {
//! #     tokio::time::sleep(ms(*request.body())).await;
//! #     Ok::<_, Infallible>(Response::new(String::new()))
//! # });
//! // A client that takes as many milliseconds as it is told.
//! let client = Timeout::after(ms(100), TokioTimer).layer().layer(client);
//!
//! assert_eq!(client.clone().oneshot(Request::new(99)).await?.status(), 200);
//! let late = client.oneshot(Request::new(101)).await?;
//! assert_eq!(late.status(), 504);
//! assert_eq!(late.extensions().get::<Problem>().unwrap().code(), Code::TIMED_OUT);
//! # Ok(())
//! # }
//! ```
//!
//! Without tower, around any async call; the error is one that a [`Problem`] can become:
//!
//! ```
//! use buttress_core::clock::{TokioTimer, ms};
//! use buttress_core::{Code, Problem};
//! use buttress_overload::timeout::Timeout;
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() {
//! let timeout = Timeout::after(ms(100), TokioTimer);
//! let never = timeout.run(|| std::future::pending::<Result<u32, Problem>>()).await;
//! assert_eq!(never.unwrap_err().code(), Code::TIMED_OUT);
//! # }
//! ```
//!
//! # Which time is meant
//!
//! | | from | until |
//! |---|---|---|
//! | [`Timeout`] | the first time the answer has to be waited for | its head |
//! | [`BodyTimeoutLayer::idle`] | the first time a frame has to be waited for | that frame |
//! | [`BodyTimeoutLayer::whole`] | the first time the body has to be waited for | its end |
//!
//! A call as a whole, with all its attempts and up to the head of its answer, has a [deadline](crate::deadline).
//!
//! # Guarantees
//!
//! - A service that answers at once costs no timer and no look at a clock.
//! - A call that has run out of time is dropped in the same poll that says so, not only with the future around it.
//! - An answer that is there when the time is over is returned: ready goes before over.
//! - `poll_ready`, requests, answers and errors of the service pass as they are.
//!
//! # Cancellation
//!
//! Dropping the future drops the call inside, and the timer.
//!
//! # Cost
//!
//! One branch if the answer is there at once; a timer if not. No allocation.
//!
//! # Errors
//!
//! A call that has run out of time gets a problem with the code [`TIMED_OUT`](buttress_core::Code::TIMED_OUT), status
//! 504: as a response where there is HTTP, else as an error. A body fails with a [`BodyError`]. For a breaker outside
//! both are failures; for a retry, the request may have been worked on.

mod body;
mod body_layer;
mod future;
mod service;

use std::fmt;
use std::future::Future;
use std::time::Duration;

use buttress_core::clock::Timer;
use buttress_core::metrics::{Counter, Description, Metric, Metrics};
use buttress_core::outcome::AsError;
use buttress_core::stage::Rewrap;
use buttress_core::sync::Shared;
use buttress_core::{Code, Problem};

pub use self::body::{BodyError, TimedBody};
pub use self::body_layer::{BodyTimeout, BodyTimeoutFuture, BodyTimeoutLayer};
pub use self::future::ResponseFuture;
pub use self::service::{TimedOut, TimeoutLayer};
use crate::work::Work;

const EXPIRED: Metric<Counter, 1> = Metric::counter(
    "buttress_timeout_expired_total",
    "Calls whose answer had not begun when their time was over",
)
.labels(&["timeout"]);

/// Every metric of a timeout.
pub const CATALOGUE: &[Description] = &[*EXPIRED.description()];

/// How long a call may take until its answer begins. See the [module](self) for examples.
#[derive(Clone)]
pub struct Timeout<T> {
    time: Duration,
    timer: T,
    /// None, if nobody counts.
    expired: Option<Shared<Counter>>,
}

/// The future of [`Timeout::run`].
pub type Run<F, T> = ResponseFuture<F, Work, T, AsError>;

impl<T: Timer + Clone> Timeout<T> {
    /// So long. With no time at all, what is not ready at once has run out of it.
    pub fn after(time: Duration, timer: T) -> Self {
        Self { time, timer, expired: None }
    }

    /// Counts what runs out of time, under this name. The default is not to.
    #[must_use]
    pub fn metrics(self, metrics: &Metrics, name: &str) -> Self {
        Self { expired: Some(Shared::new(metrics.bind(&EXPIRED, [name]))), ..self }
    }

    /// Keeps what it counts with for as long as the program runs, and spares every call the counting of references.
    /// Without [`metrics`](Self::metrics) there is nothing to keep.
    #[must_use]
    pub fn leak(self) -> Self {
        Self { expired: self.expired.map(Shared::leak), ..self }
    }

    /// A layer for requests of HTTP. For any others there is [`as_error`](TimeoutLayer::as_error).
    pub fn layer(&self) -> TimeoutLayer<T, Rewrap> {
        TimeoutLayer::new(self.clone())
    }

    /// Calls `work`, and waits for it no longer than that.
    pub fn run<F, Fut, R, E>(&self, work: F) -> Run<F, T>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<R, E>>,
        E: From<Problem>,
    {
        ResponseFuture::new(work(), self.clone(), ())
    }

    /// How long.
    #[must_use]
    pub const fn time(&self) -> Duration {
        self.time
    }
}

impl<T> Timeout<T> {
    /// The problem of a call whose time is over, which is counted: for code that watches the time itself.
    ///
    /// ```
    /// use buttress_core::clock::ms;
    /// use buttress_core::Code;
    /// use buttress_overload::NoTimer;
    /// use buttress_overload::timeout::Timeout;
    ///
    /// let timeout = Timeout::after(ms(100), NoTimer);
    /// assert_eq!(timeout.expire().code(), Code::TIMED_OUT);
    /// ```
    #[cold]
    pub fn expire(&self) -> Problem {
        if let Some(expired) = &self.expired {
            expired.increment(1);
        }
        Problem::new(Code::TIMED_OUT)
    }
}

impl<T> fmt::Debug for Timeout<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timeout").field("time", &self.time).finish_non_exhaustive()
    }
}
