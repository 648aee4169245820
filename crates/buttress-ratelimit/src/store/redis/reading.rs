//! What an answer of a script means.

mod masks;
mod record;

use std::time::Duration;

use buttress_core::clock::Moment;
use buttress_redis::{RedisError, Reply};

use self::masks::masks;
use self::record::Record;
use super::script::Operation;
use crate::{Charge, Charges, Limits, MOST_POLICIES, Retry, Verdict};

/// An answer, read strictly: where a number makes no sense there is none.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) verdict: Verdict,
    /// A bit for each lease that was granted.
    pub(super) leased: u8,
    /// How much of each was counted, where that was asked.
    pub(super) counted: [u32; MOST_POLICIES],
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
pub(super) fn of_bytes(
    bytes: &[u8],
    each: usize,
    operation: Operation,
    limits: &Limits,
    charges: &[Charge],
) -> Result<Answer, RedisError> {
    let mut numbers = [0; 2 + 4 * MOST_POLICIES];
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
    let mut counted = [0; MOST_POLICIES];
    let places = records.iter_mut().zip(&mut counted);
    for (((record, counted), charge), numbers) in places.zip(charges).zip(rest.chunks(each)) {
        let limit = limits.of(charge);
        *record = Record::of(limit, charge.cost(), numbers, now)?;
        *counted = record::counted(limit, charge.cost(), numbers)?;
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
    Ok(Answer { verdict: verdict.at(now.as_nanos()), leased, counted })
}

/// All that have to wait, and the charge that has to wait longest: the first of them, if there are several.
fn refusal(charges: &[Charge], records: &[Record]) -> Result<Verdict, RedisError> {
    let mut longest: Option<(u8, Retry)> = None;
    for (at, (_, record)) in required(charges, records) {
        let Err(retry) = record.room else { continue };
        if longest.is_none_or(|(_, other)| retry.rank() > other.rank()) {
            longest = Some((at, retry));
        }
    }
    let (first, _) = required(charges, records).next().ok_or_else(nonsense)?;
    let (at, retry) = longest.unwrap_or((first, SOON));
    let mut verdict = Verdict::refused(at, retry);
    for (at, (_, record)) in required(charges, records) {
        if record.room.is_err() {
            verdict.refuse(at);
        }
    }
    Ok(verdict)
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

const MICRO: u64 = 1_000;

/// Where the script saw no room for a nanosecond's sake: its numbers are whole up to 104 days.
const SOON: Retry = Retry::After(Duration::from_micros(1));

/// By how much a script may be wrong where its numbers are longer, in nanoseconds: the longest burst comes back in ten
/// years.
const INEXACT: u64 = 1_000;

fn nonsense() -> RedisError {
    RedisError::unexpected("a number that makes no sense")
}

#[cfg(test)]
#[cfg(not(buttress_loom))]
mod tests;
