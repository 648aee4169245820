//! Calls are held back as long as they would be turned away, and no longer.

use std::time::Duration;

use buttress_core::clock::{ManualClock, ms, secs};
use buttress_core::outcome::{Advice, Judgement, Outcome, Reached};
use buttress_core::{Code, Dice, Problem};
use buttress_overload::Priority;
use buttress_overload::throttle::Throttle;
use buttress_testkit::poll::assert_ready;
use std::pin::pin;

/// A thousand calls a second, to a dependency that accepts so many of them.
struct Client {
    throttle: Throttle,
    clock: ManualClock,
    accepts: u32,
    priority: Priority,
}

impl Client {
    fn new(window: Duration) -> Self {
        let clock = ManualClock::new();
        let throttle =
            Throttle::builder().window(window).dice(Dice::seeded(7)).clock(clock.clone());
        let priority = Priority::Normal;
        Self { throttle: throttle.build().unwrap(), clock, accepts: 1_000, priority }
    }

    /// How many were sent.
    fn run(&self, time: Duration) -> u32 {
        let (mut sent, mut room) = (0, 0);
        for _ in 0..time.as_millis() {
            self.clock.advance(ms(1));
            // What is not used does not add up.
            room = (room + self.accepts).min(2_000);
            let Ok(pass) = self.throttle.enter(self.priority) else { continue };
            sent += 1;
            let served = room >= 1_000;
            room -= if served { 1_000 } else { 0 };
            pass.settle(if served { Outcome::Success } else { Outcome::Throttled });
        }
        sent
    }

    fn odds(&self) -> f64 {
        self.throttle.odds(self.priority)
    }
}

#[test]
fn nothing_is_held_back_while_all_is_well() {
    let mut client = Client::new(secs(10));
    assert_eq!(client.run(secs(10)), 10_000);
    client.accepts = 600;
    assert_eq!(client.run(secs(20)), 20_000, "more than half is accepted");
}

#[test]
fn throttling_decays_and_recovers() {
    let mut client = Client::new(secs(10));
    client.run(secs(10));
    client.accepts = 100;
    client.run(secs(30));
    // A tenth is accepted, so twice that is sent. What is refused here has to count for that.
    assert!((client.odds() - 0.8).abs() < 0.05, "{}", client.odds());
    let sent = client.run(secs(10));
    assert!((1_600..2_400).contains(&sent), "{sent}");
    client.accepts = 0;
    client.run(secs(30));
    assert!((client.odds() - 0.95).abs() < 1e-6, "{}", client.odds());
    client.accepts = 1_000;
    client.run(secs(60));
    assert!(client.odds() < 1e-6, "{}", client.odds());
    assert_eq!(client.run(secs(10)), 10_000);
}

#[test]
fn what_matters_more_is_tried_more() {
    let sent = |priority| {
        let mut client = Client::new(secs(10));
        client.priority = priority;
        client.accepts = 100;
        client.run(secs(30));
        client.run(secs(10))
    };
    let sent = Priority::ALL.map(sent);
    assert!(sent.is_sorted(), "{sent:?}");
    assert!((3_500..4_500).contains(&sent[3]) && sent[0] < 1_400, "{sent:?}");
}

#[test]
fn a_pause_is_forgotten() {
    let mut client = Client::new(secs(10));
    client.accepts = 0;
    client.run(secs(10));
    assert!(client.odds() > 0.9);
    client.clock.advance(secs(11));
    assert!(client.odds() < 1e-9, "all of it is older than the window");
    client.accepts = 1_000;
    assert_eq!(client.run(ms(1_000)), 1_000, "nobody is held back for it");
}

