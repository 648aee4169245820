//! Breakers that open together: if two processes found a dependency down, the others need not find out for themselves.
//!
//! ```
//! use buttress_circuit_breaker::fleet::{Fleet, MemoryVotes, Quorum};
//! use buttress_circuit_breaker::{CircuitBreaker, Event, Reason, State, Trip};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), buttress_core::BuildError> {
//! // Three processes. In a real fleet it is `Fleet::over(redis)`.
//! let votes = MemoryVotes::new();
//! let process = || {
//!     let breaker = CircuitBreaker::after(5).named("payments").build()?.breaker().clone();
//!     let fleet = Fleet::with(votes.clone()).quorum(Quorum::of(2)).build()?;
//!     Ok::<_, buttress_core::BuildError>((fleet.join(&breaker)?, breaker))
//! };
//! let ((_a, one), (_b, other), (_c, third)) = (process()?, process()?, process()?);
//! let mut events = third.events(8);
//!
//! one.trip(Trip::switch());
//! other.trip(Trip::switch());
//! let Some(Event::Moved(step)) = events.next().await else { unreachable!() };
//! assert_eq!(step.to(), State::Open);
//! assert_eq!(step.why().trip().map(Trip::reason), Some(Reason::Fleet));
//! # Ok(())
//! # }
//! ```
//!
//! No request waits for any of this: a task listens to the breaker, tells what it found, and hears what the others did.
//!
//! # How it is decided
//!
//! - A breaker that opens, by its rules, its probes, or [a switch](crate::Trip::switch), votes for as long as it is
//!   open. It votes again when a probe fails, and takes its vote back when it closes.
//! - As soon as there is a [`Quorum`] of votes, all closed breakers open, for their own open time. Then each goes its
//!   own way: its own probes close it.
//! - A breaker that the fleet opened does not vote, as it found nothing itself. It does once one of its own probes
//!   fails.
//! - Votes that are older than a breaker's own recovery do not open it again.
//!
//! # Guarantees
//!
//! - **One is not enough.** A process whose network is broken opens its own breaker and nobody else's: a quorum is two
//!   at least. And a healthy process closes nobody else's: joining, or closing, says nothing to the others.
//! - **An operator is heard by all**, [`Fleet::force`], at once as a rule, and within half a second if the message
//!   about it was lost. A process that starts later hears it, too. The latest order holds, and an older one is never
//!   obeyed.
//! - **A store that forgets is told again.** A process says its vote again, and the last order that it knows, if the
//!   store does not have them, 400 ms later at most: after a restart, and after a failover to a replica that had not
//!   heard of them. So an order is lost only with the store and all processes, or if none of them had heard it.
//! - **Nothing stays for ever.** A vote ends with the open time that it was cast for, in an hour at most; a process
//!   that is not heard of for five seconds counts no longer; an order that nobody knows any more ends after thirty
//!   days.
//! - **It asks little**: one script in 300 to 400 ms for each process, whatever the number of breakers, and one for
//!   each vote.
//!
//! # Without the store
//!
//! Each process decides alone: no vote is heard, and what was forced stays forced. After 1.2 s of that the log says so,
//! once, and once when it is over; the [probe](Fleet) is degraded, `buttress_breaker_fleet_failures_total` counts. Open
//! breakers vote when the store is back.
//!
//! # What it is not
//!
//! - It does not close breakers, and does not count together: each process has its own windows and its own probes.
//! - It is for breakers with a name that all processes have, of which a list can be made. A
//!   [table](crate::KeyedBreakerLayer) does not join: its [keys](crate::BreakerTable::keyer) are others in each
//!   process, so that nobody can foretell them; strangers choose how many there are, and each would be three records of
//!   the store and a part of each question. For the few endpoints that all processes know by name, make a breaker for
//!   each, and let these join.
//!
//! # Cancellation
//!
//! Dropping a [`Joined`] ends its task and takes back its vote, in the background. Dropping the wait for
//! [`Fleet::force`] stops the waiting, and not the order.
//!
//! # Cost
//!
//! Nothing for a call. For each breaker that has joined a task that sleeps until it moves, for all of them one more. Of
//! the server about 13 µs for each breaker at each look, and one more for each vote that stands there: fifty processes
//! with twenty breakers are 4 % of one core, and 13 % while half of them have voted about all twenty (measured on a
//! shared Xeon at 2 GHz).
//!
//! # Errors
//!
//! [`FleetBuilder::build`] and [`Fleet::join`] report wrong settings. Afterwards only [`Fleet::force`] fails, if the
//! order cannot be told.

mod builder;
mod contact;
mod handle;
mod joined;
mod meters;
mod part;
mod quorum;
mod settings;
mod shared;
mod standing;
mod votes;

use std::time::Duration;

pub use self::builder::FleetBuilder;
pub use self::handle::Fleet;
pub use self::joined::Joined;
pub use self::meters::CATALOGUE;
pub use self::quorum::Quorum;
pub use self::settings::{FleetSettings, QuorumSettings};
#[cfg(feature = "redis")]
#[cfg_attr(docsrs, doc(cfg(feature = "redis")))]
pub use self::votes::RedisVotes;
#[cfg(feature = "redis")]
#[doc(hidden)]
pub use self::votes::read_tallies;
pub use self::votes::{Asked, MemoryVotes, MemoryWatch, Order, Tally, Votes};

/// How often it is asked in any case: so all have heard of a change after half a second.
const EVERY: Duration = Duration::from_millis(400);
