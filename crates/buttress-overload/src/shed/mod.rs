//! Work that would come too late for its caller is not begun, and what matters least is refused first.
//!
//! When more comes than can be done, a queue only makes everybody wait; in the end nothing is done in time. Load is
//! shed so that what *is* done is in time: a [limit](Shed::of) of calls at a time, a [queue](ShedBuilder::queue) that
//! smooths a burst, and a [rule](Codel) that tells a queue that smooths from one that stands.
//!
//! ```
//! use buttress_core::clock::{TokioTimer, ms, secs};
//! use buttress_overload::Priority;
//! use buttress_overload::shed::Shed;
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let shed = Shed::of(2).queue(4, secs(1), TokioTimer).build()?;
//!
//! // Two are served. Two more wait for their turn; what is less than critical does not get all of the queue.
//! let served = [shed.enter(Priority::Critical).await?, shed.enter(Priority::Critical).await?];
//! let low = tokio::spawn({ let shed = shed.clone(); async move { shed.enter(Priority::Low).await } });
//! let critical = tokio::spawn({ let shed = shed.clone(); async move { shed.enter(Priority::Critical).await } });
//! tokio::task::yield_now().await;
//! assert_eq!(shed.waiting(), 2);
//!
//! drop(served);
//! let critical = critical.await?;
//! assert!(critical.is_ok() && low.await?.is_ok());
//! # Ok(())
//! # }
//! ```
//!
//! As a layer, `shed.layer()` is for HTTP; for other services see [`door`](crate::door). Without tower there are
//! [`enter`](Shed::enter), as above, and [`run`](Shed::run).
//!
//! # Guarantees
//!
//! - No more than the limit at a time, and of each [`Priority`] no more than its [share](crate::Priority::share) of it;
//!   the same holds for the queue. So the last places are for calls that matter most, and those that matter least are
//!   refused first.
//! - A higher priority goes before a lower one. Within one, the call that came first goes first; while its queue
//!   stands, the one that came last.
//! - While the queue of a priority stands, a call that has waited for more than twice the target is sent away when its
//!   turn comes, and is not made.
//! - No call waits longer than the queue allows, and without a queue none waits.
//! - A place is taken when a call begins, and not in `poll_ready`; it is held until the call has been judged, so by a
//!   response up to the end of its body.
//!
//! # Cancellation
//!
//! Dropping the wait leaves the line. If a place was there already, it goes to the next call; so does that of a call
//! that is dropped.
//!
//! # Cost
//!
//! An exchange of one word that all calls share when a call begins, and one when it ends; no look at the clock, no
//! allocation, no lock. A call that has to wait takes a lock for some ten nanoseconds now and again, a place in a list
//! that grows to the length of the queue, and a timer. A refusal allocates its problem.
//!
//! # Errors
//!
//! A call that is shed is refused with [`OVERLOADED`](buttress_core::Code::OVERLOADED), to come back after a second.
//!
//! [`Priority`]: crate::Priority

mod builder;
mod codel;
mod gate;
mod inner;
mod line;
mod meters;
mod place;
mod probe;
mod settings;
mod waits;

pub use self::builder::ShedBuilder;
pub use self::codel::Codel;
pub use self::gate::Shed;
pub use self::meters::CATALOGUE;
pub use self::place::Place;
pub use self::settings::{ShedLimitSettings, ShedSettings};
pub use self::waits::Waits;
