//! Who is refused again and again stays out for longer.

use std::time::Duration;

use buttress_core::Code;
use buttress_core::clock::ManualClock;
use buttress_core::stage::{Decision, Stage};
use buttress_ratelimit::store::{Memory, WhenFull};
use buttress_ratelimit::{Algorithm, Penalty, Policy, Quota, RateLimit, address, codes, everyone};

use crate::support::{SECOND, answered, enter, from, on, passing};
use crate::waiting::Slow;

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
    assert!(limits.lift("strict", key).unwrap());
    assert!(!limits.lift("strict", key).unwrap() && limits.lift("other", key).is_err());
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

/// Hundreds are under way to the store when the third refusal bans them: they make the ban no longer, and are told of
/// it.
#[tokio::test]
async fn whoever_is_under_way_makes_no_ban_longer() {
    let clock = ManualClock::new();
    let memory = Memory::with_capacity(64).clock(clock.clone());
    let limits = RateLimit::builder()
        .engine(Slow { memory, gone: None })
        .clock(clock.clone())
        .policy("strict", strict())
        .build()
        .unwrap();
    let stage = limits.stage();
    let mut under_way: Vec<_> = (0..300)
        .map(|_| {
            let mut request = from("203.0.113.7");
            let Decision::Wait(wait) = stage.enter(&mut request) else { panic!("it waits") };
            (request, wait)
        })
        .collect();
    let mut codes_told = Vec::new();
    for (mut request, wait) in under_way.drain(..) {
        if let Decision::Refuse(problem, _) = stage.resume(wait.await, &mut request) {
            codes_told.push((problem.code().name(), problem.retry_after()));
        }
    }
    assert_eq!(codes_told.len(), 299);
    assert!(codes_told[..2].iter().all(|told| *told == ("RATE_LIMITED", Some(SECOND))));
    assert!(codes_told[2..].iter().all(|told| *told == ("BANNED", Some(SECOND * 60))));
    assert_eq!(limits.bans()[0].left(), SECOND * 60);
    clock.advance(SECOND * 60);
    assert!(limits.bans().is_empty());
}

/// That a table is full, or the room of those who wait, is nobody's fault.
#[test]
fn nobody_is_banned_for_want_of_room() {
    let banning = |quota: Quota| quota.by(address()).penalty(Penalty::after(1));
    for algorithm in [Algorithm::Gcra, Algorithm::FixedWindow] {
        let clock = ManualClock::new();
        let memory = Memory::with_capacity(1).clock(clock.clone()).when_full(WhenFull::Refuse);
        let limits = RateLimit::builder()
            .engine(memory)
            .clock(clock)
            .policy("a", banning(Quota::per_hour(9).algorithm(algorithm)))
            .build()
            .unwrap();
        let crowd =
            (0..200).filter(|at| !answered(&limits.stage(), from(&format!("203.0.113.{at}")), 200));
        assert!(crowd.count() > 100, "{algorithm}");
        assert!(limits.bans().is_empty(), "{algorithm}");
    }
    let clock = ManualClock::new();
    let limits = on(&clock)
        .timer(clock.clone())
        .most_waiting(1)
        .policy("a", banning(Quota::per_second(1).burst(1).queue(SECOND * 60)))
        .build()
        .unwrap();
    let stage = limits.stage();
    let requests = [(); 3].map(|()| from("203.0.113.7"));
    let [passed, waits, crowded] = requests.map(|mut request| stage.enter(&mut request));
    assert!(matches!((passed, waits), (Decision::Pass(_), Decision::Wait(_))));
    let Decision::Refuse(problem, _) = crowded else { panic!("one may wait") };
    assert_eq!(problem.code().name(), "RATE_LIMITED");
    assert!(limits.bans().is_empty());
}

/// A policy that waits longer must not keep another one from counting: who tries passwords would be banned by neither.
#[test]
fn each_policy_that_has_no_room_counts() {
    let clock = ManualClock::new();
    let penalty = Penalty::after(3).lasts(SECOND * 60);
    let strict = Quota::per_minute(1).by(address()).penalty(penalty);
    let limits = on(&clock).policy("strict", strict);
    let limits = limits.policy("daily", Quota::per_day(1).by(address())).build().unwrap();
    let stage = limits.stage();
    let ask = || enter(&stage, &mut from("203.0.113.7"));
    assert!(ask().is_passed());
    assert_eq!([(); 2].map(|()| ask().problem().code()), [Code::RATE_LIMITED; 2]);
    let banned = ask().problem();
    assert_eq!(banned.code(), codes::BANNED);
    assert_eq!(banned.retry_after(), Some(SECOND * 86_400), "before that nothing has room");
    assert_eq!(limits.bans().len(), 1);
    assert_eq!(limits.bans()[0].policy(), "strict");
}
