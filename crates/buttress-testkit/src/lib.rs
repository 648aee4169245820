//! What the tests of the family share.
//!
//! - [`mock`]: a service that the test controls, which notices every breach of the tower contract.
//! - [`contract`]: the script of promises that every layer has to keep.
//! - [`body`]: bodies that play a script of frames and know when they were polled.
//! - [`allocations`]: how often the heap was asked, exactly.
//! - [`guide`]: what the guide says, to hold it to the code.
//! - `models`, where they run: what `loom` explores threads with.
//! - [`raw`]: an HTTP/1 client that may send broken bytes.
//! - [`hostile`]: clients that occupy a server and bring it nothing.
//! - [`errors`]: errors that no honest code makes.
//! - [`log`]: what was told to `tracing`; [`page`]: what was counted.
//! - `paused`, with the feature of that name: tokio's time, by hand.
//! - `proxy`, with the feature of that name: a TCP proxy that makes a bad network.
//! - `redis`, with the feature of that name: real servers, which a test may break.
//! - `until`, with the feature of that name: asking until the answer is there.
//! - [`poll`]: futures by hand, one poll at a time.
//! - [`ManualClock`]: time by hand.
//!
//! Nothing here sleeps for luck: code that has to wait waits for an event, or asks until the answer is there.
//!
//! ```
//! use buttress_testkit::{mock, poll};
//! use http::{Request, StatusCode};
//! use tower_service::Service;
//!
//! let (mut service, inner) = mock::service();
//!
//! inner.pending();
//! let readiness = poll::Wakes::new();
//! assert!(readiness.enter(|cx| service.poll_ready(cx)).is_pending());
//! inner.ready();
//! assert_eq!(readiness.count(), 1);
//! assert!(readiness.enter(|cx| service.poll_ready(cx)).is_ready());
//!
//! let response = poll::assert_ready(service.call(Request::new(()))).unwrap();
//! assert_eq!(response.status(), StatusCode::OK);
//! ```
#![allow(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "panicking is how a test speaks"
)]

pub mod allocations;
pub mod body;
pub mod contract;
pub mod errors;
pub mod guide;
pub mod hostile;
pub mod log;
pub mod mock;
#[cfg(buttress_loom)]
pub mod models;
pub mod page;
#[cfg(feature = "paused")]
pub mod paused;
pub mod poll;
#[cfg(any(feature = "proxy", all(unix, feature = "redis")))]
mod port;
#[cfg(feature = "proxy")]
pub mod proxy;
pub mod raw;
#[cfg(all(unix, feature = "redis"))]
pub mod redis;
#[cfg(feature = "until")]
pub mod until;

pub use buttress_core::clock::ManualClock;
