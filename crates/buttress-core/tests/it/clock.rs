//! The injected time: it stands still, moves and jumps as a test says.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use buttress_core::clock::{
    Alarm, Clock, ManualClock, Moment, SystemClock, Timer, Timestamp, ms, secs,
};
use buttress_testkit::poll::Wakes;
use proptest::prelude::*;

fn poll<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn a_sleep_ends_when_the_clock_was_moved_far_enough() {
    let clock = ManualClock::new();
    let mut sleep = pin!(clock.sleep(Duration::from_secs(2)));

    assert!(poll(sleep.as_mut()).is_pending());
    clock.advance(Duration::from_millis(1_999));
    assert!(poll(sleep.as_mut()).is_pending());
    assert_eq!(clock.sleepers(), 1);
    clock.advance(Duration::from_millis(1));
    assert_eq!(clock.sleepers(), 0);
    assert!(poll(sleep).is_ready());
}

#[test]
fn a_sleep_counts_from_its_making_and_leaves_nothing_behind() {
    let clock = ManualClock::new();
    let late = clock.sleep(Duration::from_secs(1));
    clock.advance(Duration::from_secs(1));
    assert!(poll(pin!(late)).is_ready());

    let mut dropped = Box::pin(clock.sleep(Duration::from_secs(1)));
    assert!(poll(dropped.as_mut()).is_pending());
    drop(dropped);
    assert_eq!(clock.sleepers(), 0);
}

type Bell = Alarm<ManualClock>;

fn ring(alarm: std::pin::Pin<&mut Bell>, clock: &ManualClock, time: Duration) -> Poll<()> {
    alarm.poll(clock, || time, &mut Context::from_waker(Waker::noop()))
}

#[test]
fn an_alarm_is_armed_by_the_first_poll_and_asks_for_the_time_once() {
    let clock = ManualClock::new();
    let mut alarm = pin!(Bell::unarmed());
    // Until somebody has to wait there is no timer, however long that takes.
    clock.advance(secs(60));
    assert_eq!((alarm.is_armed(), clock.sleepers()), (false, 0));

    assert!(ring(alarm.as_mut(), &clock, secs(2)).is_pending());
    assert_eq!((alarm.is_armed(), clock.sleepers()), (true, 1));
    clock.advance(ms(1_999));
    assert!(
        ring(alarm.as_mut(), &clock, Duration::ZERO).is_pending(),
        "two seconds were asked for"
    );
    clock.advance(ms(1));
    assert!(ring(alarm.as_mut(), &clock, secs(9)).is_ready());

    assert!(!alarm.is_armed());
    assert!(ring(alarm.as_mut(), &clock, secs(1)).is_pending(), "it begins anew");
    assert_eq!(clock.sleepers(), 1);
}

#[test]
fn an_alarm_wakes_whoever_waits() {
    let clock = ManualClock::new();
    let mut alarm = pin!(Bell::unarmed());
    let wakes = Wakes::new();
    assert!(wakes.enter(|cx| alarm.as_mut().poll(&clock, || secs(1), cx)).is_pending());
    clock.advance(secs(1));
    assert_eq!(wakes.count(), 1);
}

#[test]
fn an_alarm_for_now_rings_at_once_without_a_timer() {
    #[derive(Debug)]
    struct Never;

    impl Timer for Never {
        type Sleep = std::future::Pending<()>;

        fn sleep(&self, _: Duration) -> Self::Sleep {
            std::future::pending()
        }
    }

    let mut alarm = pin!(Alarm::<Never>::unarmed());
    let cx = &mut Context::from_waker(Waker::noop());
    assert!(alarm.as_mut().poll(&Never, || Duration::ZERO, cx).is_ready());
    assert!(!alarm.is_armed());
    assert!(alarm.as_mut().poll(&Never, || ms(1), cx).is_pending());
}

