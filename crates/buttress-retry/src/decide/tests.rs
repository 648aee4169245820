use buttress_core::clock::{ms, secs};
use buttress_core::outcome::Advice;

use super::*;
use crate::Jitter;

fn at(millis: u64) -> Moment {
    Moment::from_nanos(3_600_000_000_000) + ms(millis)
}

const WALL: Timestamp = Timestamp::from_millis(1_767_268_800_000);

/// Three attempts, and pauses from a hundred milliseconds.
fn rules() -> Rules {
    Rules {
        tries: 3,
        backoff: Backoff::exponential(ms(100)).max(secs(2)),
        follow: Follow::UpTo(secs(30)),
        wait_for_refusals: true,
        least_attempt: ms(1),
    }
}

/// A safe request that failed.
fn failed() -> Ended {
    Ended {
        judgement: Judgement::new(Outcome::Failure),
        is_wanted: true,
        safety: Safety::Repeatable,
        is_grpc: false,
        is_inner: false,
        body: Ok(()),
        deadline: None,
    }
}

fn advised(advice: Advice) -> Ended {
    Ended { judgement: failed().judgement.with_advice(advice), ..failed() }
}

fn first(ended: &Ended) -> Result<Repeat, Why> {
    decide(&rules(), ended, &mut Course::new(), 0, at(0), WALL)
}

fn wait(ended: &Ended) -> Result<Duration, Why> {
    first(ended).map(|repeat| repeat.wait)
}

/// The pauses of one call whose attempts all end like this, and why it ends.
fn all(rules: &Rules, ended: &Ended) -> (Vec<Duration>, Why) {
    let (mut course, mut pauses) = (Course::new(), Vec::new());
    loop {
        match decide(rules, ended, &mut course, 0, at(0), WALL) {
            Ok(repeat) => {
                course.go_on(repeat);
                pauses.push(repeat.wait);
            }
            Err(why) => return (pauses, why),
        }
    }
}

#[test]
fn there_are_as_many_attempts_as_tries() {
    assert_eq!(all(&rules(), &failed()), (vec![ms(100), ms(200)], Why::Tries));
    assert_eq!(all(&Rules { tries: 1, ..rules() }, &failed()), (vec![], Why::Tries));
}

#[test]
fn each_reason_not_to_has_its_name() {
    let judged = |judgement| Ended { judgement, ..failed() };
    let late = Some(Deadline::at(at(101)));
    for (ended, why) in [
        (Ended { is_wanted: false, ..failed() }, Why::Outcome),
        (advised(Advice::Never), Why::Final),
        (Ended { safety: Safety::Unsafe, ..failed() }, Why::Method),
        (Ended { safety: Safety::Never, ..failed() }, Why::Method),
        (Ended { is_inner: true, ..failed() }, Why::Inner),
        (Ended { body: Err(Lost::InFlight), ..failed() }, Why::BodyInFlight),
        (Ended { body: Err(Lost::TooLarge), ..failed() }, Why::BodyTooLarge),
        (advised(Advice::After(secs(31))), Why::Advice),
        (Ended { deadline: late, ..failed() }, Why::Deadline),
        (judged(Judgement::new(Outcome::Rejected)), Why::Refused),
    ] {
        assert_eq!(wait(&ended), Err(why), "{ended:?}");
    }
    assert_eq!(Why::ALL.map(|why| why as usize), std::array::from_fn(|at| at));
}

#[test]
fn what_was_proven_unsent_is_sent_again_whatever_it_is() {
    let unsent = failed().judgement.with_reached(Reached::No);
    let post = Ended { judgement: unsent, safety: Safety::Unsafe, is_inner: true, ..failed() };
    // A dependency that cannot be reached has failed: each repeat counts, and is paid for.
    assert_eq!(first(&post), Ok(Repeat { wait: ms(100), cost: Some(Cost::Unsent) }));
    assert_eq!(all(&rules(), &post), (vec![ms(100), ms(200)], Why::Tries));
    let upgrade = Ended { safety: Safety::Never, ..post };
    assert_eq!(first(&upgrade), Err(Why::Method));
}

/// A living dependency that takes nothing: once it is free, and at once.
#[test]
fn an_ever_refusing_server_is_asked_four_times() {
    let refused = Judgement::new(Outcome::Ignored).with_reached(Reached::No);
    let ended = Ended { judgement: refused, ..failed() };
    assert_eq!(all(&rules(), &ended), (vec![ms(0), ms(100), ms(200)], Why::Tries));
    let alone = Rules { tries: 1, ..rules() };
    assert_eq!(all(&alone, &ended), (vec![], Why::Tries), "one who wants no repeats gets none");
}

#[test]
fn a_refusal_is_final_unless_its_wait_fits() {
    let refused = Judgement::new(Outcome::Rejected).with_reached(Reached::Perhaps);
    let open = |wait, deadline| Ended {
        judgement: refused.with_advice(Advice::After(wait)),
        deadline,
        ..failed()
    };
    let soon = Some(Deadline::at(at(5_000)));
    assert_eq!(wait(&open(secs(2), soon)), Ok(secs(2)));
    assert_eq!(wait(&open(secs(5), soon)), Err(Why::Refused));
    assert_eq!(wait(&open(secs(2), None)), Err(Why::Refused), "nobody knows whether it fits");
    let strict = Rules { wait_for_refusals: false, ..rules() };
    let ended = open(secs(2), soon);
    assert_eq!(decide(&strict, &ended, &mut Course::new(), 0, at(0), WALL), Err(Why::Refused));
}

