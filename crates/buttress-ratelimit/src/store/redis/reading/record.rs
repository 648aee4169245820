//! What an answer says of one record.

use std::time::Duration;

use buttress_core::clock::{Moment, nanos};
use buttress_redis::RedisError;

use super::{INEXACT, MICRO, nonsense};
use crate::algorithm::counter::Counter;
use crate::algorithm::fixed::FixedWindow;
use crate::algorithm::gcra::Gcra;
use crate::algorithm::sliding::SlidingCounter;
use crate::{Algorithm, Limit, Retry, Source, Standing};

/// One record as it was answered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record {
    remaining: u64,
    /// Nanoseconds.
    resets_in: u64,
    /// Whether there is room for the charge, as it stands, and how long to wait before going on.
    pub(super) room: Result<u64, Retry>,
    /// How far a bucket is over its burst, in nanoseconds.
    pub(super) over: u64,
}

impl Default for Record {
    fn default() -> Self {
        Self { remaining: 0, resets_in: 0, room: Ok(0), over: 0 }
    }
}

impl Record {
    pub(super) fn of(
        limit: &Limit,
        cost: u32,
        numbers: &[i64],
        now: Moment,
    ) -> Result<Self, RedisError> {
        let mut given = [0; 3];
        for (given, number) in given.iter_mut().zip(numbers) {
            *given = u64::try_from(*number).map_err(|_| nonsense())?;
        }
        let [first, second, third] = given;
        if first > furthest(limit).saturating_add(INEXACT) {
            return Err(nonsense());
        }
        let before = |span| now.as_nanos().saturating_sub(span);
        let after = |span| now.as_nanos().saturating_add(span);
        Ok(match limit.algorithm() {
            Algorithm::Gcra => {
                let over = first.saturating_sub(limit.tolerance);
                Self { over, ..Self::counted(&Gcra::from_nanos(after(first)), limit, cost, now) }
            }
            Algorithm::FixedWindow => Self::counted(
                &FixedWindow::from_parts(after(first), count(second)?),
                limit,
                cost,
                now,
            ),
            Algorithm::SlidingCounter => {
                let (newer, older) = (count(second)?, count(third)?);
                let counter = SlidingCounter::from_parts(before(first), newer, older);
                Self::counted(&counter, limit, cost, now)
            }
            Algorithm::SlidingLog => {
                let resets_in = if first == 0 { 0 } else { limit.period.saturating_sub(second) };
                let wait = Duration::from_nanos(limit.period.saturating_sub(third));
                Self::listed(limit, cost, first, resets_in, Retry::After(whole(wait)))
            }
            Algorithm::Concurrent => Self::listed(limit, cost, first, 0, Retry::Unknown),
        })
    }

    fn counted(counter: &impl Counter, limit: &Limit, cost: u32, now: Moment) -> Self {
        let room = counter.room(limit, cost, now).map_err(|retry| match retry {
            Retry::After(time) => Retry::After(whole(time)),
            retry => retry,
        });
        let resets_in = counter.until(limit, now).saturating_sub(now.as_nanos());
        Self { remaining: counter.remaining(limit, now), resets_in, room, over: 0 }
    }

    /// Of what is a list, and is not sent.
    fn listed(limit: &Limit, cost: u32, used: u64, resets_in: u64, retry: Retry) -> Self {
        let remaining = limit.count().saturating_sub(used);
        let room = match u64::from(cost) {
            cost if cost > limit.count() => Err(Retry::Never),
            cost if used.saturating_add(cost) > limit.count() => Err(retry),
            _ => Ok(0),
        };
        Self { remaining, resets_in, room, over: 0 }
    }

    pub(super) fn standing(&self) -> Standing {
        Standing::new(self.remaining, Duration::from_nanos(self.resets_in), Source::Store)
    }
}

/// How much of a cost was counted, where that is told: the fourth number.
pub(super) fn counted(limit: &Limit, cost: u32, numbers: &[i64]) -> Result<u32, RedisError> {
    let Some(number) = numbers.get(3) else { return Ok(0) };
    let number = u64::try_from(*number).map_err(|_| nonsense())?;
    let counted = match limit.algorithm() {
        // Where its numbers are not whole, the script may have lost a little.
        Algorithm::Gcra if number > WHOLE => limit.worth(number.saturating_add(INEXACT)),
        Algorithm::Gcra => limit.worth(number),
        _ => count(number)?,
    };
    Ok(counted.min(cost))
}

/// Up to there the numbers of a script are whole.
const WHOLE: u64 = 1 << 53;

/// The largest first number of a record. A larger one would lock a key out for longer than its limit can.
fn furthest(limit: &Limit) -> u64 {
    match limit.algorithm() {
        Algorithm::Gcra => limit.deepest,
        Algorithm::FixedWindow | Algorithm::SlidingCounter => limit.period,
        Algorithm::SlidingLog | Algorithm::Concurrent => u64::MAX,
    }
}

/// The server's time has no more than microseconds: so who waits less than whole ones may come a little too early.
fn whole(time: Duration) -> Duration {
    Duration::from_micros(nanos(time).div_ceil(MICRO))
}

fn count(number: u64) -> Result<u32, RedisError> {
    u32::try_from(number).map_err(|_| nonsense())
}
