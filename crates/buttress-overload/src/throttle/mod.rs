//! Calls that would be turned away are not made.
//!
//! Turning a call away costs the other side something, too: an overloaded dependency can be kept busy saying no. So
//! each client looks how many of its calls are accepted, and once that is less than one in two, it makes no more than
//! twice as many. It refuses the rest itself, at no cost to the dependency. No client needs to know of the others.
//!
//! ```
//! use buttress_core::Dice;
//! use buttress_core::clock::ManualClock;
//! use buttress_core::outcome::Outcome;
//! use buttress_overload::Priority;
//! use buttress_overload::throttle::Throttle;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let throttle = Throttle::builder().clock(ManualClock::new()).dice(Dice::seeded(1)).build()?;
//!
//! // Ten come in the time in which the other side can do one. It turns the rest away.
//! let mut room = false;
//! for call in 0..10_000 {
//!     room |= call % 10 == 0;
//!     let Ok(pass) = throttle.enter(Priority::Normal) else { continue };
//!     let served = std::mem::take(&mut room);
//!     pass.settle(if served { Outcome::Success } else { Outcome::Throttled });
//! }
//! // It accepts a tenth, so twice that is let through; of what matters more, twice as much again.
//! assert!((throttle.odds(Priority::Normal) - 0.8).abs() < 0.05);
//! assert!((throttle.odds(Priority::Critical) - 0.6).abs() < 0.1);
//! # Ok(())
//! # }
//! ```
//!
//! As a layer, `throttle.layer()` is for HTTP; for other services see [`door`](crate::door). Without tower there are
//! [`enter`](Throttle::enter), as above, and [`run`](Throttle::run).
//!
//! With `requests` calls in the window, of which `accepts` were accepted, a call is refused with the probability
//! `(requests - times · accepts) / (requests + 1)`. It is the rule of the book *Site Reliability Engineering*, with
//! three differences: a call counts when it ends, so that many at once are not taken for unaccepted ones; no more than
//! 95 % are refused, so that a recovery is seen; and the window is 30 s instead of two minutes, because a recovery from
//! a storm takes about three of them.
//!
//! An answer is *accepted* unless it is judged [`Throttled`](buttress_core::outcome::Outcome::Throttled), or is a
//! failure with advice on when to come back, or never came.
//!
//! # Guarantees
//!
//! - While at least one in two is accepted, nothing of normal priority is refused, and with fewer than ten calls in the
//!   window nothing at all. For critical calls it is one in four, for low ones five in six, for those of the background
//!   ten in eleven.
//! - At least one in twenty is let through.
//! - What is older than the [window](ThrottleBuilder::window) never counts, also if nothing has come since; what counts
//!   reaches back over 22 of its 24 parts. Of what threads have noted, a hundredth may not have been counted yet.
//! - A lower [`Priority`](crate::Priority) is refused more often than a higher one.
//!
//! # Cancellation
//!
//! See [`Pass`].
//!
//! # Cost
//!
//! While nothing is refused: a load, and an addition on a line of the thread's own when the call ends; one in a
//! hundred, up to 64, takes a lock for some ten nanoseconds, and looks at the clock. While something is refused, each
//! call looks at the clock. No allocation. A refusal allocates its problem.
//!
//! # Errors
//!
//! A call that would most likely be turned away is refused with
//! [`THROTTLED_LOCALLY`](buttress_core::Code::THROTTLED_LOCALLY), to come back after a second.

mod account;
mod book;
mod builder;
mod gate;
mod meters;
mod probe;
mod settings;

pub use self::builder::ThrottleBuilder;
pub use self::gate::{Pass, Throttle};
pub use self::meters::CATALOGUE;
pub use self::settings::ThrottleSettings;
