//! A limit of calls under way that adapts by itself.
//!
//! How many calls a dependency bears at once depends on it, and changes with it: a number in a file is wrong most of
//! the time. Little's law says what the right one is: as many as are answered while one is. An adaptive limit looks how
//! long calls take, and allows for as many as do not wait for one another.
//!
//! ```
//! use std::time::Duration;
//!
//! use buttress_core::clock::ManualClock;
//! use buttress_core::outcome::Outcome;
//! use buttress_overload::Priority;
//! use buttress_overload::adaptive::{Adaptive, Gradient};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let clock = ManualClock::new();
//! let limit = Adaptive::by(Gradient::new().between(4, 200).starting_at(20)).clock(clock.clone()).build()?;
//!
//! // Twenty at once, again and again. They take 10 ms, so there is room for more.
//! for _ in 0..50 {
//!     let calls: Vec<_> = (0..20).map(|_| limit.enter(Priority::Critical)).collect::<Result<_, _>>()?;
//!     clock.advance(Duration::from_millis(10));
//!     calls.into_iter().for_each(|call| call.settle(Outcome::Success));
//! }
//! assert!(limit.limit() > 22);
//!
//! // Then they take 50 ms: somewhere they wait.
//! for _ in 0..50 {
//!     let calls: Vec<_> = (0..20).map_while(|_| limit.enter(Priority::Critical).ok()).collect();
//!     clock.advance(Duration::from_millis(50));
//!     calls.into_iter().for_each(|call| call.settle(Outcome::Success));
//! }
//! assert!(limit.limit() < 10);
//! # Ok(())
//! # }
//! ```
//!
//! As a layer, `limit.layer()` is for HTTP; for other services see [`door`](crate::door). Without tower there are
//! [`enter`](Adaptive::enter), as above, and [`run`](Adaptive::run).
//!
//! | policy | goes by | for |
//! |---|---|---|
//! | [`Gradient`] | latency, and drops | dependencies that get slower before they fail: most |
//! | [`Aimd`] | drops alone | dependencies that have their own limit, and say so |
//! | your own [`LimitPolicy`] | | |
//!
//! A *drop* is an answer that is judged [`Throttled`](buttress_core::outcome::Outcome::Throttled), a failure with
//! advice on when to come back, and a call that was never answered. Other failures say nothing about load, so nothing
//! is learnt from them: a dependency that is broken rather than busy is a circuit breaker's business.
//!
//! # Guarantees
//!
//! - There are never more calls under way than the limit said when the last of them began.
//! - A lower [`Priority`](crate::Priority) is refused before a higher one: each has its [share](crate::Priority::share)
//!   of the limit.
//! - A limit that is not used does not grow. One drop in fifty is tolerated, and of fewer calls one; more take a tenth
//!   off in each window, and not with each drop.
//! - A limit stays between its bounds, and is never below one.
//!
//! # Cancellation
//!
//! See [`Slot`].
//!
//! # Cost
//!
//! Two looks at the clock, one exchange of a word that all calls share when a call begins and one when it ends, and
//! three additions. No allocation, and a lock only once in a window. A refusal allocates its problem.
//!
//! # Errors
//!
//! A call that finds no slot is refused with [`OVERLOADED`](buttress_core::Code::OVERLOADED), to come back after a
//! second.

mod aimd;
mod builder;
mod gradient;
mod latencies;
mod learner;
mod least;
mod limit;
mod meters;
mod policy;
mod probe;
mod sampler;
mod seen;
mod settings;

pub use self::aimd::Aimd;
pub use self::builder::AdaptiveBuilder;
pub use self::gradient::Gradient;
pub(crate) use self::learner::{Learner, Timing};
pub use self::limit::{Adaptive, Slot};
pub use self::meters::CATALOGUE;
pub use self::policy::LimitPolicy;
pub use self::seen::Seen;
pub use self::settings::{AdaptiveSettings, PolicySettings};
