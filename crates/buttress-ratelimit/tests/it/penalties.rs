//! Who is refused again and again stays out for longer.

use std::time::Duration;

use buttress_core::clock::ManualClock;
use buttress_ratelimit::{Penalty, Policy, Quota, RateLimit, address, codes, everyone};

use crate::support::{SECOND, answered, enter, from, on, passing};

fn strict() -> Policy {
    let penalty = Penalty::after(3).within(SECOND * 10).lasts(SECOND * 60).at_most(SECOND * 200);
    Quota::per_second(1).by(address()).penalty(penalty.forgiven_after(SECOND * 100))
}

fn limits(clock: &ManualClock) -> RateLimit {
    on(clock).policy("strict", strict()).build().unwrap()
}

/// Asks until it is banned; the ban's length.
fn banned(limits: &RateLimit, who: &str) -> Duration {
    for _ in 0..4 {
        let seen = enter(&limits.stage(), &mut from(who));
        if seen.is_passed() {
            continue;
        }
        let problem = seen.problem();
        if problem.code() == codes::BANNED {
            return problem.retry_after().unwrap();
        }
    }
    panic!("not banned");
}

#[test]
fn bans_grow_end_and_are_forgiven() {
    let clock = ManualClock::new();
    let limits = limits(&clock);
    for seconds in [60, 120, 200, 200] {
        let length = banned(&limits, "203.0.113.7");
        assert_eq!(length, SECOND * seconds);
        clock.advance(length.saturating_sub(Duration::from_nanos(1)));
        let problem = enter(&limits.stage(), &mut from("203.0.113.7")).problem();
        assert_eq!(problem.code(), codes::BANNED);
        assert_eq!(
            problem.retry_after(),
            Some(Duration::from_nanos(1)),
            "to ask does not make it longer"
        );
        assert!(answered(&limits.stage(), from("203.0.113.8"), 200), "the neighbour is free");
        clock.advance(Duration::from_nanos(1));
        assert!(answered(&limits.stage(), from("203.0.113.7"), 200));
    }
    clock.advance(SECOND * 1_000);
    assert_eq!(banned(&limits, "203.0.113.7"), SECOND * 60, "all is forgiven");
}

#[test]
fn a_ban_is_told_as_abnormal() {
    let clock = ManualClock::new();
    let limits = limits(&clock);
    banned(&limits, "203.0.113.7");
    let problem = enter(&limits.stage(), &mut from("203.0.113.7")).problem();
    assert_eq!(problem.status().as_u16(), 429);
    let specified = problem.specified().unwrap();
    assert!(specified.uri().ends_with("#abnormal-usage-detected"));
    let members: Vec<_> = specified.members().collect();
    assert_eq!(members, [("violated-policies", &["strict".into()][..])]);
}

#[test]
fn bans_are_seen_and_lifted() {
    let clock = ManualClock::new();
    let limits = limits(&clock);
    assert!(limits.bans().is_empty());
    banned(&limits, "203.0.113.7");
    banned(&limits, "203.0.113.8");
    clock.advance(SECOND * 10);
    let bans = limits.bans();
    assert_eq!(bans.len(), 2);
    assert!(bans.iter().all(|ban| ban.policy() == "strict" && ban.left() == SECOND * 50));

    let network = "203.0.113.7/32".parse().ok();
    let key = limits.writer("strict").unwrap().address(network).key();
    assert!(limits.lift("strict", key));
    assert!(!limits.lift("strict", key) && !limits.lift("other", key));
    assert_eq!(limits.bans().len(), 1);
    assert!(answered(&limits.stage(), from("203.0.113.7"), 200));
    assert!(!answered(&limits.stage(), from("203.0.113.8"), 200));
    assert_eq!(banned(&limits, "203.0.113.7"), SECOND * 60, "and the steps with it");
}

#[test]
fn a_trial_bans_nobody() {
    let clock = ManualClock::new();
    let limits = on(&clock).policy("strict", strict()).shadow().build().unwrap();
    assert_eq!(passing(&limits.stage(), || from("203.0.113.7"), 50), 50);
    assert!(limits.bans().is_empty());
}

#[test]
fn only_its_own_refusals_count() {
    let clock = ManualClock::new();
    let limits = on(&clock)
        .policy("all", Quota::per_hour(1).by(everyone()))
        .policy("strict", strict().quota(Quota::per_hour(99)))
        .build()
        .unwrap();
    assert_eq!(passing(&limits.stage(), || from("203.0.113.7"), 50), 1);
    assert!(limits.bans().is_empty());
}

#[test]
fn a_flood_of_addresses_takes_no_more_memory_and_frees_nobody() {
    let clock = ManualClock::new();
    let limits = on(&clock).policy("strict", strict()).most_banned(64).build().unwrap();
    assert_eq!(banned(&limits, "203.0.113.7"), SECOND * 60);
    clock.advance(SECOND * 60);
    assert_eq!(banned(&limits, "203.0.113.7"), SECOND * 120);
    for stranger in 0..5_000_u32 {
        let [_, _, high, low] = stranger.to_be_bytes();
        let who = format!("198.{}.{high}.{low}", 18 + stranger % 2);
        passing(&limits.stage(), || from(&who), 2);
    }
    assert!(!answered(&limits.stage(), from("203.0.113.7"), 200));
    assert!(limits.bans().len() <= 64);
}
