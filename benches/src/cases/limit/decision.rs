//! One decision of a limit in memory.

use std::hint::black_box;
use std::net::SocketAddr;
use std::time::Duration;

use buttress_core::ClientAddress;
use buttress_core::clock::{Clock, CounterClock, SystemClock};
use buttress_core::engine::Step;
use buttress_core::key::{Key, Keyer};
use buttress_ratelimit::store::{LimitStore, Memory};
use buttress_ratelimit::{Charge, Charges, Limit, Limits, Quota, RateLimit, everyone};

use super::load::{address, bytes, decisions, decisions_apart};
use crate::{Budget, Case, Run};

/// Of one client, who asks all the time.
pub const HOT: &str = "limit, one hot key";
/// Of a thousand clients in turns.
pub const FEW: &str = "limit, 1,000 live keys";
/// Of ten thousand clients in turns, whom two threads share.
pub const MANY: &str = "limit, 10,000 live keys";
/// Of ten thousand clients in turns, and a second thread has ten thousand others.
pub const APART: &str = "limit, 10,000 live keys for each thread";
/// Of one client, and a second thread has another.
pub const HOT_APART: &str = "limit, one hot key for each thread";
/// Of a million clients in turns.
pub const MILLION: &str = "limit, 1,000,000 live keys";
/// Of one client, who has no more.
pub const REFUSED: &str = "limit, a decision that refuses";
/// More than anybody asks for here: every so often one, and so many at once. A key that has asked once is live for as
/// long, also where callgrind makes a run fifty times as long; and all of it comes back within ten years.
#[must_use]
pub const fn plenty(clients: u32) -> (Duration, u32) {
    match clients {
        1 => (Duration::from_secs(1), 300_000_000),
        _ => (Duration::from_secs(600), 480_000),
    }
}

/// The rows of this subject.
pub(super) fn cases() -> Vec<Case> {
    // Unoptimised, as in the test that each case runs, ten thousand are enough.
    let million = if cfg!(debug_assertions) { 10_000 } else { 1_000_000 };
    let mut cases = Vec::new();
    for (group, clients) in [(HOT, 1), (FEW, 1_000), (MANY, 10_000), (MILLION, million)] {
        let within = Budget::new(320, 0);
        cases.extend([
            Case::bare(group, drawn(clients)),
            Case::ours(group, by_key(clients)).within(within).on_two_threads(),
            Case::peer(group, "ours, by address", by_address(clients)),
            Case::peer(group, "ours, by name of the policy", by_name(clients)).on_two_threads(),
            Case::peer(group, "ours, the processor's counter", by_counter(clients)),
            Case::peer(group, "ours, time given", time_given(clients)).on_two_threads(),
            Case::peer(group, "ours, alone, time given", checked(clients)),
        ]);
    }
    // Two keys alone would share a line of memory: they are two of a table as it comes.
    for (group, clients, memory) in
        [(HOT_APART, 1, Memory::default()), (APART, 10_000, memory(20_000))]
    {
        cases.push(Case::bare(group, nobody_decides_apart(clients)).on_two_threads());
        cases.push(Case::ours(group, by_key_apart(clients, memory)).on_two_threads());
    }
    cases.push(Case::bare(REFUSED, drawn(1)));
    cases.push(Case::ours(REFUSED, refused()).within(Budget::new(285, 0)));
    cases
}

/// A limiter as its store sees it.
struct Counted {
    memory: Memory,
    limits: Limits,
    keyer: Keyer,
}

impl Counted {
    fn new(quota: Quota, clients: u32) -> Self {
        Self::of(memory(clients), quota)
    }

    fn of(memory: Memory, quota: Quota) -> Self {
        let limits = Limit::try_from(quota).into_iter().collect();
        Self { memory, limits, keyer: Keyer::random() }
    }

    #[inline]
    fn allows(&self, key: Key) -> bool {
        let Step::Now(verdict) = self.memory.take(&self.limits, &one(key));
        black_box(verdict).is_taken()
    }
}

fn memory(clients: u32) -> Memory {
    Memory::with_capacity(usize::try_from(clients).unwrap_or(usize::MAX))
}

#[inline]
fn one(key: Key) -> Charges {
    let mut charges = Charges::new();
    charges.push(Charge::new(0, key, 1));
    charges
}

fn quota(clients: u32) -> Quota {
    let (period, burst) = plenty(clients);
    Quota::per(period, 1).burst(burst.into())
}

/// Nobody decides: whose turn it is, and what would be asked.
fn drawn(clients: u32) -> Run {
    decisions(clients, || (), |(), client| black_box(bytes(client)).len() == 16)
}

/// As a request is decided once its key is known.
fn by_key(clients: u32) -> Run {
    let make = move || Counted::new(quota(clients), clients);
    decisions(clients, make, |counted, client| counted.allows(Key::from_bytes(bytes(client))))
}

fn nobody_decides_apart(clients: u32) -> Run {
    decisions_apart(clients, || (), |(), client| black_box(bytes(client)).len() == 16)
}

/// Each thread by keys of its own.
fn by_key_apart(clients: u32, memory: Memory) -> Run {
    let make = move || Counted::of(memory.clone(), quota(clients));
    decisions_apart(clients, make, |counted, client| counted.allows(Key::from_bytes(bytes(client))))
}

/// The same, by the clock that governor goes by.
fn by_counter(clients: u32) -> Run {
    let make = move || Counted::of(memory(clients).clock(CounterClock), quota(clients));
    decisions(clients, make, |counted, client| counted.allows(Key::from_bytes(bytes(client))))
}

/// The key is made first.
fn by_address(clients: u32) -> Run {
    let make = move || Counted::new(quota(clients), clients);
    decisions(clients, make, |counted, client| {
        let client = ClientAddress::from(SocketAddr::new(address(client), 0));
        counted.allows(counted.keyer.writer().address(client.network()).key())
    })
}

/// As an application asks that has no request.
fn by_name(clients: u32) -> Run {
    let make = move || {
        let limits = RateLimit::builder()
            .engine(memory(clients))
            .policy("plenty", quota(clients).by(everyone()));
        limits.build()
    };
    decisions(clients, make, |limits, client| {
        let key = Key::from_bytes(bytes(client));
        let Ok(Ok(Step::Now(verdict))) = limits.as_ref().map(|limits| limits.check("plenty", key))
        else {
            return false;
        };
        black_box(verdict).is_taken()
    })
}

/// Nobody looks at a clock.
fn time_given(clients: u32) -> Run {
    let now = SystemClock.now();
    let make = move || Counted::new(quota(clients), clients);
    decisions(clients, make, move |counted, client| {
        let charges = one(Key::from_bytes(bytes(client)));
        black_box(counted.memory.take_at(&counted.limits, &charges, black_box(now))).is_taken()
    })
}

/// The same, without the room that several policies need.
fn checked(clients: u32) -> Run {
    let now = SystemClock.now();
    let make = move || Counted::new(quota(clients), clients);
    decisions(clients, make, move |counted, client| {
        let charge = Charge::new(0, Key::from_bytes(bytes(client)), 1);
        black_box(counted.memory.check(&counted.limits, &charge, black_box(now))).is_taken()
    })
}

fn refused() -> Run {
    let make = || Counted::new(Quota::per_hour(1), 1);
    decisions(1, make, |counted, client| !counted.allows(Key::from_bytes(bytes(client))))
}
