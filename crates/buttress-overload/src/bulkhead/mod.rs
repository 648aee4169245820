//! A bulkhead: no more calls at the same time than a dependency can bear.
//!
//! Where one dependency becomes slow, calls to it pile up, until they hold all memory and connections there are, and
//! the whole service goes down with it. A bulkhead lets so many calls through at a time; what comes then waits, if
//! there is a queue, or is refused.
//!
//! ```
//! use buttress_core::clock::{TokioTimer, ms};
//! use buttress_overload::bulkhead::Bulkhead;
//! use http::{Request, Response};
//! # use std::convert::Infallible;
//! # use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // One at a time, and two may wait, for half a second.
//! let bulkhead = Bulkhead::of(1).queue(2, ms(500), TokioTimer).build()?;
//! # let client = service_fn(|_: Request<()>| async {
//! #     tokio::time::sleep(ms(300)).await;
//! #     Ok::<_, Infallible>(Response::new(String::new()))
//! # });
//! // A client that takes 300 ms.
//! let client = bulkhead.layer().layer(client);
//!
//! let get = || client.clone().oneshot(Request::new(()));
//! let (first, second, third, fourth) = tokio::join!(get(), get(), get(), get());
//! assert_eq!((first?.status().as_u16(), second?.status().as_u16()), (200, 200));
//! assert_eq!(third?.status(), 503, "after half a second its turn had not come");
//! assert_eq!(fourth?.status(), 503, "there was no place in the queue");
//! # Ok(())
//! # }
//! ```
//!
//! Without tower, around any async call; the error is one that a [`Problem`] can become:
//!
//! ```
//! use buttress_core::Problem;
//! use buttress_overload::bulkhead::Bulkhead;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let database = Bulkhead::of(32).named("database").build()?;
//! let rows = database.run(|| async { Ok::<_, Problem>(7) }).await?;
//! assert_eq!((rows, database.in_flight()), (7, 0));
//! # Ok(())
//! # }
//! ```
//!
//! # Guarantees
//!
//! - Never more calls at a time than the limit: those of all clones and services of one bulkhead together.
//! - **An idle clone holds nothing.** A permit is taken in `call`, never in `poll_ready`: a connection that waits for
//!   its next request takes none from others.
//! - A permit comes back with the head of the answer; with the end of its body after
//!   [`until_body_ends`](BulkheadLayer::until_body_ends), however it ends; and when a call fails, panics or is dropped.
//! - Waiting calls go before new ones. The highest [`Priority`] goes first, and within one priority the call that came
//!   first.
//! - No call waits longer than the queue allows, and no more wait at once; one that has waited too long is never made.
//!   The turn of one that went away is the next one's.
//! - A limit that is [changed](Bulkhead::resize) holds at once for new calls, and for present ones as permits come
//!   back.
//! - The instance that was polled ready is the one that is called, also after a wait.
//!
//! # Cancellation
//!
//! Dropping a call gives back its permit, or its place in the queue.
//!
//! # Cost
//!
//! A call that need not wait takes two atomic operations, on a line of memory that few threads share, and allocates
//! nothing. After [`leak`](Bulkhead::leak) no references are counted, so that threads have no line in common. A wait
//! allocates twice, for what it holds and for its sleep; while any call waits, all go through one lock. A refusal
//! allocates its problem, and a place for the answer made from it.
//!
//! # Errors
//!
//! [`BulkheadBuilder::build`] fails with every setting that is wrong. A refused call gets a problem with the code
//! [`SATURATED`](buttress_core::Code::SATURATED), status 503: as a response where there is HTTP, else as an error.
//!
//! [`Priority`]: crate::Priority
//! [`Problem`]: buttress_core::Problem

mod builder;
mod future;
mod gate;
mod guard;
mod handle;
mod meters;
mod mode;
mod permit;
mod permits;
mod probe;
mod service;
mod settings;
mod waits;

pub use self::builder::BulkheadBuilder;
pub use self::future::ResponseFuture;
pub use self::handle::{Bulkhead, Run};
pub use self::meters::CATALOGUE;
pub use self::mode::{HoldingBody, Mode, ToTheEnd, UntilTheEnd};
pub use self::permit::Permit;
pub use self::service::{BulkheadLayer, Bulkheaded};
pub use self::settings::BulkheadSettings;
pub use self::waits::Waits;