#[test]
fn an_alarm_that_is_disarmed_or_dropped_leaves_nothing_behind() {
    let clock = ManualClock::new();
    let mut alarm = Box::pin(Bell::unarmed());
    assert!(ring(alarm.as_mut(), &clock, secs(1)).is_pending());
    alarm.as_mut().disarm();
    assert_eq!((alarm.is_armed(), clock.sleepers()), (false, 0));

    assert!(ring(alarm.as_mut(), &clock, secs(1)).is_pending());
    drop(alarm);
    assert_eq!(clock.sleepers(), 0);
}

#[test]
fn the_recent_time_is_now_unless_a_clock_knows_better() {
    #[derive(Debug)]
    struct Coarse(ManualClock);

    impl Clock for Coarse {
        fn now(&self) -> Moment {
            self.0.now()
        }

        fn wall(&self) -> Timestamp {
            self.0.wall()
        }

        fn recent(&self) -> Moment {
            Moment::from_nanos(self.now().as_nanos() / 1_000_000 * 1_000_000)
        }
    }

    let manual = ManualClock::new();
    manual.advance(Duration::from_nanos(1));
    assert_eq!(manual.recent(), manual.now());
    let shared: Arc<dyn Clock> = Arc::new(Coarse(manual));
    assert_eq!(shared.now() - shared.recent(), Duration::from_nanos(1), "through a reference too");
}

#[test]
fn the_wall_clock_jumps_alone() {
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::new());
    let manual = ManualClock::new();
    let before = manual.now();
    manual.set_wall(Timestamp::EPOCH);
    assert_eq!((manual.now(), manual.wall()), (before, Timestamp::EPOCH));
    assert!(clock.wall() > Timestamp::EPOCH);
}

#[test]
fn system_clocks_share_a_time_line() {
    let early = SystemClock.now();
    let late = Arc::new(SystemClock).now();
    assert!(late >= early && late - early < Duration::from_secs(60));
}

#[cfg(feature = "tokio")]
#[tokio::test(start_paused = true)]
async fn tokios_pause_stops_both_times() {
    use buttress_core::clock::TokioClock;

    let clock = TokioClock::new();
    let before = (clock.now(), clock.wall());
    assert_eq!((clock.now(), clock.wall()), before);
    tokio::time::advance(Duration::from_secs(3)).await;
    assert_eq!(clock.now() - before.0, Duration::from_secs(3));
}

proptest! {
    /// Arithmetic stops at the ends of the time line.
    #[test]
    fn moments_never_overflow(nanos: u64, seconds: u64, other: u64) {
        let (moment, duration) = (Moment::from_nanos(nanos), Duration::from_secs(seconds));
        prop_assert!(moment + duration >= moment);
        prop_assert!(moment - duration <= moment);
        prop_assert_eq!((moment - Moment::from_nanos(other)).as_nanos(), u128::from(nanos.saturating_sub(other)));
    }

    /// Whatever the machine says, a timestamp comes out and prints in 24 characters.
    #[test]
    fn every_timestamp_prints(nanos: u64) {
        let time = Timestamp::from_nanos(nanos);
        prop_assert_eq!(time.to_string().len(), 24);
        prop_assert_eq!(Timestamp::from(SystemTime::from(time)), time);
    }
}

/// Of a thread, that is: two may see it out of order.
#[cfg(feature = "quanta")]
#[test]
fn the_counter_of_the_processor_never_goes_back_and_knows_the_day() {
    use buttress_core::clock::CounterClock;

    let mut last = CounterClock.now();
    for _ in 0..100_000 {
        let now = CounterClock.now();
        assert!(now >= last, "{now:?} after {last:?}");
        last = now;
    }
    let told = CounterClock.wall_at(last).as_nanos();
    let off = SystemClock.wall().as_nanos().abs_diff(told);
    assert!(off < 1_000_000_000, "it is off by {off} ns");
    let shared: Arc<dyn Clock> = Arc::new(CounterClock);
    assert_eq!(shared.wall_at(last).as_nanos(), told, "not asked for again");
}
