//! What an answer of a script means.

mod masks;

use std::time::Duration;

use buttress_core::clock::Moment;
use buttress_redis::{RedisError, Reply};

use self::masks::masks;
use super::script::Operation;
use crate::algorithm::counter::Counter;
use crate::algorithm::fixed::FixedWindow;
use crate::algorithm::gcra::Gcra;
use crate::algorithm::sliding::SlidingCounter;
use crate::{
    Algorithm, Charge, Charges, Limit, Limits, MOST_POLICIES, Retry, Source, Standing, Verdict,
};

/// An answer, read strictly: where a number makes no sense there is none.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) verdict: Verdict,
    /// A bit for each lease that was granted.
    pub(super) leased: u8,
}

/// Reads what was answered about charges, with so many numbers for each of them.
pub(super) fn read(
    reply: &Reply,
    each: usize,
    operation: Operation,
    limits: &Limits,
    charges: &Charges,
) -> Result<Answer, RedisError> {
    of_bytes(reply.bytes()?, each, operation, limits, charges.as_slice())
}

/// All numbers are in one string, eight bytes each.
fn of_bytes(
    bytes: &[u8],
    each: usize,
    operation: Operation,
    limits: &Limits,
    charges: &[Charge],
) -> Result<Answer, RedisError> {
    let mut numbers = [0; 2 + 3 * MOST_POLICIES];
    let numbers = numbers.get_mut(..2 + each * charges.len()).ok_or_else(nonsense)?;
    let (given, rest) = bytes.as_chunks();
    if given.len() != numbers.len() || !rest.is_empty() {
        return Err(RedisError::unexpected("another count of numbers"));
    }
    for (number, given) in numbers.iter_mut().zip(given) {
        *number = i64::from_be_bytes(*given);
    }
    of_numbers(numbers, each, operation, limits, charges)
}

fn of_numbers(
    numbers: &[i64],
    each: usize,
    operation: Operation,
    limits: &Limits,
    charges: &[Charge],
) -> Result<Answer, RedisError> {
    let [code, micros, rest @ ..] = numbers else { return Err(nonsense()) };
    let now =
        Moment::from_nanos(u64::try_from(*micros).map_err(|_| nonsense())?.saturating_mul(MICRO));
    let mut records = [Record::default(); MOST_POLICIES];
    for ((record, charge), numbers) in records.iter_mut().zip(charges).zip(rest.chunks(each)) {
        *record = Record::of(limits.of(charge), charge.cost(), numbers, now)?;
    }
    let records = records.get(..charges.len()).unwrap_or_default();
    let (missed, leased) = masks(*code, charges, records)?;
    let mut verdict = match code {
        -1 => refusal(charges, records)?,
        _ => Verdict::taken().after(delay(operation, limits, charges, records)?),
    };
    for (at, record) in (0..).zip(records) {
        verdict.push(record.standing());
        if missed >> at & 1 == 1 {
            verdict.miss(at);
        }
    }
    Ok(Answer { verdict: verdict.at(now.as_nanos()), leased })
}

/// The charge that has to wait longest: the first of them, if there are several.
fn refusal(charges: &[Charge], records: &[Record]) -> Result<Verdict, RedisError> {
    let mut longest: Option<(u8, Retry)> = None;
    for (at, (_, record)) in required(charges, records) {
        let Err(retry) = record.room else { continue };
        if longest.is_none_or(|(_, other)| order(retry) > order(other)) {
            longest = Some((at, retry));
        }
    }
    let (first, _) = required(charges, records).next().ok_or_else(nonsense)?;
    let (at, retry) = longest.unwrap_or((first, SOON));
    Ok(Verdict::refused(at, retry))
}

/// Which has to wait longer.
fn order(retry: Retry) -> (u8, Duration) {
    match retry {
        Retry::After(time) => (0, time),
        Retry::Unknown => (1, Duration::ZERO),
        Retry::Never => (2, Duration::ZERO),
    }
}

/// How long those that were taken, or might be, have to wait before they go on. Nobody was let through who has to wait
/// longer than there is a queue.
fn delay(
    operation: Operation,
    limits: &Limits,
    charges: &[Charge],
    records: &[Record],
) -> Result<Duration, RedisError> {
    let mut longest = 0;
    for (_, (charge, record)) in required(charges, records) {
        let wait = match operation {
            Operation::Take => record.over,
            _ => record.room.unwrap_or(0),
        };
        if operation == Operation::Take && wait > limits.of(charge).queue.saturating_add(INEXACT) {
            return Err(nonsense());
        }
        longest = longest.max(wait);
    }
    Ok(Duration::from_nanos(longest))
}

fn required<'a>(
    charges: &'a [Charge],
    records: &'a [Record],
) -> impl Iterator<Item = (u8, (&'a Charge, &'a Record))> {
    (0..).zip(charges.iter().zip(records)).filter(|(_, (charge, _))| !charge.is_optional())
}

/// One record as it was answered.
#[derive(Clone, Copy, Debug)]
struct Record {
    remaining: u64,
    /// Nanoseconds.
    resets_in: u64,
    /// Whether there is room for the charge, as it stands, and how long to wait before going on.
    room: Result<u64, Retry>,
    /// How far a bucket is over its burst, in nanoseconds.
    over: u64,
}

impl Default for Record {
    fn default() -> Self {
        Self { remaining: 0, resets_in: 0, room: Ok(0), over: 0 }
    }
}

impl Record {
    fn of(limit: &Limit, cost: u32, numbers: &[i64], now: Moment) -> Result<Self, RedisError> {
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

    fn standing(&self) -> Standing {
        Standing::new(self.remaining, Duration::from_nanos(self.resets_in), Source::Store)
    }
}

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
    Duration::from_micros(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX).div_ceil(MICRO))
}

const MICRO: u64 = 1_000;

/// Where the script saw no room for a nanosecond's sake: its numbers are whole up to 104 days.
const SOON: Retry = Retry::After(Duration::from_micros(1));

/// By how much a script may be wrong where its numbers are longer, in nanoseconds: the longest burst comes back in ten years.
const INEXACT: u64 = 1_000;

fn count(number: u64) -> Result<u32, RedisError> {
    u32::try_from(number).map_err(|_| nonsense())
}

fn nonsense() -> RedisError {
    RedisError::unexpected("a number that makes no sense")
}

#[cfg(test)]
#[cfg(not(buttress_loom))]
mod tests;
