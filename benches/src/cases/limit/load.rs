use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;

use crate::Run;

/// Decisions about so many clients, each of which asked once before, in an order without a pattern.
///
/// The limiter is made and filled when it is first needed: to be named in a list must not cost a million keys. And
/// a run goes on where the last one stopped, on whatever thread. Short runs that began anew would only ever meet the
/// same few clients, and find them in the cache.
///
/// # Panics
///
/// The run does, if `allows` says no: then it measures something else than it seems to.
pub fn decisions<L: Send + Sync + 'static>(
    clients: u32,
    make: impl Fn() -> L + Send + Sync + 'static,
    allows: impl Fn(&L, u32) -> bool + Send + Sync + 'static,
) -> Run {
    let limiter = OnceLock::new();
    let drawn = AtomicU64::new(0);
    Box::new(move |times| {
        let limiter = limiter.get_or_init(|| filled(clients, &make, &allows));
        let from = drawn.fetch_add(times, Relaxed);
        for turn in from..from + times {
            assert!(
                allows(limiter, black_box(one_of(clients, turn))),
                "it did not decide that way"
            );
        }
    })
}

/// The same, but that a second thread has clients of its own, as many as the first: nobody asks for what the other one
/// does.
///
/// The first is the thread that ran it first.
///
/// # Panics
///
/// As [`decisions`] does.
pub fn decisions_apart<L: Send + Sync + 'static>(
    clients: u32,
    make: impl Fn() -> L + Send + Sync + 'static,
    allows: impl Fn(&L, u32) -> bool + Send + Sync + 'static,
) -> Run {
    let limiter = OnceLock::new();
    let drawn = AtomicU64::new(0);
    Box::new(move |times| {
        let full = || (filled(2 * clients, &make, &allows), thread::current().id());
        let (limiter, first) = limiter.get_or_init(full);
        let other = if thread::current().id() == *first { 0 } else { clients };
        let from = drawn.fetch_add(times, Relaxed);
        for turn in from..from + times {
            let client = other + one_of(clients, turn);
            assert!(allows(limiter, black_box(client)), "it did not decide that way");
        }
    })
}

fn filled<L>(clients: u32, make: &impl Fn() -> L, allows: &impl Fn(&L, u32) -> bool) -> L {
    let limiter = make();
    (0..clients).for_each(|client| _ = allows(&limiter, client));
    limiter
}

/// The address of a client.
#[must_use]
#[inline]
pub fn address(client: u32) -> IpAddr {
    IpAddr::V4(Ipv4Addr::from_bits(client))
}

/// Sixteen bytes without a pattern, as a hash of an address has them.
#[must_use]
#[inline]
pub fn bytes(client: u32) -> [u8; 16] {
    let (first, second) = (mixed(client.into()), mixed(!u64::from(client)));
    (u128::from(first) << 64 | u128::from(second)).to_be_bytes()
}

/// The client whose turn it is, among so many.
#[must_use]
#[inline]
pub fn one_of(clients: u32, turn: u64) -> u32 {
    let drawn = (u128::from(mixed(turn)) * u128::from(clients)) >> 64;
    u32::try_from(drawn).unwrap_or_default()
}

/// The step of `SplitMix64`.
#[inline]
fn mixed(number: u64) -> u64 {
    let mut bits = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use buttress_core::sync::Lock;

    use super::*;

    #[test]
    fn runs_go_on_where_the_last_one_stopped() {
        let seen = Arc::new(Lock::new(Vec::new()));
        let noted = Arc::clone(&seen);
        let run = decisions(
            10,
            || (),
            move |(), client| {
                noted.lock().push(client);
                true
            },
        );
        run(3);
        run(5);
        let seen = seen.lock();
        assert!(seen[..10].iter().copied().eq(0..10), "each asked once before");
        let turns: Vec<_> = (0..8).map(|turn| one_of(10, turn)).collect();
        assert_eq!(seen[10..], turns);
    }

    #[test]
    fn two_threads_may_have_clients_of_their_own() {
        let seen = Arc::new(Lock::new(Vec::new()));
        let noted = Arc::clone(&seen);
        let run = decisions_apart(
            10,
            || (),
            move |(), client| {
                noted.lock().push((thread::current().id(), client));
                true
            },
        );
        run(20);
        thread::scope(|scope| _ = scope.spawn(|| run(20)));
        run(20);
        let (seen, first) = (seen.lock(), thread::current().id());
        assert!(seen[..20].iter().copied().eq((0..20).map(|client| (first, client))));
        assert!(seen[20..].iter().all(|(thread, client)| (*thread == first) == (*client < 10)));
        assert!(seen[20..].iter().any(|(thread, _)| *thread != first));
    }
}
