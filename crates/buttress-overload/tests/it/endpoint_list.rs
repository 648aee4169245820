//! The list of endpoints changes while it is used.

use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::thread;

use buttress_core::clock::ManualClock;
use buttress_core::outcome::Outcome;
use buttress_core::{Code, HealthStatus, Probe, Problem};
use buttress_overload::outlier::{EndpointSet, Endpoints, OutlierRules};
use buttress_testkit::poll::{Wakes, assert_ready};
use http::{Request, Response};
use http_body_util::Empty;
use proptest::prelude::*;
use tower::Service;

use crate::endpoint_wait::{Endpoint, Judge, Set, call, fail, is_ready, set_of};

fn set(endpoints: impl IntoIterator<Item = Endpoint>) -> Set<ManualClock> {
    set_of(endpoints, OutlierRules::new(), &ManualClock::new())
}

fn add(set: &Set<ManualClock>, endpoint: Endpoint) -> usize {
    set.endpoints().add(endpoint).map_err(drop).unwrap()
}

fn calls(set: &mut Set<ManualClock>, times: usize) -> Vec<usize> {
    let call = |_| {
        assert!(is_ready(set, &Wakes::new()));
        call(set)
    };
    let mut answers: Vec<_> = (0..times).map(call).collect();
    answers.sort_unstable();
    answers
}

#[test]
fn who_waits_is_woken_for_one_more() {
    let (mut set, wakes) = (set([Endpoint::busy(0)]), Wakes::new());
    let mut other = set.clone();
    assert!(!is_ready(&mut set, &wakes));
    assert!(!is_ready(&mut other, &wakes));
    assert_eq!(add(&set, Endpoint::ready(7)), 1);
    assert_eq!(wakes.count(), 2, "each once");
    assert!(is_ready(&mut set, &wakes) && is_ready(&mut other, &wakes));
    assert_eq!((call(&mut set), call(&mut other)), (7, 7));
    add(&set, Endpoint::ready(8));
    assert_eq!(wakes.count(), 2, "nobody waits any more");
}

#[test]
fn calls_go_round_all_that_there_are() {
    let mut set = set((0..3).map(Endpoint::ready));
    for number in 3..40 {
        assert_eq!(add(&set, Endpoint::ready(number)), number);
    }
    let all: Vec<usize> = (0..40).collect();
    assert_eq!(calls(&mut set, 40), all);
    (0..40).step_by(2).for_each(|at| assert!(set.endpoints().remove(at)));
    assert_eq!((set.endpoints().len(), set.outliers().len()), (20, 20));
    let odd: Vec<usize> = (1..40).step_by(2).collect();
    assert_eq!(calls(&mut set, 20), odd);
    assert_eq!(add(&set, Endpoint::ready(99)), 0, "the first number that nobody has");
    assert_eq!(calls(&mut set, 21).last(), Some(&99));
}

#[test]
fn a_number_that_nobody_has_says_nothing() {
    let set = set([Endpoint::ready(0), Endpoint::ready(1)]);
    assert!(set.endpoints().remove(1));
    for at in [1, 2, 9, usize::MAX] {
        assert!(!set.endpoints().remove(at));
        fail(&set, at);
    }
    assert!(set.outliers().left_out().is_empty());
    assert_eq!(set.outliers().in_turn().collect::<Vec<_>>(), [0]);
    assert_eq!(add(&set, Endpoint::ready(2)), 1);
    assert!(!set.outliers().is_left_out(1), "it is known nothing of the new one");
}

/// The instance is ready, and a call was promised to it: it is the last one.
#[test]
fn one_that_is_removed_once_it_is_ready_gets_that_call_and_no_other() {
    let (mut set, wakes) = (set([Endpoint::ready(0)]), Wakes::new());
    assert!(is_ready(&mut set, &wakes));
    set.endpoints().remove(0);
    assert_eq!(add(&set, Endpoint::ready(1)), 0);
    (0..4).for_each(|_| set.outliers().enter(0).settle(Outcome::Failure));
    assert_eq!(call(&mut set), 0);
    // What became of it is not said of who has its number now: with a success there would be no five in a row.
    set.outliers().enter(0).settle(Outcome::Failure);
    add(&set, Endpoint::ready(2));
    set.outliers().enter(0).settle(Outcome::Failure);
    assert_eq!(set.outliers().left_out(), [0]);
    assert_eq!(calls(&mut set, 3), [2, 2, 2]);
}

#[test]
fn one_that_is_removed_is_not_called_by_who_asks_again() {
    let (mut set, wakes) = (set([Endpoint::ready(0)]), Wakes::new());
    assert!(is_ready(&mut set, &wakes));
    set.endpoints().remove(0);
    add(&set, Endpoint::ready(1));
    assert!(is_ready(&mut set, &wakes));
    assert_eq!(call(&mut set), 1);
}

