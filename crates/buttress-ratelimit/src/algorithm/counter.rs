use std::time::Duration;

use buttress_core::clock::Moment;

use crate::{Limit, Retry};

/// The last moment of which decisions are made: from there on time stands still, 36 years before the end of the time
/// line, so that no sum runs past it and lets everybody through.
pub(crate) const LATEST: Moment = Moment::from_nanos(u64::MAX - (1 << 60));

/// How far threads may be out of order, as each looks at the clock before it decides. What is further apart is a clock
/// that jumped.
pub(crate) const OUT_OF_ORDER: Duration = Duration::from_secs(1);

/// What is remembered of one key under one limit, and the decisions that are made by it.
///
/// A plain value: no clock, no I/O. The default is a key that never asked. [`settle`](Self::settle) comes before all
/// others, with the same `now`, which is [`LATEST`] at most.
pub(crate) trait Counter: Clone + Default {
    /// Whether it must not be forgotten to make room: who comes back for it would find somebody else.
    const STAYS: bool = false;

    /// Leaves behind what is over, and draws near what a clock that jumped back, or a limit that was lowered, has
    /// left further ahead than can be: so nobody is locked out for longer than a limit says.
    fn settle(&mut self, limit: &Limit, now: Moment);

    /// Whether it stands as if it had never asked.
    fn is_empty(&self) -> bool;

    /// Whether there is room for `cost`, and how many nanoseconds to wait before going on; else when there will be.
    fn room(&self, limit: &Limit, cost: u32, now: Moment) -> Result<u64, Retry>;

    /// Counts, whether or not there is room. How much of it was counted: less than `cost` where there is more debt than
    /// is remembered, and then no more may be given back.
    fn add(&mut self, limit: &Limit, cost: u32, now: Moment) -> u32;

    /// Gives back `cost`, which [counted until](Self::until) then: what is there again by itself is not given back once
    /// more. Without a time it is what was counted last.
    fn remove(&mut self, limit: &Limit, cost: u32, until: Option<u64>, now: Moment);

    /// How much may be taken at once now.
    fn remaining(&self, limit: &Limit, now: Moment) -> u64;

    /// When everything may be taken again, in nanoseconds of the time line.
    fn until(&self, limit: &Limit, now: Moment) -> u64;

    /// How much is lost if it is forgotten; what comes second decides among equals.
    fn weight(&self, limit: &Limit, now: Moment) -> (u128, u64);
}
