//! Limits by governor, and by its layer.

use std::hint::black_box;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;

use buttress_benches::cases::limit::{
    ALLOWED, APART, FEW, HEADERS, HOT, HOT_APART, MANY, MILLION, REFUSAL, REFUSED, Welcome,
    address, bytes, decisions, decisions_apart, plenty,
};
use buttress_benches::{Case, Run, get, requests};
use buttress_core::key::{Key, Uniform};
use bytes::Bytes;
use governor::clock::FakeRelativeClock;
use governor::middleware::{NoOpMiddleware, StateInformationMiddleware};
use governor::{Quota, RateLimiter};
use http::{Request, StatusCode};
use http_body_util::Full;
use tower::Layer;
use tower_governor::governor::GovernorConfigBuilder;
use tower_governor::key_extractor::KeyExtractor;
use tower_governor::{GovernorError, GovernorLayer};

pub(crate) fn cases() -> Vec<Case> {
    let loads = [(HOT, 1), (FEW, 1_000), (MANY, 10_000), (MILLION, 1_000_000)];
    let decisions = loads.into_iter().flat_map(|(group, clients)| {
        [
            Case::peer(group, "governor 0.10, by address", by_address(clients)).on_two_threads(),
            Case::peer(group, "governor 0.10, by our keys", by_key(clients)).on_two_threads(),
            Case::peer(group, "governor 0.10, says the rest", with_rest(clients)),
            Case::peer(group, "governor 0.10, time given", time_given(clients)),
        ]
    });
    let apart = [(HOT_APART, 1), (APART, 10_000)].into_iter().flat_map(|(group, clients)| {
        [
            Case::peer(group, "governor 0.10, by address", by_address_apart(clients))
                .on_two_threads(),
            Case::peer(group, "governor 0.10, by our keys", by_key_apart(clients)).on_two_threads(),
        ]
    });
    let refuses = Case::peer(REFUSED, "governor 0.10, by address", refused());
    decisions.chain(apart).chain([refuses]).chain(layers()).collect()
}

fn quota(clients: u32) -> Quota {
    let (period, burst) = plenty(clients);
    let quota = Quota::with_period(period).expect("it is longer than nothing");
    quota.allow_burst(NonZeroU32::new(burst).expect("it is more than none"))
}

fn by_address(clients: u32) -> Run {
    let make = move || RateLimiter::dashmap(quota(clients));
    decisions(clients, make, |limiter, client| limiter.check_key(&address(client)).is_ok())
}

/// By what is hashed already, and not hashed again: as ours is.
fn by_key(clients: u32) -> Run {
    let make = move || RateLimiter::dashmap_with_hasher(quota(clients), Uniform::default());
    decisions(clients, make, |limiter, client| {
        limiter.check_key(&Key::from_bytes(bytes(client))).is_ok()
    })
}

/// Each thread by addresses of its own.
fn by_address_apart(clients: u32) -> Run {
    let make = move || RateLimiter::dashmap(quota(clients));
    decisions_apart(clients, make, |limiter, client| limiter.check_key(&address(client)).is_ok())
}

fn by_key_apart(clients: u32) -> Run {
    let make = move || RateLimiter::dashmap_with_hasher(quota(clients), Uniform::default());
    decisions_apart(clients, make, |limiter, client| {
        limiter.check_key(&Key::from_bytes(bytes(client))).is_ok()
    })
}

/// Says what is left, too: as ours does.
fn with_rest(clients: u32) -> Run {
    let make = move || {
        RateLimiter::dashmap(quota(clients)).with_middleware::<StateInformationMiddleware>()
    };
    decisions(clients, make, |limiter, client| {
        limiter
            .check_key(&address(client))
            .is_ok_and(|rest| black_box(rest.remaining_burst_capacity()) > 0)
    })
}

fn time_given(clients: u32) -> Run {
    let make =
        move || RateLimiter::dashmap_with_clock(quota(clients), FakeRelativeClock::default());
    decisions(clients, make, |limiter, client| limiter.check_key(&address(client)).is_ok())
}

fn refused() -> Run {
    let make = || RateLimiter::dashmap(Quota::per_hour(NonZeroU32::MIN));
    decisions(1, make, |limiter, client| limiter.check_key(&address(client)).is_err())
}

fn layers() -> [Case; 3] {
    const SIDE: &str = "tower_governor 0.8";
    let plain = limiting().finish().expect("it limits something");
    let telling = limiting().use_headers().finish().expect("it limits something");
    let strict = limiting().per_second(3_600).burst_size(1).use_headers().finish();
    let strict = strict.expect("it limits something");
    _ = strict.limiter().check_key(&peer(&get::<Full<Bytes>>()).expect("it has one"));
    let allowed =
        requests(GovernorLayer::new(plain).layer(Welcome), get::<Full<Bytes>>, StatusCode::OK);
    let told =
        requests(GovernorLayer::new(telling).layer(Welcome), get::<Full<Bytes>>, StatusCode::OK);
    let refused = GovernorLayer::new(strict).layer(Welcome);
    let refused = requests(refused, get::<Full<Bytes>>, StatusCode::TOO_MANY_REQUESTS);
    [
        Case::peer(ALLOWED, SIDE, allowed).on_two_threads(),
        Case::peer(HEADERS, SIDE, told),
        Case::peer(REFUSAL, SIDE, refused),
    ]
}

fn limiting() -> GovernorConfigBuilder<Peer, NoOpMiddleware> {
    let mut limiting = GovernorConfigBuilder::default().key_extractor(Peer);
    let (period, burst) = plenty(1);
    limiting.period(period).burst_size(burst);
    limiting
}

fn peer<B>(request: &Request<B>) -> Option<IpAddr> {
    request.extensions().get().map(SocketAddr::ip)
}

/// As `PeerIpKeyExtractor`, for the plain address that the requests here have.
#[derive(Clone)]
struct Peer;

impl KeyExtractor for Peer {
    type Key = IpAddr;

    fn extract<B>(&self, request: &Request<B>) -> Result<IpAddr, GovernorError> {
        peer(request).ok_or(GovernorError::UnableToExtractKey)
    }
}
