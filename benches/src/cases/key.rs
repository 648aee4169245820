//! What a limit is keyed by: here the address and the route of a request.

use std::hash::{BuildHasher, RandomState};
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use buttress_core::key::{Key, Keyer, address, route};
use buttress_core::stage::Gate;
use buttress_core::{ClientAddress, Context};
use http::Request;

use crate::{Budget, Case, Run, get};

/// From two parts that are at hand.
pub const PARTS: &str = "key of two parts";
/// From a request, in which they have to be found.
pub const REQUEST: &str = "key of a request, two parts";

const ROUTE: &str = "/orders/{id}";

/// The rows of this subject.
#[must_use]
pub fn cases() -> Vec<Case> {
    vec![
        Case::ours(PARTS, written()).within(Budget::new(375, 0)),
        Case::peer(PARTS, "tuple that owns, RandomState", owned()),
        Case::peer(PARTS, "format!, a String as key", formatted()),
        Case::ours(REQUEST, found()).within(Budget::new(520, 0)),
    ]
}

fn written() -> Run {
    let keyer = Keyer::random();
    let client = ClientAddress::from(SocketAddr::new(ip(), 4000));
    keys(move || keyer.writer().address(black_box(&client).network()).route(black_box(ROUTE)).key())
}

/// As a map of std makes it: 64 bits, which it compares the parts for again, so that it must own them.
fn owned() -> Run {
    let hasher = RandomState::new();
    let make = move || {
        let key = (black_box(ROUTE).to_owned(), black_box(ip()));
        (hasher.hash_one(&key), key)
    };
    Box::new(move |n| (0..n).for_each(|_| drop(black_box(make()))))
}

/// As a store is commonly asked; nothing of it is hidden.
fn formatted() -> Run {
    let make = || format!("limit:{}:{}", black_box(ip()), black_box(ROUTE));
    Box::new(move |n| (0..n).for_each(|_| drop(black_box(make()))))
}

fn found() -> Run {
    let mut request: Request<()> = get();
    let context = Gate::enter(&Context::default(), &mut request).ok().flatten();
    assert!(context.is_some_and(|context| context.set_route(ROUTE)), "this is the first route");
    let (keyer, by) = (Keyer::random(), (address(), route()));
    keys(move || keyer.key_for(&by, black_box(&request)).key())
}

fn keys(make: impl Fn() -> Key + Send + Sync + 'static) -> Run {
    Box::new(move |n| {
        (0..n).for_each(|_| {
            black_box(make());
        });
    })
}

fn ip() -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7))
}
