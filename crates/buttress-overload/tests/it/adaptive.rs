//! A limit follows what calls show, and nothing else.

use std::time::Duration;

use buttress_core::clock::{ManualClock, Moment, ms, secs};
use buttress_core::metrics::Metrics;
use buttress_core::outcome::{Judgement, Outcome, Reached};
use buttress_core::{Code, Problem};
use buttress_overload::Priority;
use buttress_overload::adaptive::{Adaptive, Aimd, Gradient, LimitPolicy, Seen};
use buttress_testkit::poll::assert_ready;
use std::pin::pin;

/// A dependency that does so many at a time; what is more waits inside of it. All of the limit is used, in windows of
/// 100 ms.
struct Full {
    at_a_time: f64,
    alone: Duration,
    now: Moment,
}

impl Full {
    fn new(at_a_time: f64, alone: Duration) -> Self {
        Self { at_a_time, alone, now: Moment::FIRST + secs(1) }
    }

    fn window(&mut self, policy: &mut dyn LimitPolicy, limit: u32) -> u32 {
        self.now = self.now + ms(100);
        let took = self.alone.mul_f64((f64::from(limit) / self.at_a_time).max(1.0));
        let ended = f64::from(limit) * 0.1 / took.as_secs_f64();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small")]
        let seen = Seen::successes(ended as u32, took).busiest(limit);
        policy.learn(&seen, self.now)
    }

    /// Lets it run for so long, and says the lowest and the highest limit of the last half.
    fn run(&mut self, policy: &mut dyn LimitPolicy, time: Duration) -> (u32, u32) {
        let windows = time.as_millis() / 100;
        let mut limit = policy.limit();
        let (mut low, mut high) = (u32::MAX, 0);
        for window in 0..windows {
            limit = self.window(policy, limit);
            if window > windows / 2 {
                (low, high) = (low.min(limit), high.max(limit));
            }
        }
        (low, high)
    }
}

#[test]
fn the_limit_stays_where_latency_says() {
    let mut gradient = Gradient::new();
    let mut dependency = Full::new(100.0, ms(10));
    let (low, high) = dependency.run(&mut gradient, secs(3_600));
    // Half of it while it is being measured what a call takes alone.
    assert!(low >= 70, "{low}");
    // Half as long again as alone is what 150 at once take; the step that finds that it is too much is one of two.
    assert!(high <= 157, "{high}: it climbs");
    assert!((145..157).contains(&gradient.limit()), "{}", gradient.limit());
}

#[test]
fn a_slower_dependency_gets_its_limit_back() {
    let mut gradient = Gradient::new();
    let mut dependency = Full::new(100.0, ms(10));
    dependency.run(&mut gradient, secs(60));
    assert!(gradient.limit() > 130);
    dependency.alone = ms(40);
    dependency.run(&mut gradient, secs(20));
    assert!(gradient.limit() > 100, "{}", gradient.limit());
}

#[test]
fn a_faster_dependency_is_not_taken_for_a_queue() {
    let mut gradient = Gradient::new();
    let mut dependency = Full::new(100.0, ms(40));
    dependency.run(&mut gradient, secs(60));
    dependency.alone = ms(10);
    // Until it is measured again, what calls take behind a short queue is the least that is known.
    let (_, high) = dependency.run(&mut gradient, secs(40));
    assert!(high < 300, "{high}");
    let (low, high) = dependency.run(&mut gradient, secs(60));
    assert!((70..200).contains(&low) && (100..200).contains(&high), "{low} {high}");
}

#[test]
fn an_idle_limit_does_not_grow() {
    let quiet = |_| Seen::successes(100, ms(10)).busiest(9);
    let policies: [Box<dyn LimitPolicy>; 2] = [Box::new(Gradient::new()), Box::new(Aimd::new())];
    for mut policy in policies {
        let learnt = (0..200_u32)
            .map(|window| policy.learn(&quiet(window), Moment::FIRST + secs(1) + ms(100) * window));
        assert_eq!(learnt.max(), Some(20), "{policy:?}");
        let used = quiet(0).busiest(10);
        assert!(policy.learn(&used, Moment::FIRST + secs(21)) > 20, "{policy:?}");
    }
}

#[test]
fn drops_take_a_tenth_whatever_the_latency_says() {
    let mut gradient = Gradient::new().starting_at(100);
    let seen = Seen::successes(50, ms(10)).busiest(100).dropped(50);
    assert_eq!(gradient.learn(&seen, Moment::FIRST + secs(1)), 90);
    // Nothing comes back at all: with no latency to look at, it still shrinks, down to the bound.
    for window in 0..200 {
        gradient.learn(&Seen::default().dropped(50), Moment::FIRST + secs(2) + ms(100) * window);
    }
    assert_eq!(gradient.limit(), 4);
}