#[test]
fn one_that_is_removed_is_not_waited_for() {
    let (late, wakes) = (Endpoint::busy(0), Wakes::new());
    let mut set = set([late.clone(), Endpoint::busy(1)]);
    assert!(!is_ready(&mut set, &wakes));
    set.endpoints().remove(0);
    add(&set, Endpoint::busy(2));
    late.is_ready.store(true, Ordering::SeqCst);
    assert_eq!(wakes.count(), 1);
    assert!(!is_ready(&mut set, &wakes));
    drop(set);
    assert_eq!(Arc::strong_count(&late.is_ready), 1, "and nobody keeps it");
}

#[test]
fn where_all_are_removed_calls_are_refused() {
    let (mut set, wakes) = (set([Endpoint::busy(0), Endpoint::busy(1)]), Wakes::new());
    assert!(!is_ready(&mut set, &wakes));
    set.endpoints().remove(0);
    assert!(!is_ready(&mut set, &wakes));
    set.endpoints().remove(1);
    assert_eq!(wakes.count(), 2);
    assert!(set.endpoints().is_empty() && set.outliers().is_empty());
    assert_eq!(set.outliers().in_turn().count(), 0);
    assert_eq!(assert_ready(set.outliers().check()).status(), HealthStatus::Down);

    assert!(is_ready(&mut set, &wakes));
    // It was not polled ready, so what is there by then is not called.
    add(&set, Endpoint::ready(2));
    let refused = assert_ready(set.call(())).unwrap_err();
    assert_eq!(refused.code(), Code::UNAVAILABLE);
    assert_eq!(calls(&mut set, 2), [2, 2]);

    set.endpoints().remove(0);
    assert!(is_ready(&mut set, &wakes));
    add(&set, Endpoint::ready(3));
    assert!(is_ready(&mut set, &wakes));
    assert_eq!(call(&mut set), 3, "who asks again is told anew");
}

#[test]
fn over_http_the_refusal_is_a_response() {
    #[derive(Clone)]
    struct Http;

    impl Service<Request<()>> for Http {
        type Response = Response<Empty<&'static [u8]>>;
        type Error = std::convert::Infallible;
        type Future = std::future::Ready<Result<Self::Response, Self::Error>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, _: Request<()>) -> Self::Future {
            std::future::ready(Ok(Response::new(Empty::new())))
        }
    }

    let mut set = EndpointSet::new([Http], |outliers| outliers).unwrap();
    set.endpoints().remove(0);
    let wakes = Wakes::new();
    assert!(wakes.enter(|cx| set.poll_ready(cx)).is_ready());
    let response = assert_ready(set.call(Request::new(()))).unwrap();
    assert_eq!(response.status(), 503);
    assert_eq!(response.extensions().get::<Problem>().unwrap().code(), Code::UNAVAILABLE);
}

#[test]
fn what_is_known_of_those_that_stay_is_kept() {
    let set = set((0..4).map(Endpoint::ready));
    fail(&set, 3);
    (0..4).for_each(|_| set.outliers().enter(2).settle(Outcome::Failure));
    set.endpoints().remove(0);
    add(&set, Endpoint::ready(9));
    assert_eq!(set.outliers().left_out(), [3]);
    set.outliers().enter(2).settle(Outcome::Failure);
    assert_eq!(set.outliers().left_out(), [2, 3], "the fifth in a row");
}

#[test]
fn what_one_did_is_not_said_of_who_has_its_number() {
    let set = set((0..2).map(Endpoint::ready));
    let late: Vec<_> = (0..9).map(|_| set.outliers().enter(1)).collect();
    (0..4).for_each(|_| set.outliers().enter(1).settle(Outcome::Failure));
    set.endpoints().remove(1);
    let between = set.outliers().enter(1);
    assert_eq!(add(&set, Endpoint::ready(2)), 1);
    for seat in late.into_iter().chain([between]) {
        seat.settle(Outcome::Failure);
    }
    assert!(set.outliers().left_out().is_empty());
}

/// Of fewer, fewer may be left out.
#[test]
fn the_last_one_that_stays_is_used() {
    let rules = OutlierRules::new().most_left_out(100).panic_below(0);
    let clock = ManualClock::new();
    let (mut set, wakes) = (set_of((0..3).map(Endpoint::ready), rules, &clock), Wakes::new());
    fail(&set, 0);
    clock.advance(buttress_core::clock::secs(1));
    fail(&set, 1);
    assert_eq!(set.outliers().left_out(), [0, 1]);
    set.endpoints().remove(2);
    assert_eq!(set.outliers().left_out(), [1], "who was next is taken in");
    assert!(is_ready(&mut set, &wakes));
    assert_eq!(call(&mut set), 0);
    set.endpoints().remove(0);
    assert!(set.outliers().left_out().is_empty());
    assert_eq!(calls(&mut set, 2), [1, 1]);
}

