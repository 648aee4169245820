//! A counter, in memory or in Redis: small, whole, and the pattern of every store of the family.
//!
//! How it is made, and why so, is told in [`engine`](crate::engine#how-to-write-a-store).
//!
//! ```
//! use buttress_core::Keyer;
//! use buttress_redis::engine::Answered;
//! use buttress_redis::store::{CounterStore, Counters, MemoryCounters, Window};
//! use std::time::Duration;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let key = Keyer::random().key_of(["ada"]);
//! let minute = Window::new(Duration::from_secs(60)).unwrap();
//!
//! // Statically in memory: a function.
//! let counters = MemoryCounters::new();
//! assert_eq!(counters.count(key, 2, minute).total(), 2);
//!
//! // Decided at run time: an answer that may have to be waited for.
//! let counters = Counters::from(counters);
//! let Answered::Store(counted) = counters.count(key, 1, minute).await else { unreachable!() };
//! assert_eq!(counted.total(), 3);
//! assert!(counted.ends_in() <= minute.length());
//! # }
//! ```
//!
//! # Guarantees
//!
//! - A window begins with the first count of its key, and ends as long after it as that first count said, whatever
//!   the next ones say.
//! - No count is lost or doubled by callers at the same time: totals in one window are those of one caller after
//!   the other.
//! - A total never says more than was counted. It stops at [`Counted::MOST`].
//! - Counting zero looks: it begins no window, and writes nothing.
//!
//! # What may be forgotten
//!
//! In memory: a key of which little was counted, once there are more keys than
//! [there is room for](MemoryCounters::with_capacity). In Redis: what a failover loses, as replicas are told
//! afterwards, and what is evicted if `maxmemory-policy` is not `noeviction`. An
//! [ambiguous](crate::ErrorKind::Ambiguous) answer may have been counted.
//!
//! # Cost
//!
//! In memory no allocation, and a lock that is shared with seven other keys and held while eight entries are
//! looked through: about 62 ns. In Redis one round trip, and the allocations of a [call](crate::Call) and of
//! [the wait](crate::engine::Asking). While Redis is known to be gone no allocation: about 96 ns, and 167 if it is
//! counted locally. Those figures are of one run on a shared Xeon at 2 GHz.

mod counted;
mod counters;
mod memory;
mod redis;
mod table;

pub use self::counted::{Counted, Window};
pub use self::counters::Counters;
pub use self::memory::MemoryCounters;
pub use self::redis::RedisCounters;

use buttress_core::Key;

use crate::engine::{Answered, Step};

/// Counts by key, in windows.
///
/// The words of the domain, each a whole atomic operation: no engine has a `get` and a `set` to be put together
/// by callers who race.
pub trait CounterStore: Send + Sync + 'static {
    /// What an answer may have to be waited for: [`Never`](buttress_core::stage::Never) in memory. A stage over this
    /// store has the same `Wait`.
    type Wait: Future<Output: Into<Answered<Counted>> + Send> + Send + 'static;

    /// Counts `by` for `key`, in its window or in a new one of this length. With zero it only looks.
    fn count(&self, key: Key, by: u64, window: Window) -> Step<Answered<Counted>, Self::Wait>;
}
