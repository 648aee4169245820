//! Endpoints that do worse than the others are left out for a while.
//!
//! Of ten instances of a dependency, one is broken: a circuit breaker around all of them sees a tenth fail, and does
//! nothing, or it refuses what nine could do. [`Outliers`] looks at each by itself, and leaves that one out; never so
//! many that the rest would break under the load of all.
//!
//! ```
//! use std::time::Duration;
//!
//! use buttress_core::clock::ManualClock;
//! use buttress_core::outcome::Outcome;
//! use buttress_overload::outlier::Outliers;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let clock = ManualClock::new();
//! let outliers = Outliers::of(3).clock(clock.clone()).build()?;
//! let call = |fails: usize| {
//!     let at = outliers.in_turn().next().unwrap();
//!     outliers.enter(at).settle(if at == fails { Outcome::Failure } else { Outcome::Success });
//!     at
//! };
//!
//! // The second one fails; at the fifth time in a row it is left out.
//! (0..15).for_each(|_| drop(call(1)));
//! assert_eq!(outliers.left_out(), [1]);
//! assert!((0..9).all(|_| call(1) != 1));
//!
//! // After half a minute it has another chance.
//! clock.advance(Duration::from_secs(30));
//! assert!((0..9).any(|_| call(9) == 1));
//! assert!(outliers.left_out().is_empty());
//! # Ok(())
//! # }
//! ```
//!
//! [`EndpointSet`] is a service over services of the same kind, one for each endpoint, that goes round those that are
//! not left out. Its [list](Endpoints) can be changed while it works. With your own balancer, ask
//! [`is_left_out`](Outliers::is_left_out), and tell it how calls ended.
//!
//! # Guarantees
//!
//! - One endpoint always remains, and no more are left out than [the rules](OutlierRules::most_left_out) say, with the
//!   one that is to be left out among them.
//! - Of an endpoint that is left out or taken in again, calls that began before say nothing.
//! - Where fewer are healthy than [the rules](OutlierRules::panic_below) say, all are used, and a line of the log says
//!   so. An outlier that is used because no more may be left out is not healthy.
//! - All others share the calls of an endpoint that is left out.
//! - A call that is throttled, ignored, refused by our own wall or abandoned is neither a success nor a failure. So an
//!   endpoint that hangs is seen if its service has a [timeout](crate::timeout), and not without.
//! - No task: the next call looks at the rates when it is time, and takes in again whose time is over.
//! - A call that waits for an endpoint of a set is woken when another endpoint is left out or taken in, or the list
//!   changes; with a [timer](EndpointSet::timer), also when the time of one that is left out is over.
//!
//! As a [`Probe`](buttress_core::Probe) a set is degraded while an endpoint is left out, and down while so many are
//! that all are used, or while there is none; it is never critical by itself.
//!
//! # Cancellation
//!
//! See [`Seat`]. A set that is dropped while it waits leaves nothing behind, neither a waker nor a timer.
//!
//! # Cost
//!
//! A success adds to a word of its endpoint, and looks at the clock once in 16 times; so does a failure each time. To
//! find whose turn it is, an addition to a number of the thread's own; while somebody is left out, or a number is
//! nobody's, two looks at each endpoint. A look at the rates allocates two short lists, a change of the list copies it,
//! and a wait has a timer in a box; nothing else allocates.
//!
//! # Errors
//!
//! None of its own, except the refusal of an [`EndpointSet`] from which all endpoints were removed.

mod builder;
mod changes;
mod choice;
mod ejected;
mod endpoint;
mod endpoints;
mod future;
mod inner;
mod meters;
mod outliers;
mod places;
mod probe;
mod roster;
mod rules;
mod seat;
mod set;
mod settings;
mod waiter;

pub use self::builder::OutlierBuilder;
pub use self::ejected::Ejected;
pub use self::endpoints::Endpoints;
pub use self::future::EndpointFuture;
pub use self::meters::CATALOGUE;
pub use self::outliers::Outliers;
pub use self::rules::OutlierRules;
pub use self::seat::Seat;
pub use self::set::EndpointSet;
pub use self::settings::OutlierSettings;
