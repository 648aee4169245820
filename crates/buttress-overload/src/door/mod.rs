//! The door before a call: what [`Adaptive`](crate::adaptive::Adaptive), [`Throttle`](crate::throttle::Throttle) and
//! [`Shed`](crate::shed::Shed) have in common as layers.
//!
//! Each of them lets a call in, turns it away, or lets it wait; and each learns how the call ended. So there is one
//! layer, one service and one future for the three; only the [`Guard`] differs.
//!
//! ```
//! use buttress_core::outcome::{Outcome, classify_fn};
//! use buttress_core::Problem;
//! use buttress_overload::adaptive::{Adaptive, Aimd};
//! use buttress_overload::door::DoorLayer;
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let limit = Adaptive::by(Aimd::new()).build()?;
//! // Any service at all: a closure judges its answers, and a refusal is an error that is made of the problem.
//! let layer = DoorLayer::new(limit)
//!     .classify(classify_fn(|result: Result<&usize, &Problem>| match result {
//!         Ok(_) => Outcome::Success,
//!         Err(_) => Outcome::Failure,
//!     }))
//!     .as_error();
//! let length = layer.layer(service_fn(|word: &'static str| async move { Ok::<_, Problem>(word.len()) }));
//!
//! assert_eq!(length.oneshot("buttress").await?, 8);
//! # Ok(())
//! # }
//! ```
//!
//! # Guarantees
//!
//! - The instance that was polled ready is the one that is called, also after a wait.
//! - Nothing is taken in `poll_ready`: a service that is ready and idle holds nothing.
//! - Requests, answers and errors of the service pass as they are.
//!
//! # Cancellation
//!
//! Dropping the future, or the body that is followed to its end, gives back whatever the guard has given. An answer
//! that began well counts as a success even if nobody reads its body; one of gRPC says nothing, as its status comes
//! last.
//!
//! # Cost
//!
//! That of the guard. A wait is two allocations: for what it holds, and for its place if there was none yet.
//!
//! # Errors
//!
//! None of its own. Over HTTP a refusal is a response without a body that carries its
//! [`Problem`](buttress_core::Problem).

mod both;
mod future;
mod guard;
mod layer;
mod option;
mod service;
mod whose;

pub use self::both::{Both, BothWait};
pub use self::future::ResponseFuture;
pub use self::guard::{Admission, Guard, NeverWaits};
pub(crate) use self::guard::{call, sealed};
pub use self::layer::DoorLayer;
pub use self::option::{Perhaps, PerhapsWaits};
pub use self::service::Door;
pub use self::whose::{ByExtension, ByRequest, PriorityFor};
