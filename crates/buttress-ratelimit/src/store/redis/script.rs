//! The scripts, and what they are told of a charge.

use std::time::Duration;

use buttress_core::clock;
use buttress_redis::{Call, Script};

use crate::{Algorithm, Charge, Limit, MOST_POLICIES};

/// Buckets that refill all the time: what is asked most. Whoever asks at the same time is decided together.
pub(super) static BUCKETS: Script = Script::new("limit", 1, include_str!("gcra.lua")).joined();

/// A script of everything else, for these kinds of records.
macro_rules! counters {
    ($($kind:literal)*) => {
        Script::new("limit", 1, concat!(
            include_str!("counters/begin.lua"),
            $(include_str!(concat!("counters/", $kind, ".lua")),)*
            include_str!("counters/end.lua"),
        ))
    };
}

static FIXED: Script = counters!("f");
static SLIDING: Script = counters!("s");
static LOG: Script = counters!("l");
static PERMITS: Script = counters!("c");
/// What does all of it: it is brought before anything is given back.
pub(super) static MIXED: Script = counters!("g" "f" "s" "l" "c");

/// The shortest script for an operation on records of one kind, or of several.
pub(super) const fn counters(operation: Operation, kind: Option<Algorithm>) -> &'static Script {
    match (operation, kind) {
        (Operation::Take | Operation::Look, Some(Algorithm::FixedWindow)) => &FIXED,
        (Operation::Take | Operation::Look, Some(Algorithm::SlidingCounter)) => &SLIDING,
        (Operation::Take | Operation::Look, Some(Algorithm::SlidingLog)) => &LOG,
        (Operation::Take | Operation::Look, Some(Algorithm::Concurrent)) => &PERMITS,
        _ => &MIXED,
    }
}

/// Who is there.
pub(super) static BEAT: Script = Script::new("limit-fleet", 1, include_str!("beat.lua"));

/// Who is banned.
pub(super) static BANS: Script = Script::new("limit-bans", 1, include_str!("bans.lua"));

/// What is done with charges, as `counters/begin.lua` tells.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Operation {
    Look = 0,
    Take = 1,
    Count = 2,
    GiveBack = 3,
    Forget = 4,
    Renew = 5,
}

impl Operation {
    pub(super) const fn number(self) -> i64 {
        self as i64
    }
}

/// Which script a question goes to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Way {
    Buckets,
    Counters,
}

impl Way {
    /// How many numbers are answered about each charge.
    pub(super) const fn numbers(self, operation: Operation) -> usize {
        match (self, operation) {
            (Self::Buckets, _) => 1,
            (Self::Counters, Operation::Count) => 4,
            (Self::Counters, _) => 3,
        }
    }
}

/// The letter that records of an algorithm have in their keys: two algorithms never read the same record.
pub(super) const fn letter(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Gcra => "g",
        Algorithm::FixedWindow => "f",
        Algorithm::SlidingCounter => "s",
        Algorithm::SlidingLog => "l",
        Algorithm::Concurrent => "c",
    }
}

/// By how much a charge moves a bucket ahead. What costs more than a burst moves it further than any bucket may be.
pub(super) fn price(limit: &Limit, cost: u32) -> u64 {
    limit.price(cost).min(FARTHEST)
}

/// Of no use to anybody, and a number in all of the places that it comes through.
const FARTHEST: u64 = 1 << 62;

/// The argument of `gcra.lua`, which is all charges in a row. Numbers are eight bytes each in one argument: the server
/// reads digits twice, and for each argument it makes a value.
pub(super) struct Buckets {
    bytes: [u8; 1 + 32 * MOST_POLICIES],
    len: usize,
}

impl Buckets {
    pub(super) fn new(operation: Operation) -> Self {
        let mut bytes = [0; 1 + 32 * MOST_POLICIES];
        bytes[0] = u8::from(operation == Operation::Take);
        Self { bytes, len: 1 }
    }

    /// Adds a charge, with a lease of so many beside it.
    pub(super) fn add(&mut self, limit: &Limit, charge: &Charge, lease: u32) {
        let more = match lease {
            _ if charge.is_optional() => (-1_i64).cast_unsigned(),
            0 => 0,
            lease => price(limit, charge.cost().saturating_add(lease)),
        };
        let numbers = [price(limit, charge.cost()), limit.reach, limit.deepest, more];
        let place = self.bytes.get_mut(self.len..self.len + 32);
        if let Some(place) = place {
            place.copy_from_slice(numbers.map(u64::to_be_bytes).as_flattened());
            self.len += 32;
        }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

/// The arguments of a [script of everything else](counters) for one charge. A permit has a name, and is held for so
/// long.
pub(super) fn counter<'a>(
    call: Call<'a>,
    limit: &Limit,
    charge: &Charge,
    permit: &str,
    held: Duration,
) -> Call<'a> {
    let algorithm = limit.algorithm();
    let call = call.arg(letter(algorithm));
    let call = match algorithm {
        Algorithm::Gcra => {
            call.arg(price(limit, charge.cost())).arg(limit.reach).arg(limit.deepest)
        }
        Algorithm::Concurrent => call.arg(charge.cost()).arg(limit.count()).arg(nanos(held)),
        _ => call.arg(charge.cost()).arg(limit.count()).arg(nanos(limit.period())),
    };
    let call = call.arg(i64::from(charge.is_optional()));
    match (algorithm, charge.until()) {
        (Algorithm::Concurrent, _) => call.arg(permit).arg(0_i64),
        (_, Some(until)) => call.arg(until / SECOND).arg(until % SECOND),
        (_, None) => call.arg(-1_i64).arg(0_i64),
    }
}

const SECOND: u64 = 1_000_000_000;

fn nanos(time: Duration) -> u64 {
    clock::nanos(time).min(FARTHEST)
}
