//! The limiter on the way out: holds requests back that a dependency has no room for.
//!
//! If a service allows so many requests a second, it is better not to send more. A throttle lets through as many as the
//! quota has room for, lets the rest wait for their turn, up to a bound, and refuses those that would have to wait
//! longer.
//!
//! For requests of HTTP, by any [key](buttress_core::key); a refusal is a response:
//!
//! ```
//! use std::time::Duration;
//!
//! use buttress_core::clock::TokioTimer;
//! use buttress_core::key::endpoint;
//! use buttress_ratelimit::Quota;
//! use buttress_ratelimit::throttle::ThrottleBuilder;
//! # use std::convert::Infallible;
//! # use http::{Request, Response};
//! # use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // One each half second, and nobody waits longer than that.
//! let quota = Quota::per_second(2).burst(1).queue(Duration::from_millis(500));
//! let throttle = ThrottleBuilder::http(quota, endpoint()).timer(TokioTimer).build()?;
//! # let client = service_fn(|_: Request<()>| async { Ok::<_, Infallible>(Response::new(String::new())) });
//! let client = throttle.layer(client);
//!
//! let get = || client.clone().oneshot(Request::get("http://stock.internal/lamps").body(()).unwrap());
//! let (at_once, waits, refused) = tokio::join!(get(), get(), get());
//! assert_eq!((at_once?.status(), waits?.status()), (http::StatusCode::OK, http::StatusCode::OK));
//! let refused = refused?;
//! assert_eq!(refused.status(), 503);
//! assert_eq!(refused.headers()["retry-after"], "1");
//! # Ok(())
//! # }
//! ```
//!
//! For any other request, by what a closure writes; a refusal is an error of the service, which has to be one that a
//! [`Problem`](buttress_core::Problem) can become:
//!
//! ```
//! use buttress_core::key::KeyWriter;
//! use buttress_core::Problem;
//! use buttress_ratelimit::Quota;
//! use buttress_ratelimit::throttle::ThrottleBuilder;
//! # use tower::{BoxError, Layer, ServiceExt, service_fn};
//!
//! struct Mail { to: &'static str }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let by_host = |mail: &Mail, key: &mut KeyWriter| {
//!     key.host(mail.to.rsplit('@').next());
//! };
//! let throttle = ThrottleBuilder::any(Quota::per_hour(1), by_host).build()?;
//! let post = throttle.layer(service_fn(|_: Mail| async { Ok::<_, BoxError>("sent") }));
//!
//! assert_eq!(post.clone().oneshot(Mail { to: "ada@example.org" }).await?, "sent");
//! assert_eq!(post.clone().oneshot(Mail { to: "grace@example.com" }).await?, "sent");
//!
//! let refusal = post.oneshot(Mail { to: "bob@example.org" }).await.unwrap_err();
//! let problem = refusal.downcast_ref::<Problem>().unwrap();
//! assert_eq!(problem.code().name(), "THROTTLED_LOCALLY");
//! assert!(problem.retry_after().is_some());
//! # Ok(())
//! # }
//! ```
//!
//! # Guarantees
//!
//! - No more requests begin than the quota allows: those of all clones and all services of one layer together, or of a
//!   fleet, over a store that it shares.
//! - First come, first served, among requests with the same key.
//! - No request waits longer than the [queue](crate::Quota::queue) of the quota, and no more wait at once than
//!   [`most_waiting`](ThrottleBuilder::most_waiting). Without a [timer](ThrottleBuilder::timer), none waits.
//! - The instance that was polled ready is the one that is called, also after a wait.
//! - Requests, answers and errors of the service pass as they are.
//!
//! A refusal says [`THROTTLED_LOCALLY`](buttress_core::Code::THROTTLED_LOCALLY), with the status 503: the caller is not
//! to blame if this service sends more than it may. A breaker, a retry or a wall outside
//! [knows](buttress_core::outcome::LocalRefusal) that the service was not asked, and takes it for no failure.
//!
//! # Cancellation
//!
//! A request that stops waiting leaves the line, and keeps nothing of the service: all behind move up, and the last
//! turn is given back. Over a store that a fleet shares that holds among those of one process: see
//! [`Queued`](crate::store::Queued#cancellation).
//!
//! # Cost
//!
//! A request that need not wait costs one hash and one decision of the store, and in memory no allocation. One that
//! waits allocates three times: for what it holds, for its place and for its sleep; the first in a line for the line,
//! too.
//!
//! While it waits, a request holds the instance of the service that was polled ready: so put a limit of requests under
//! way inside of it only if those that wait shall count.
//!
//! # Errors
//!
//! [`ThrottleBuilder::build`] fails with every setting that is wrong. The error type of the service stays.

mod builder;
mod future;
mod gate;
mod meters;
mod service;
mod way;

pub use self::builder::ThrottleBuilder;
pub use self::future::ResponseFuture;
pub use self::meters::CATALOGUE;
pub use self::service::{Throttle, ThrottleLayer};
pub use self::way::{ByFn, ByKey, Way};