#[test]
fn a_policy_stays_between_its_bounds_whatever_it_sees() {
    let extremes = [0, 1, u32::MAX].into_iter().flat_map(|count| {
        [Duration::ZERO, ms(1), Duration::MAX].map(|took| Seen::successes(count, took))
    });
    let mut gradient = Gradient::new().between(3, 50);
    for (at, seen) in (0_u32..900).zip(extremes.cycle()) {
        let dropped = if at % 7 == 0 { u32::MAX } else { 0 };
        let seen = seen.dropped(dropped).busiest(at);
        let limit = gradient.learn(&seen, Moment::from_nanos(u64::from(at) * (u64::MAX / 900)));
        assert!((3..=50).contains(&limit), "{limit}");
    }
}

fn adaptive(policy: impl LimitPolicy, clock: &ManualClock) -> Adaptive {
    Adaptive::by(policy).clock(clock.clone()).metrics(&Metrics::none()).build().unwrap()
}

#[test]
fn what_finds_no_slot_is_refused_the_least_first() {
    let limit = adaptive(Aimd::new().starting_at(10), &ManualClock::new());
    let mut held = Vec::new();
    let mut entered = |priority| {
        let before = held.len();
        held.extend(std::iter::from_fn(|| limit.enter(priority).ok()));
        held.len() - before
    };
    assert_eq!(Priority::ALL.map(&mut entered), [5, 2, 2, 1]);
    let problem = limit.enter(Priority::Critical).unwrap_err();
    assert_eq!((problem.code(), problem.retry_after()), (Code::OVERLOADED, Some(secs(1))));
    drop(held);
    assert_eq!(limit.under_way(), 0);
}

#[test]
fn time_outs_lower_it_and_plain_failures_do_not() {
    let clock = ManualClock::new();
    let limit = adaptive(Aimd::new().starting_at(100), &clock);
    let round = |judgement: Judgement| {
        for _ in 0..25 {
            limit.enter(Priority::Critical).unwrap().settle(judgement);
        }
        clock.advance(ms(200));
        limit.limit()
    };
    assert_eq!(round(Judgement::new(Outcome::Failure)), 100, "broken is not busy");
    assert_eq!(round(Judgement::new(Outcome::Failure).with_reached(Reached::Perhaps)), 90);
    assert_eq!(round(Judgement::new(Outcome::Throttled)), 81);
    assert_eq!(round(Judgement::new(Outcome::Ignored)), 81);
}

#[test]
fn who_gives_up_counts_only_if_it_had_been_slow() {
    let clock = ManualClock::new();
    let limit = adaptive(Aimd::new().starting_at(100), &clock);
    let give_up = |after: Duration| {
        let calls: Vec<_> = (0..25).map(|_| limit.enter(Priority::Critical).unwrap()).collect();
        clock.advance(after);
        drop(calls);
        limit.limit()
    };
    assert_eq!(give_up(secs(10)), 100);
    assert_eq!(give_up(secs(11)), 90);
    assert_eq!(limit.under_way(), 0);
}

#[test]
fn a_call_is_made_within_the_limit() {
    let limit = adaptive(Aimd::new().between(1, 9).starting_at(1), &ManualClock::new());
    let inner = limit.clone();
    let call = limit.run(|| async move {
        assert_eq!(inner.under_way(), 1);
        inner.run(|| async { Ok::<_, Problem>(()) }).await
    });
    assert_eq!(assert_ready(pin!(call)).unwrap_err().code(), Code::OVERLOADED);
    assert_eq!(limit.under_way(), 0);
    let judged =
        limit.run_judged(Priority::Low, |_| Outcome::Throttled, || async { Ok::<_, Problem>(7) });
    assert_eq!(assert_ready(pin!(judged)).unwrap(), 7);
}

#[test]
fn never_more_than_the_limit_under_threads() {
    use std::sync::atomic::{AtomicU32, Ordering};
    let limit = adaptive(Aimd::new().starting_at(8), &ManualClock::new());
    let (inside, most) = (AtomicU32::new(0), AtomicU32::new(0));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..20_000 {
                    let Ok(slot) = limit.enter(Priority::Critical) else { continue };
                    most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    inside.fetch_sub(1, Ordering::SeqCst);
                    slot.settle(Outcome::Ignored);
                }
            });
        }
    });
    assert!(most.into_inner() <= 8);
    assert_eq!(limit.under_way(), 0);
}

/// One call in a hundred is turned away, and a window has twenty: in each fifth of them it is more than one in fifty.
#[test]
fn a_drop_now_and_then_is_chance_where_there_are_few_calls() {
    let mut limit = Aimd::new().starting_at(20);
    let well = Seen::successes(20, ms(10)).busiest(2);
    let one = Seen::successes(19, ms(10)).busiest(2).dropped(1);
    for seen in [well, well, one, well, well].into_iter().cycle().take(500) {
        assert_eq!(limit.learn(&seen, Moment::FIRST), 20);
    }
    assert_eq!(limit.learn(&one.dropped(2), Moment::FIRST), 18);
}
