//! Deadlines: how long a call may take in all, with whatever it does to succeed.
//!
//! A deadline stands outermost. It is the soonest of its own time, of what the request brings along (in its extensions,
//! its context or its headers), and of the scope around; layers inside can ask for it, and the next hop is told, if you
//! say so. The caller is answered in time, whatever retries, queues and timeouts do inside.
//!
//! ```
//! use buttress_core::Deadline;
//! use buttress_core::clock::{Clock, SystemClock, TokioTimer, ms, secs};
//! use buttress_core::deadline::Wire;
//! use buttress_overload::deadline::DeadlineLayer;
//! use http::{Request, Response};
//! # use std::convert::Infallible;
//! # use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let client = service_fn(|request: Request<()>| async move {
//!     let left = Deadline::current().unwrap().remaining(SystemClock.now());
//!     assert!(left <= secs(5), "whoever is inside can ask for it");
//!     assert!(request.headers().contains_key("x-request-timeout-ms"));
//!     Ok::<_, Infallible>(Response::new(String::new()))
//! });
//! let layer = DeadlineLayer::after(secs(30), TokioTimer).tells(Wire::default());
//! let client = layer.layer(client);
//!
//! let mut request = Request::new(());
//! request.extensions_mut().insert(Deadline::after(SystemClock.now(), secs(5)));
//! assert_eq!(client.clone().oneshot(request).await?.status(), 200);
//!
//! // What is over is not begun.
//! let mut late = Request::new(());
//! late.extensions_mut().insert(Deadline::at(SystemClock.now()));
//! assert_eq!(client.oneshot(late).await?.status(), 504);
//! # Ok(())
//! # }
//! ```
//!
//! # Guarantees
//!
//! - A deadline only ever comes closer.
//! - A call that comes too late never reaches the service inside.
//! - In the service inside, [`Deadline::current`](buttress_core::Deadline::current) is this one: while it is called,
//!   and whenever its future is polled.
//! - A call that has run out of time is dropped in the same poll that says so.
//! - The deadline of the request around, in its [context](buttress_core::RequestContext), is not shortened by that of
//!   one call.
//!
//! # Cancellation
//!
//! Dropping the future drops the call inside, and the timer.
//!
//! # Cost
//!
//! One look at the clock for each call, and one more and a timer for one that is not answered at once. No allocation,
//! except for what is written on requests.
//!
//! # Errors
//!
//! A call whose time is over gets a problem with the code [`TIMED_OUT`](buttress_core::Code::TIMED_OUT), status 504: as
//! a response where there is HTTP, else as an error.

mod begin;
mod future;
mod layer;
mod mode;
mod rules;
mod service;

use buttress_core::metrics::{Counter, Description, Metric};

pub use self::future::ResponseFuture;
pub use self::layer::{DeadlineLayer, Run};
pub use self::mode::{Mode, Told};
pub use self::service::DeadlineService;

const EXPIRED: Metric<Counter, 2> = Metric::counter(
    "buttress_deadline_expired_total",
    "Calls whose deadline was over, when they came or while they were under way",
)
.labels(&["deadline", "when"]);

/// Every metric of a deadline.
pub const CATALOGUE: &[Description] = &[*EXPIRED.description()];
