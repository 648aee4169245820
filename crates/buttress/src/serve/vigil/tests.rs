use std::collections::HashSet;

use buttress_core::clock::secs;
use proptest::prelude::*;

use super::*;

fn timeouts() -> Timeouts {
    Timeouts {
        header: Duration::from_secs(10),
        idle: Duration::from_secs(75),
        age: Some(Duration::from_secs(1_000)),
        stall: Duration::from_secs(30),
        rate: 100,
        linger: Duration::from_secs(10),
    }
}

fn second(n: u64) -> Moment {
    Moment::FIRST + Duration::from_secs(n)
}

fn vigil() -> Vigil {
    Vigil::new(timeouts(), second(0))
}

const KILL: fn(Cause) -> Verdict = Verdict::Kill;

#[test]
fn the_first_head_has_one_deadline_however_slowly_it_comes() {
    let mut vigil = vigil();
    for now in 1..10 {
        vigil.look(second(now), Seen { in_head: true, ..Seen::default() });
        assert_eq!(vigil.due(), Some((second(10), KILL(Cause::HeaderTimeout))));
    }
}

#[test]
fn who_has_greeted_may_idle_before_the_first_request() {
    let mut vigil = vigil().greeted();
    vigil.look(second(3), Seen::default());
    assert_eq!(vigil.due(), Some((second(75), Verdict::Close(Cause::Idle))));
    vigil.look(second(20), Seen { in_head: true, ..Seen::default() });
    assert_eq!(vigil.due(), Some((second(30), KILL(Cause::HeaderTimeout))));
}

#[test]
fn between_requests_it_may_idle_and_the_next_head_has_its_deadline() {
    let mut vigil = vigil();
    vigil.look(second(3), Seen { requests: 1, in_flight: 1, ..Seen::default() });
    assert_eq!(vigil.due(), Some((second(1_000), Verdict::Last)));
    vigil.look(second(200), Seen { requests: 1, ..Seen::default() });
    assert_eq!(vigil.due(), Some((second(275), Verdict::Close(Cause::Idle))));
    let begun = Seen { requests: 1, in_head: true, ..Seen::default() };
    vigil.look(second(250), begun);
    vigil.look(second(255), begun);
    assert_eq!(vigil.due(), Some((second(260), KILL(Cause::HeaderTimeout))));
    // Another one came and went: it is quiet from now on.
    vigil.look(second(259), Seen { requests: 2, ..Seen::default() });
    assert_eq!(vigil.due(), Some((second(334), Verdict::Close(Cause::Idle))));
}

#[test]
fn who_does_not_read_is_ended_whatever_is_in_flight() {
    let mut vigil = vigil();
    let blocked = Seen { requests: 1, in_flight: 1, blocked: true, ..Seen::default() };
    vigil.look(second(1), blocked);
    vigil.look(second(30), Seen { written: 1, ..blocked });
    let (at, verdict) = vigil.due().unwrap();
    assert!(at > second(31) && at < second(32), "{at:?}");
    assert_eq!(verdict, KILL(Cause::SlowReader));
    vigil.look(second(31), Seen { blocked: false, written: 2, ..blocked });
    assert_eq!(vigil.due(), Some((second(1_000), Verdict::Last)));
}

#[test]
fn what_should_close_and_does_not_is_cut_off() {
    let mut vigil = vigil();
    vigil.look(second(1), Seen { requests: 1, ..Seen::default() });
    vigil.closing(second(76));
    assert_eq!(vigil.due(), Some((second(106), KILL(Cause::Stuck))));
}

/// The library has all of them, so there is no stream left to reset. They may last as long as they are taken.
#[test]
fn answers_that_only_trail_have_an_end() {
    let mut vigil = vigil();
    let trails = Seen { requests: 2, in_flight: 2, trailing: 2, ..Seen::default() };
    vigil.look(second(1), Seen { trailing: 1, ..trails });
    assert_eq!(vigil.due(), Some((second(1_000), Verdict::Last)), "a handler works");
    vigil.look(second(10), trails);
    assert_eq!(vigil.due(), Some((second(40), Verdict::Close(Cause::SlowReader))));
    vigil.look(second(39), Seen { taken: 5_000, ..trails });
    assert_eq!(vigil.due(), Some((second(69), Verdict::Close(Cause::SlowReader))));
    vigil.closing(second(69));
    assert_eq!(vigil.due(), Some((second(99), KILL(Cause::SlowReader))));
    vigil.look(second(80), Seen { taken: 5_000, trailing: 0, in_flight: 0, ..trails });
    assert_eq!(vigil.due(), Some((second(110), KILL(Cause::Stuck))));
}

#[test]
fn once_the_server_closes_quiet_lasts_a_second() {
    let busy = Seen { requests: 1, in_flight: 1, ..Seen::default() };
    let mut vigil = vigil().greeted();
    vigil.look(second(1), busy);
    assert!(vigil.parts(second(10)) && !vigil.parts(second(11)), "it is news once");
    vigil.closing(second(10));
    assert_eq!(vigil.due(), None, "a handler works");
    vigil.look(second(20), Seen { in_flight: 0, ..busy });
    assert_eq!(vigil.due(), Some((second(21), KILL(Cause::Stuck))));
    // What it has not taken yet has the time that readers have; and so has a head that has begun.
    vigil.look(second(20), Seen { in_flight: 0, blocked: true, ..busy });
    assert_eq!(vigil.due().map(|(at, _)| at), Some(second(50)));
    vigil.look(second(21), Seen { in_flight: 0, in_head: true, ..busy });
    assert_eq!(vigil.due(), Some((second(31), KILL(Cause::HeaderTimeout))));
}

#[test]
fn who_asks_for_more_long_after_the_end_is_cut_off() {
    let mut vigil = vigil().greeted();
    vigil.closing(second(10));
    for now in 11..40 {
        vigil.look(second(now), Seen { requests: now, in_flight: 1, ..Seen::default() });
        assert_eq!(vigil.due(), None, "it may not have heard");
    }
    vigil.look(second(40), Seen { requests: 40, in_flight: 1, ..Seen::default() });
    assert_eq!(vigil.due(), Some((second(40), KILL(Cause::Stuck))));
}

#[test]
fn connections_that_came_together_reach_different_ages() {
    let random = (0..100).map(|n: u64| n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let ages: HashSet<_> = random.map(|random| jittered(secs(1_000), random)).collect();
    assert!(ages.len() > 10, "{}", ages.len());
}

proptest! {
    #[test]
    fn jitter_is_a_tenth_either_way(random: u64) {
        let age = jittered(Duration::from_secs(1_000), random).as_secs();
        prop_assert!((900..=1_100).contains(&age));
    }

    /// A connection without a request under way always has an end.
    #[test]
    fn quiet_never_lasts(steps in prop::collection::vec((0_u64..100, 0_u64..3, any::<bool>(), any::<bool>()), 1..40)) {
        let mut vigil = vigil();
        let mut seen = Seen::default();
        let mut now = 0;
        for (pause, requests, in_head, closing) in steps {
            now += pause;
            seen.requests += requests;
            seen.in_head = in_head;
            if closing { vigil.closing(second(now)) }
            vigil.look(second(now), seen);
            let (at, _) = vigil.due().unwrap();
            prop_assert!(at <= second(now + 75));
        }
    }
}