/// How far others are followed says nothing of that: who comes sooner is refused again.
#[test]
fn a_refusal_is_waited_for_whoever_else_is_followed() {
    let refused = |wait| Ended {
        judgement: Judgement::new(Outcome::Rejected).with_advice(Advice::After(wait)),
        deadline: Some(Deadline::at(at(5_000))),
        ..failed()
    };
    for follow in [Follow::Never, Follow::Within(ms(50)), Follow::UpTo(secs(4))] {
        let rules = Rules { follow, ..rules() };
        let wait = |wait| {
            let decided = decide(&rules, &refused(wait), &mut Course::new(), 0, at(0), WALL);
            decided.map(|repeat| repeat.wait)
        };
        assert_eq!(wait(secs(2)), Ok(secs(2)), "{follow:?}");
        assert_eq!(wait(ms(1)), Ok(ms(100)), "{follow:?}");
        assert!(wait(secs(5)).is_err(), "{follow:?}");
    }
}

#[test]
fn it_fails_now_rather_than_sleep_past_the_deadline() {
    let until = |millis| Ended { deadline: Some(Deadline::at(at(millis))), ..failed() };
    assert_eq!(wait(&until(100)), Err(Why::Deadline));
    assert_eq!(wait(&until(101)), Err(Why::Deadline), "an attempt takes a millisecond at least");
    assert_eq!(wait(&until(102)), Ok(ms(100)));
    let advised =
        Ended { deadline: Some(Deadline::at(at(5_000))), ..advised(Advice::After(secs(6))) };
    assert_eq!(wait(&advised), Err(Why::Deadline));
}

#[test]
fn advice_of_http_is_a_least_time() {
    assert_eq!(wait(&advised(Advice::After(secs(7)))), Ok(secs(7)));
    assert_eq!(wait(&advised(Advice::After(ms(0)))), Ok(ms(100)));
    assert_eq!(wait(&advised(Advice::At(WALL + secs(3)))), Ok(secs(3)));
    let past = Timestamp::from_millis(WALL.as_millis() - 60_000);
    assert_eq!(wait(&advised(Advice::At(past))), Ok(ms(100)), "as if there were none");
}

/// All who were told the same would else come back in the same instant, whatever the jitter.
#[test]
fn advice_is_spread_and_never_shortened() {
    let pause = |jitter, ended: &Ended, chance| {
        let backoff = rules().backoff.jitter(jitter);
        let rules = Rules { backoff, ..rules() };
        decide(&rules, ended, &mut Course::new(), chance, at(0), WALL).unwrap().wait
    };
    let told = advised(Advice::After(secs(2)));
    let refused = Ended {
        judgement: Judgement::new(Outcome::Rejected).with_advice(Advice::After(secs(2))),
        deadline: Some(Deadline::at(at(5_000))),
        ..failed()
    };
    for (jitter, most) in [
        (Jitter::None, 2_000),
        (Jitter::Full, 2_100),
        (Jitter::Equal, 2_050),
        (Jitter::Spread(10), 2_020),
        (Jitter::Decorrelated, 2_200),
    ] {
        for ended in [&told, &refused] {
            let seen = [0, u64::MAX].map(|chance| pause(jitter, ended, chance));
            assert_eq!(seen, [secs(2), ms(most)], "{jitter:?}");
        }
    }
    let full = |ended: &Ended| pause(Jitter::Full, ended, u64::MAX);
    assert_eq!(full(&advised(Advice::After(ms(99)))), ms(100), "the own pause is spread already");
    assert_eq!(full(&advised(Advice::After(secs(30)))), secs(30), "no longer than is followed");
    let soon = Ended { deadline: Some(Deadline::at(at(2_050))), ..told };
    assert_eq!(full(&soon), secs(2), "it costs no attempt that fits the deadline");
    let grpc = Ended { is_grpc: true, ..told };
    assert_eq!(full(&grpc), secs(2), "pushback is exact");
}

#[test]
fn pushback_of_grpc_is_exact_and_begins_anew() {
    let failed = Ended { is_grpc: true, ..failed() };
    let pushed = Ended { judgement: failed.judgement.with_advice(Advice::After(ms(5))), ..failed };
    let rules = Rules { tries: 9, ..rules() };
    let mut course = Course::new();
    let script = [failed, failed, pushed, failed, failed];
    let waits = script.map(|ended| {
        let repeat = decide(&rules, &ended, &mut course, 0, at(0), WALL).unwrap();
        course.go_on(repeat);
        repeat.wait
    });
    assert_eq!(waits, [ms(100), ms(200), ms(5), ms(100), ms(200)]);
}

#[test]
fn it_costs_by_how_it_failed() {
    let cost = |outcome, reached| {
        let judgement =
            Judgement::new(outcome).with_reached(reached).with_advice(Advice::After(ms(1)));
        let deadline = Some(Deadline::at(at(60_000)));
        first(&Ended { judgement, deadline, ..failed() }).unwrap().cost
    };
    assert_eq!(cost(Outcome::Failure, Reached::Answered), Some(Cost::Failure));
    assert_eq!(cost(Outcome::Failure, Reached::Perhaps), Some(Cost::Unanswered));
    assert_eq!(cost(Outcome::Failure, Reached::No), Some(Cost::Unsent));
    assert_eq!(cost(Outcome::Throttled, Reached::Answered), Some(Cost::Throttled));
    assert_eq!(cost(Outcome::Rejected, Reached::Perhaps), Some(Cost::Unsent));
    assert_eq!(cost(Outcome::Ignored, Reached::No), None);
}