/// Where much happens, threads keep some notes to themselves: they must not count as if they had just been made.
#[test]
fn notes_of_before_a_pause_are_as_old_as_they_are() {
    let client = Client::new(secs(10));
    let turned_away = |times| {
        for _ in 0..times {
            client.throttle.enter(Priority::Normal).unwrap().settle(Outcome::Throttled);
        }
    };
    // So many that slips become long, and then some that do not fill one.
    client.run(secs(10));
    std::thread::scope(|scope| {
        for _ in 0..32 {
            scope.spawn(|| turned_away(3));
        }
    });
    client.clock.advance(secs(3_600));
    // From now on there is little, and half of it is accepted.
    for call in 0..200 {
        client.clock.advance(ms(100));
        let pass = client.throttle.enter(Priority::Normal);
        let outcome = if call % 2 == 0 { Outcome::Success } else { Outcome::Throttled };
        pass.expect("half is accepted, and what was is over").settle(outcome);
    }
}

#[test]
fn what_is_accepted_is_what_was_answered() {
    let odds_of = |judgement: Judgement| {
        let client = Client::new(secs(10));
        for _ in 0..100 {
            let Ok(pass) = client.throttle.enter(Priority::Normal) else { continue };
            pass.settle(judgement);
        }
        client.odds() > 0.0
    };
    let failure = Judgement::new(Outcome::Failure);
    assert!(!odds_of(Judgement::new(Outcome::Success)));
    assert!(!odds_of(failure), "a failure is an answer");
    assert!(!odds_of(Judgement::new(Outcome::Rejected)), "by our own wall");
    assert!(!odds_of(Judgement::new(Outcome::Abandoned)));
    assert!(odds_of(Judgement::new(Outcome::Throttled)));
    assert!(odds_of(failure.with_advice(Advice::After(secs(1)))));
    assert!(odds_of(failure.with_reached(Reached::No)));
}

#[test]
fn many_at_once_are_not_taken_for_unaccepted_ones() {
    let client = Client::new(secs(10));
    let passes: Vec<_> =
        (0..1_000).map(|_| client.throttle.enter(Priority::Normal).unwrap()).collect();
    for pass in passes {
        pass.settle(Outcome::Success);
    }
    assert!(client.odds() < 1e-9);
}

#[test]
fn a_refusal_is_told_as_what_it_is() {
    let client = Client::new(secs(10));
    (0..100).for_each(|_| {
        let judged = client.throttle.run_judged(
            Priority::Normal,
            |_| Outcome::Throttled,
            || async { Ok::<_, Problem>(()) },
        );
        let _ = assert_ready(pin!(judged));
    });
    let refusal = std::iter::from_fn(|| Some(client.throttle.enter(Priority::Normal)));
    let problem = refusal.take(1_000).find_map(Result::err).unwrap();
    assert_eq!((problem.code(), problem.status().as_u16()), (Code::THROTTLED_LOCALLY, 503));
    assert_eq!(problem.retry_after(), Some(secs(1)));
}

/// Without tower, too: what our own wall refused inside was asked of nobody, and what ran out of time was not answered.
#[test]
fn a_run_hears_what_a_problem_says_of_it() {
    let odds = |code: Code| {
        let client = Client::new(secs(10));
        for _ in 0..1_000 {
            client.clock.advance(ms(1));
            let refused = async || Err::<(), _>(Problem::new(code));
            _ = assert_ready(pin!(client.throttle.run(refused)));
        }
        client.odds()
    };
    assert!(odds(Code::TIMED_OUT) > 0.9, "nobody answers");
    assert!(odds(Code::DEPENDENCY_FAILED) < 0.001, "it was answered");

    // Half of what was sent came to nothing, however much our own wall refused meanwhile.
    let mut client = Client::new(secs(10));
    client.run(ms(100));
    let before = client.odds();
    client.accepts = 0;
    client.run(ms(400));
    let held = client.odds();
    assert!(held > before);
    for _ in 0..100 {
        let refused = async || Err::<(), _>(Problem::new(Code::CIRCUIT_OPEN));
        _ = assert_ready(pin!(client.throttle.run(refused)));
    }
    assert!(client.odds() >= held, "that accepts nothing");
}
