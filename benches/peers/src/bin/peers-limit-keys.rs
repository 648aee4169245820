//! What a live key costs in memory, ours and governor's, counted at the allocator:
//! `cargo run --release --manifest-path benches/peers/Cargo.toml --bin peers-limit-keys`
//!
//! Ours is made for so many keys, and asked by each of them once. What it has forgotten for want of room is said
//! beside.

use std::num::NonZeroU32;

use allocation_counter::measure;
use buttress_benches::cases::limit::{address, bytes};
use buttress_core::Key;
use buttress_core::clock::{Clock, SystemClock};
use buttress_ratelimit::store::Memory;
use buttress_ratelimit::{Charge, Charges, Limit, Limits};
use governor::{Quota, RateLimiter};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("| live keys | ours, bytes each | forgotten | governor 0.10, bytes each |");
    println!("|--:|--:|--:|--:|");
    let limit = Limit::try_from(buttress_ratelimit::Quota::per_hour(10))?;
    let limits: Limits = [limit].into_iter().collect();
    for keys in [1_000_u32, 10_000, 100_000, 1_000_000] {
        let memory = Memory::with_capacity(usize::try_from(keys)?);
        let ours = measure(|| fill(&memory, &limits, keys)).bytes_current;
        let forgotten = memory.usage(&limits, 0).forgotten();
        drop(memory);

        let mut kept = None;
        let theirs = measure(|| {
            let limiter = RateLimiter::dashmap(Quota::per_hour(NonZeroU32::MIN));
            (0..keys).for_each(|key| _ = limiter.check_key(&address(key)));
            kept = Some(limiter);
        });
        drop(kept);
        let each = |bytes: i64| bytes as f64 / f64::from(keys);
        let (ours, theirs) = (each(ours), each(theirs.bytes_current));
        println!("| {keys} | {ours:.1} | {forgotten} | {theirs:.1} |");
    }
    Ok(())
}

/// The table is made with the first decision.
fn fill(memory: &Memory, limits: &Limits, keys: u32) {
    let now = SystemClock.now();
    for key in 0..keys {
        let mut charges = Charges::new();
        charges.push(Charge::new(0, Key::from_bytes(bytes(key)), 1));
        assert!(memory.take_at(limits, &charges, now).is_taken());
    }
}