#[test]
fn there_are_so_many_at_most() {
    let most = 1 << 16;
    let set = set((0..most).map(Endpoint::busy));
    let refused = set.endpoints().add(Endpoint::ready(most)).map(drop).unwrap_err();
    assert!(refused.is_ready.load(Ordering::SeqCst), "it is given back");
    assert_eq!(set.endpoints().len(), most);
    assert!(set.endpoints().remove(5));
    assert_eq!(add(&set, refused), 5);
}

/// It comes while those before it are asked, so that nobody is there yet to be woken.
#[test]
fn one_that_comes_meanwhile_is_seen() {
    type List = Arc<OnceLock<Endpoints<Brings>>>;

    #[derive(Clone)]
    struct Brings(List, bool);

    impl Service<()> for Brings {
        type Response = usize;
        type Error = Problem;
        type Future = std::future::Ready<Result<usize, Problem>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Problem>> {
            if self.1 {
                return Poll::Ready(Ok(()));
            }
            let list = self.0.get().unwrap();
            if list.len() == 1 {
                list.add(Self(self.0.clone(), true)).map_err(drop).unwrap();
            }
            Poll::Pending
        }

        fn call(&mut self, (): ()) -> Self::Future {
            std::future::ready(Ok(7))
        }
    }

    let list = List::default();
    let set = EndpointSet::new([Brings(list.clone(), false)], |outliers| outliers).unwrap();
    let mut set = set.as_error().classify(Judge);
    list.set(set.endpoints().clone()).unwrap();
    let wakes = Wakes::new();
    assert!(wakes.enter(|cx| set.poll_ready(cx)).is_ready());
    assert_eq!((assert_ready(set.call(())).unwrap(), wakes.count()), (7, 0));
}

/// One thread waits, and another one brings what it waits for: whenever that is, it is woken.
#[test]
fn no_wake_is_lost_between_threads() {
    let set = set([Endpoint::busy(0)]);
    let list = set.endpoints().clone();
    let (tell, told) = std::sync::mpsc::channel();
    let (go_on, goes_on) = std::sync::mpsc::channel();
    let waiter = thread::spawn({
        let mut set = set.clone();
        move || {
            for _ in 0..2_000 {
                let waker = std::task::Waker::from(Arc::new(Unpark(thread::current())));
                while set.poll_ready(&mut Context::from_waker(&waker)).is_pending() {
                    thread::park();
                }
                tell.send(call(&mut set)).unwrap();
                goes_on.recv().unwrap();
            }
        }
    });
    for number in 0..2_000 {
        let at = list.add(Endpoint::ready(number)).map_err(drop).unwrap();
        assert_eq!(told.recv(), Ok(number));
        assert!(list.remove(at));
        go_on.send(()).unwrap();
    }
    waiter.join().unwrap();
}

struct Unpark(thread::Thread);

impl std::task::Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

#[derive(Clone, Debug)]
enum Step {
    Add,
    Remove(usize),
    Fail(usize),
    Pass(u64),
    Call,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => Just(Step::Add),
        2 => (0_usize..12).prop_map(Step::Remove),
        3 => (0_usize..12).prop_map(Step::Fail),
        1 => (0_u64..40).prop_map(Step::Pass),
        4 => Just(Step::Call),
    ]
}

proptest! {
    /// Whatever comes and goes, a call goes to one that is there, and there is always one, unless there is none at all.
    #[test]
    fn a_call_goes_to_one_that_is_there(steps in prop::collection::vec(step(), 0..80), most in 0_u32..=100) {
        let clock = ManualClock::new();
        let rules = OutlierRules::new().most_left_out(most).panic_below(0);
        let mut set = set_of((0..2).map(Endpoint::ready), rules, &clock);
        let mut there: Vec<Option<usize>> = vec![Some(0), Some(1)];
        let mut next = 2;
        for step in steps {
            match step {
                Step::Add => {
                    let at = add(&set, Endpoint::ready(next));
                    let vacant = there.iter().position(Option::is_none).unwrap_or(there.len());
                    prop_assert_eq!(at, vacant);
                    there.resize(there.len().max(at + 1), None);
                    there[at] = Some(next);
                    next += 1;
                }
                Step::Remove(at) => {
                    let was_there = there.get_mut(at).and_then(Option::take).is_some();
                    prop_assert_eq!(set.endpoints().remove(at), was_there);
                }
                Step::Fail(at) => fail(&set, at),
                Step::Pass(time) => clock.advance(buttress_core::clock::secs(time)),
                Step::Call => {
                    prop_assert!(is_ready(&mut set, &Wakes::new()));
                    match assert_ready(set.call(())) {
                        Ok(number) => prop_assert!(there.contains(&Some(number))),
                        Err(_) => prop_assert!(there.iter().all(Option::is_none)),
                    }
                }
            }
            let (left_out, of) = (set.outliers().left_out(), there.iter().flatten().count());
            prop_assert_eq!(set.outliers().len(), of);
            prop_assert!(left_out.iter().all(|at| there[*at].is_some()));
            prop_assert!(left_out.len() * 100 <= of * most as usize);
            prop_assert!(left_out.len() < of.max(1));
        }
    }
}
