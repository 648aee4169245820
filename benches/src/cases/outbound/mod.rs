//! What it costs to call a dependency through the outbound wall, and through each of its parts alone.

#![expect(clippy::expect_used, reason = "what cannot be measured must not look as if it were")]

mod breaker;
mod calls;
mod limits;
mod open;
mod retry;
mod services;
mod small;
mod wall;

pub use self::breaker::{CLOSED, FILLED, FULL, SMALL};
pub use self::calls::{allocated, answers, calls, empty, fixed, in_runtime, plain, refusals};
pub use self::limits::{BULKHEAD, PENDING, READY};
pub use self::open::{AS_ERROR, DECIDED, RESPONSE};
pub use self::retry::{ALLOCATED, EMPTY, FIXED, HEDGE, PLAIN};
pub use self::services::{Nothing, Slow, Typed, Waiting, typed};
pub use self::small::{RETRY as SMALL_RETRY, WALL as SMALL_WALL};
pub use self::wall::{BODY as WALL_BODY, EMPTY as WALL, PLAIN as PLAIN_WALL};

use crate::Case;

/// The rows of this subject.
#[must_use]
pub fn cases() -> Vec<Case> {
    [
        breaker::cases(),
        open::cases(),
        retry::cases(),
        limits::cases(),
        wall::cases(),
        small::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
