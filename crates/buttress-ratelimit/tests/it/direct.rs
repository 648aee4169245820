//! Limits without HTTP.

use buttress_core::clock::{Clock, ManualClock};
use buttress_core::engine::Step;
use buttress_core::key::{KeySeed, Keyer};
use buttress_core::{ClientAddress, HealthStatus, Probe};
use buttress_ratelimit::{
    Quota, RateLimit, Retry, Subject, address, api_key, everyone, principal, route,
};

use crate::support::{SECOND, answered, from, left, now, on};

fn jobs(clock: &ManualClock) -> RateLimit {
    on(clock).policy("jobs", Quota::per_minute(2).by(principal())).build().unwrap()
}

#[test]
fn check_peek_take_reset() {
    let clock = ManualClock::new();
    let limits = jobs(&clock);
    let ada = limits.writer("jobs").unwrap().principal("ada").key();
    assert!(now(limits.peek("jobs", ada).unwrap()).is_taken());
    assert!(now(limits.take("jobs", ada, 2).unwrap()).is_taken());
    let refused = now(limits.check("jobs", ada).unwrap());
    assert_eq!(refused.refusal(), Some((0, Retry::After(SECOND * 30))));
    assert!(!now(limits.peek("jobs", ada).unwrap()).is_taken());
    limits.give_back("jobs", ada, 1).unwrap();
    assert_eq!(left(&limits, "jobs", ada), 1);
    let _ = now(limits.reset("jobs", ada).unwrap());
    assert_eq!(left(&limits, "jobs", ada), 2);
    assert_eq!(now(limits.take("jobs", ada, 3).unwrap()).refusal(), Some((0, Retry::Never)));
    for error in
        [limits.check("job", ada).err(), limits.peek("job", ada).err(), limits.reset("", ada).err()]
    {
        assert!(error.is_some());
    }
}

#[test]
fn on_a_time_that_is_said() {
    let clock = ManualClock::new();
    let limits = jobs(&clock);
    let ada = limits.writer("jobs").unwrap().principal("ada").key();
    let start = clock.now();
    for _ in 0..2 {
        assert!(limits.check_at("jobs", ada, start).unwrap().is_taken());
    }
    let refused = limits.check_at("jobs", ada, start).unwrap();
    let Some((0, Retry::After(wait))) = refused.refusal() else { panic!("{refused:?}") };
    assert!(limits.check_at("jobs", ada, start + wait).unwrap().is_taken());
}

#[tokio::test]
async fn whatever_the_store_is_it_can_be_awaited() {
    let limits = jobs(&ManualClock::new());
    let ada = limits.writer("jobs").unwrap().principal("ada").key();
    assert!(limits.check("jobs", ada).unwrap().await.is_taken());
    // In memory there is nothing to wait for, and the compiler knows.
    let Step::Now(verdict) = limits.check("jobs", ada).unwrap();
    assert!(verdict.is_taken());
}

/// What an operator types becomes the key that requests have.
#[test]
fn keys_by_hand_are_those_of_requests() {
    let clock = ManualClock::new();
    let seed: KeySeed = "000102030405060708090a0b0c0d0e0f".parse().unwrap();
    let limits = on(&clock)
        .keyer(Keyer::from(seed))
        .policy("address", Quota::per_hour(5).by(address()))
        .policy("both", Quota::per_hour(5).by((api_key(), route())))
        .build()
        .unwrap();
    let mut request = from("203.0.113.7");
    request.headers_mut().insert("x-api-key", http::HeaderValue::from_static("k-17"));
    assert!(answered(&limits.stage(), request, 200));
    let client = ClientAddress::from(std::net::SocketAddr::from(([203, 0, 113, 7], 0)));
    let address = limits.writer("address").unwrap().address(client.network()).key();
    let both = limits.writer("both").unwrap().api_key("k-17").route(None).key();
    assert_eq!((left(&limits, "address", address), left(&limits, "both", both)), (4, 4));
    assert!(limits.writer("none").is_none());
    assert_ne!(limits.writer("address").unwrap().key(), limits.writer("both").unwrap().key());
}

#[test]
fn spread_limits_say_where_they_are() {
    let limits = RateLimit::builder()
        .policy("a", Quota::per_hour(5).by((principal(), route())))
        .shard_by(principal())
        .build()
        .unwrap();
    let key = limits.writer("a").unwrap().principal("ada").route("/").key();
    let error = limits.check("a", key).unwrap_err();
    assert_eq!(error.to_string(), "the limits of `a` are spread, and the shard is not said");
    let shard = limits.shard_writer().unwrap().principal("ada").key();
    assert!(now(limits.check("a", Subject::from(key).at(shard)).unwrap()).is_taken());
    assert!(
        RateLimit::builder()
            .policy("a", Quota::per_hour(5).by(everyone()))
            .build()
            .unwrap()
            .shard_writer()
            .is_none()
    );
}

#[test]
fn who_takes_most_is_known() {
    let clock = ManualClock::new();
    let limits = on(&clock).policy("address", Quota::per_hour(10).by(address())).build().unwrap();
    for (who, times) in [("203.0.113.1", 2), ("203.0.113.2", 9), ("203.0.113.3", 7)] {
        for _ in 0..times {
            assert!(answered(&limits.stage(), from(who), 200));
        }
    }
    let heaviest = limits.heaviest("address", 2).unwrap().unwrap();
    let key = |last| {
        let network = format!("203.0.113.{last}/32").parse().ok();
        limits.writer("address").unwrap().address(network).key()
    };
    let found: Vec<_> =
        heaviest.iter().map(|heavy| (heavy.key(), heavy.standing().remaining())).collect();
    assert_eq!(found, [(key(2), 1), (key(3), 3)]);
    let usage = limits.usage("address").unwrap().unwrap();
    assert_eq!(usage.live(), 3);
    assert!(usage.places() >= 256 && usage.bytes() > 0);
    assert!(limits.usage("other").is_err() && limits.heaviest("other", 1).is_err());
}

#[tokio::test]
async fn it_says_how_it_is() {
    let limits =
        RateLimit::builder().policy("a", Quota::per_hour(5).by(everyone())).build().unwrap();
    assert_eq!(Probe::name(&limits), "rate_limit");
    assert!(!Probe::critical(&limits));
    assert_eq!(Probe::check(&limits).await.status(), HealthStatus::Up);
}
