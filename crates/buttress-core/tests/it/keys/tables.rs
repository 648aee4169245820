//! Keys as a table sees them.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash};
use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZero;

use buttress_core::address::Network;
use buttress_core::key::{Key, Uniform};

use super::keyer;

/// Of neighbouring addresses, as they come.
fn keys() -> impl Iterator<Item = Key> {
    let keyer = keyer();
    (0..1 << 16).map(move |n| {
        let address = IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + n));
        keyer.writer().address(Network::from(address)).key()
    })
}

/// That 65,536 keys fall into 64 places evenly: 1,024 each, and 5 deviations of about 32.
fn assert_even(place: impl Fn(Key) -> usize) {
    let mut places = [0_u32; 64];
    keys().for_each(|key| places[place(key)] += 1);
    assert!(places.iter().all(|keys| (864..=1184).contains(keys)), "{places:?}");
}

#[test]
fn keys_fall_evenly_into_tables_and_shards() {
    let hash = |key: Key| Uniform::default().hash_one(key);
    // What a table takes its place from, and the tag by which it tells neighbours apart.
    assert_even(|key| usize::try_from(hash(key) & 63).unwrap());
    assert_even(|key| usize::try_from(hash(key) >> 58).unwrap());
    assert_even(|key| key.shard(NonZero::new(64).unwrap()));
    // A shard's keys fall evenly into its own table, too.
    let eight = NonZero::new(8).unwrap();
    assert_even(|key| usize::try_from(hash(key) & 7).unwrap() * 8 + key.shard(eight));
    assert_even(|key| usize::try_from(hash(key) >> 61).unwrap() * 8 + key.shard(eight));
}

#[test]
fn a_shard_is_below_their_number() {
    let highest = Key::from_bytes([0xff; 16]);
    let lowest = Key::from_bytes([0; 16]);
    for count in [1, 2, 3, 64, usize::MAX].map(|count| NonZero::new(count).unwrap()) {
        assert_eq!((lowest.shard(count), highest.shard(count)), (0, count.get() - 1));
    }
}

/// One bit of a part moves about half the bits of the key.
#[test]
fn similar_parts_have_nothing_in_common() {
    let keyer = keyer();
    let number = |number: u64| u128::from_le_bytes(keyer.writer().number(number).key().to_bytes());
    let moved: Vec<_> = (0..64).map(|bit| (number(0) ^ number(1 << bit)).count_ones()).collect();
    assert!(moved.iter().all(|bits| (36..=92).contains(bits)), "{moved:?}");
}

#[test]
fn a_table_is_given_the_first_half_as_it_is() {
    let key = keyer().key_of(["ada"]);
    let [first, second] = key.halves();
    assert_eq!(Uniform::default().hash_one(key), first);
    let bytes = key.to_bytes();
    assert_eq!(first.to_le_bytes(), bytes[..8]);
    assert_eq!(second.to_le_bytes(), bytes[8..]);
}

#[test]
fn what_stands_beside_a_key_counts_too() {
    fn hash(value: impl Hash) -> u64 {
        Uniform::default().hash_one(value)
    }
    let key = keyer().key_of(["ada"]);
    assert_ne!(hash((key, 1_u8)), hash((key, 2_u8)));
    assert_ne!(hash((key, "logins")), hash((key, "uploads")));
    assert_ne!(hash((1_u64, key)), hash((2_u64, key)));

    let map: HashMap<(Key, u8), u8, Uniform> = (0..100).map(|n| ((key, n), n)).collect();
    assert!((0..100).all(|n| map[&(key, n)] == n));
}
