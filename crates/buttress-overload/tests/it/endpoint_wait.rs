//! Who waits for an endpoint is woken as soon as there may be one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake};
use std::time::Duration;

use buttress_core::Problem;
use buttress_core::clock::{Clock, ManualClock, Moment, Timer, Timestamp, ms, secs};
use buttress_core::outcome::{AsError, Classify, ClassifyEnd, Judgement, Outcome, Verdict};
use buttress_overload::outlier::{EndpointSet, OutlierRules};
use buttress_testkit::poll::{Wakes, assert_ready};
use tower::Service;

/// An endpoint that is ready while that is said, and answers with its number. It wakes nobody.
#[derive(Clone)]
pub(crate) struct Endpoint {
    number: usize,
    pub(crate) is_ready: Arc<AtomicBool>,
}

impl Endpoint {
    pub(crate) fn ready(number: usize) -> Self {
        Self { number, is_ready: Arc::new(AtomicBool::new(true)) }
    }

    pub(crate) fn busy(number: usize) -> Self {
        Self { number, is_ready: Arc::default() }
    }
}

impl Service<()> for Endpoint {
    type Response = usize;
    type Error = Problem;
    type Future = std::future::Ready<Result<usize, Problem>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Problem>> {
        if self.is_ready.load(Ordering::SeqCst) { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    fn call(&mut self, (): ()) -> Self::Future {
        std::future::ready(Ok(self.number))
    }
}

/// Whatever is answered is a success.
pub(crate) struct Judge;

impl ClassifyEnd for Judge {}

impl Classify<usize, Problem> for Judge {
    fn error(&self, _: &Problem) -> Judgement {
        Outcome::Failure.into()
    }

    fn response(&self, _: &usize) -> Verdict {
        Verdict::now(Outcome::Success)
    }
}

pub(crate) type Set<T> = EndpointSet<Endpoint, Judge, AsError, T>;

pub(crate) fn set_by<T: Timer + Clone>(
    endpoints: impl IntoIterator<Item = Endpoint>,
    rules: OutlierRules,
    clock: &ManualClock,
    timer: T,
) -> Set<T> {
    let set = EndpointSet::new(endpoints, |outliers| outliers.rules(rules).clock(clock.clone()));
    set.unwrap().as_error().classify(Judge).timer(timer)
}

pub(crate) fn set_of(
    endpoints: impl IntoIterator<Item = Endpoint>,
    rules: OutlierRules,
    clock: &ManualClock,
) -> Set<ManualClock> {
    set_by(endpoints, rules, clock, clock.clone())
}

pub(crate) fn fail<T: Timer>(set: &Set<T>, at: usize) {
    (0..5).for_each(|_| set.outliers().enter(at).settle(Outcome::Failure));
}

pub(crate) fn is_ready<T: Timer>(set: &mut Set<T>, wakes: &Wakes) -> bool {
    wakes.enter(|cx| set.poll_ready(cx)).map(Result::unwrap).is_ready()
}

pub(crate) fn call<T: Timer>(set: &mut Set<T>) -> usize {
    assert_ready(set.call(())).unwrap()
}

const ALL_BUT_ONE: OutlierRules = OutlierRules::new().most_left_out(100).panic_below(0);

#[test]
fn who_waits_is_woken_when_somebodys_time_is_over() {
    let (clock, wakes) = (ManualClock::new(), Wakes::new());
    let mut set = set_of([Endpoint::ready(0), Endpoint::busy(1)], OutlierRules::new(), &clock);
    fail(&set, 0);
    assert!(!is_ready(&mut set, &wakes));
    assert_eq!(clock.sleepers(), 1);
    clock.advance(secs(29));
    assert_eq!(wakes.count(), 0);
    clock.advance(secs(1));
    assert_eq!(wakes.count(), 1);
    assert!(is_ready(&mut set, &wakes));
    assert_eq!(call(&mut set), 0);
    assert_eq!((clock.sleepers(), wakes.count()), (0, 1), "it waits no more");
}

/// Rates are looked at at their own times, and who comes back does not wait for one.
#[test]
fn it_is_woken_between_two_looks() {
    let (clock, wakes) = (ManualClock::new(), Wakes::new());
    let rules = OutlierRules::new().left_out_for(secs(11));
    let mut set = set_of([Endpoint::ready(0), Endpoint::busy(1)], rules, &clock);
    clock.advance(secs(7));
    fail(&set, 0);
    assert!(!is_ready(&mut set, &wakes));
    // Somebody looks at the tenth second; its time is over at the eighteenth.
    clock.advance(secs(3));
    assert_eq!(set.outliers().in_turn().collect::<Vec<_>>(), [1]);
    assert!(!is_ready(&mut set, &wakes));
    clock.advance(secs(7));
    assert_eq!(wakes.count(), 0);
    clock.advance(secs(1));
    assert_eq!(wakes.count(), 1);
    assert!(is_ready(&mut set, &wakes));
}

#[test]
fn a_clock_that_jumps_wakes_once() {
    let (clock, wakes) = (ManualClock::new(), Wakes::new());
    let mut set = set_of([Endpoint::ready(0), Endpoint::busy(1)], OutlierRules::new(), &clock);
    fail(&set, 0);
    assert!(!is_ready(&mut set, &wakes));
    clock.advance(Duration::from_secs(1 << 40));
    assert_eq!(wakes.count(), 1);
    assert!(is_ready(&mut set, &wakes));
}

#[test]
fn nobody_who_is_ready_arms_a_timer() {
    let (clock, wakes) = (ManualClock::new(), Wakes::new());
    let mut set = set_of([Endpoint::ready(0), Endpoint::ready(1)], OutlierRules::new(), &clock);
    fail(&set, 0);
    assert!(is_ready(&mut set, &wakes));
    assert_eq!(clock.sleepers(), 0, "one is ready");

    let mut set = set_of([Endpoint::busy(0), Endpoint::busy(1)], OutlierRules::new(), &clock);
    assert!(!is_ready(&mut set, &wakes));
    assert_eq!(clock.sleepers(), 0, "nobody is left out");
}

#[test]
fn who_waits_is_woken_where_all_are_used() {
    let (clock, wakes) = (ManualClock::new(), Wakes::new());
    let endpoints = [Endpoint::ready(0), Endpoint::busy(1), Endpoint::busy(2), Endpoint::busy(3)];
    let mut set = set_of(endpoints, OutlierRules::new().most_left_out(100), &clock);
    fail(&set, 0);
    assert!(!is_ready(&mut set, &wakes));
    fail(&set, 1);
    assert_eq!(wakes.count(), 1, "who waited for that one looks again");
    assert!(!is_ready(&mut set, &wakes));
    fail(&set, 2);
    assert!(set.outliers().is_panic());
    assert_eq!(wakes.count(), 2);
    assert!(is_ready(&mut set, &wakes), "one of four is below one half");
    assert_eq!(call(&mut set), 0);
}

/// Also where no more may be left out, and one more outlier only makes it a panic.
#[test]
fn who_waits_is_woken_where_an_outlier_is_spared() {
    let (clock, wakes) = (ManualClock::new(), Wakes::new());
    let endpoints = [Endpoint::ready(0), Endpoint::ready(1), Endpoint::busy(2), Endpoint::busy(3)];
    let mut set = set_of(endpoints, OutlierRules::new(), &clock);
    (0..2).for_each(|at| fail(&set, at));
    assert!(!is_ready(&mut set, &wakes));
    fail(&set, 2);
    assert!(set.outliers().is_panic());
    assert_eq!((set.outliers().left_out().len(), wakes.count()), (2, 1));
    assert!(is_ready(&mut set, &wakes));
}

#[test]
fn the_soonest_return_counts() {
    let (clock, wakes) = (ManualClock::new(), Wakes::new());
    let second = Endpoint::ready(1);
    let endpoints = [Endpoint::ready(0), second.clone(), Endpoint::busy(2)];
    let mut set = set_of(endpoints, ALL_BUT_ONE, &clock);
    // The second time is twice as long.
    fail(&set, 0);
    clock.advance(secs(30));
    assert_eq!(set.outliers().in_turn().count(), 3);
    fail(&set, 0);
    clock.advance(secs(5));
    second.is_ready.store(false, Ordering::SeqCst);
    assert!(!is_ready(&mut set, &wakes), "until the first one returns, in 55 seconds");
    fail(&set, 1);
    assert_eq!(wakes.count(), 1);
    assert!(!is_ready(&mut set, &wakes), "until the second one does, in 30");
    second.is_ready.store(true, Ordering::SeqCst);
    clock.advance(secs(29));
    assert_eq!(wakes.count(), 1);
    clock.advance(secs(1));
    assert_eq!(wakes.count(), 2);
    assert!(is_ready(&mut set, &wakes));
    assert_eq!(call(&mut set), 1);
}

/// Whoever waits without a timer hears of it from those who call.
#[test]
fn who_has_no_timer_is_woken_by_those_who_look() {
    let (clock, wakes) = (ManualClock::new(), Wakes::new());
    let endpoints = [Endpoint::ready(0), Endpoint::busy(1)];
    let mut set = set_by(endpoints, OutlierRules::new(), &clock, buttress_overload::NoTimer);
    fail(&set, 0);
    assert!(!is_ready(&mut set, &wakes));
    clock.advance(secs(30));
    assert_eq!(wakes.count(), 0);
    assert_eq!(set.outliers().in_turn().count(), 2);
    assert_eq!(wakes.count(), 1);
    assert!(is_ready(&mut set, &wakes));
}

/// Its recent time is some milliseconds old, as a clock may have it that is cheap to ask.
#[derive(Clone, Debug)]
struct Lags(ManualClock);

impl Clock for Lags {
    fn now(&self) -> Moment {
        self.0.now()
    }

    fn wall(&self) -> Timestamp {
        self.0.wall()
    }

    fn recent(&self) -> Moment {
        Moment::from_nanos(self.0.now().as_nanos() - 5_000_000)
    }
}

#[test]
fn who_is_woken_by_the_time_looks_at_the_exact_one() {
    let (clock, wakes) = (ManualClock::new(), Wakes::new());
    let endpoints = [Endpoint::ready(0), Endpoint::busy(1)];
    let set = EndpointSet::new(endpoints, |outliers| outliers.clock(Lags(clock.clone()))).unwrap();
    let mut set: Set<ManualClock> = set.as_error().classify(Judge).timer(clock.clone());
    fail(&set, 0);
    assert!(!is_ready(&mut set, &wakes));
    let due = std::iter::repeat_with(|| clock.advance(ms(1)));
    let waited = due.take_while(|()| wakes.count() == 0).count();
    assert!((29_990..30_000).contains(&waited), "{waited}");
    assert!(is_ready(&mut set, &wakes), "and need not come again for that");
}

/// Its sleeps are over before they begin.
#[derive(Clone, Debug)]
struct Hasty;

impl Timer for Hasty {
    type Sleep = std::future::Ready<()>;

    fn sleep(&self, _: Duration) -> Self::Sleep {
        std::future::ready(())
    }
}

#[test]
fn a_timer_that_rings_before_its_time_holds_up_nobody() {
    let (clock, wakes) = (ManualClock::new(), Wakes::new());
    let endpoints = [Endpoint::ready(0), Endpoint::busy(1)];
    let mut set = set_by(endpoints, OutlierRules::new(), &clock, Hasty);
    fail(&set, 0);
    assert!(!is_ready(&mut set, &wakes));
    assert_eq!(wakes.count(), 1, "it is asked again when it is its turn");
    clock.advance(secs(30));
    assert!(is_ready(&mut set, &wakes));
}

#[test]
fn who_goes_away_leaves_nothing_behind() {
    let (clock, wakes) = (ManualClock::new(), Wakes::new());
    let task = Arc::new(Bad);
    let mut set = set_of([Endpoint::ready(0), Endpoint::busy(1)], OutlierRules::new(), &clock);
    fail(&set, 0);
    let its = Arc::clone(&task).into();
    for _ in 0..9 {
        assert!(set.poll_ready(&mut Context::from_waker(&its)).is_pending());
    }
    assert!(!is_ready(&mut set, &wakes), "it is another task's now");
    drop(its);
    assert_eq!(Arc::strong_count(&task), 1, "one place for each who waits, with one waker");
    let list = set.endpoints().clone();
    drop(set);
    assert_eq!(clock.sleepers(), 0);
    list.add(Endpoint::ready(2)).map_err(drop).unwrap();
    assert_eq!(wakes.count(), 0);
}

/// Panics when it is woken.
struct Bad;

impl Wake for Bad {
    fn wake(self: Arc<Self>) {
        panic!("this waker is no good");
    }
}

#[test]
fn a_waker_that_panics_takes_nobody_along() {
    let (clock, wakes) = (ManualClock::new(), Wakes::new());
    let set = set_of([Endpoint::busy(0), Endpoint::busy(1)], OutlierRules::new(), &clock);
    let (mut bad, mut good) = (set.clone(), set.clone());
    assert!(bad.poll_ready(&mut Context::from_waker(&Arc::new(Bad).into())).is_pending());
    assert!(!is_ready(&mut good, &wakes));
    assert_eq!(set.endpoints().add(Endpoint::ready(2)).map_err(drop), Ok(2));
    assert_eq!(wakes.count(), 1);
    assert!(is_ready(&mut good, &wakes));
}
