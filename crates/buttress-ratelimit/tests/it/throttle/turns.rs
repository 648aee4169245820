//! Who waits, how long, in which order, and what becomes of a place that is given up.

use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use buttress_core::clock::ManualClock;
use buttress_ratelimit::Quota;
use buttress_testkit::mock::{self, Handle, Mock};
use buttress_testkit::poll::{self, Wakes};
use http::Request;
use proptest::prelude::*;
use tower::{Layer, Service, ServiceExt};

use super::{SECOND, layer, on, to};

type Answer = Pin<Box<dyn Future<Output = u16>>>;

/// A client behind a throttle: one a second.
struct Client<S> {
    service: S,
    inner: Handle<()>,
    clock: ManualClock,
}

fn client(
    quota: Quota,
    most_waiting: usize,
) -> Client<
    impl Service<
        Request<()>,
        Response = http::Response<impl Sized>,
        Error: std::fmt::Debug,
        Future: 'static,
    > + Clone,
> {
    let clock = ManualClock::new();
    let (service, inner): (Mock<()>, _) = mock::service();
    let layer = on(&clock, quota).most_waiting(most_waiting).build().unwrap();
    Client { service: layer.layer(service), inner, clock }
}

impl<S, B> Client<S>
where
    S: Service<Request<()>, Response = http::Response<B>, Error: std::fmt::Debug, Future: 'static>
        + Clone
        + 'static,
{
    /// Sends a request, as far as it gets.
    fn send(&self) -> Answer {
        let answer = self.service.clone().oneshot(to("a.internal"));
        let mut answer: Answer = Box::pin(async { answer.await.unwrap().status().as_u16() });
        // It comes now, and not when it is polled again.
        if let Poll::Ready(status) = poll::poll_once(&mut answer) {
            return Box::pin(std::future::ready(status));
        }
        answer
    }

    fn began(&self) -> u64 {
        self.inner.counts().calls
    }
}

fn status(answer: &mut Answer) -> Option<u16> {
    match poll::poll_once(answer) {
        Poll::Ready(status) => Some(status),
        Poll::Pending => None,
    }
}

const QUOTA: Quota = Quota::per_second(1).burst(1).queue(Duration::from_secs(3));

#[test]
fn turns_come_in_the_order_of_asking_and_not_before_their_time() {
    let client = client(QUOTA, 100);
    let mut all: Vec<Answer> = (0..5).map(|_| client.send()).collect();
    assert_eq!(status(&mut all[0]), Some(200));
    assert_eq!(status(&mut all[4]), Some(503), "it would wait four seconds");
    for at in 1..4 {
        client.clock.advance(Duration::from_nanos(999_999_999));
        assert!(all[at..4].iter_mut().all(|waiting| status(waiting).is_none()));
        client.clock.advance(Duration::from_nanos(1));
        assert_eq!(client.began(), at as u64);
        // Who comes later is polled first, and does not go first.
        assert!(all[at + 1..4].iter_mut().all(|waiting| status(waiting).is_none()));
        assert_eq!(status(&mut all[at]), Some(200));
    }
    assert_eq!(client.began(), 4);
}

#[test]
fn who_gives_up_lets_all_behind_move_up() {
    let client = client(QUOTA, 100);
    let mut all: Vec<Answer> = (0..4).map(|_| client.send()).collect();
    assert_eq!(status(&mut client.send()), Some(503), "the queue is full");
    // The first of those that wait.
    drop(all.remove(1));
    all.push(client.send());
    assert_eq!(status(&mut client.send()), Some(503), "there was one place");
    for at in 1..4 {
        assert!(all[at..].iter_mut().all(|waiting| status(waiting).is_none()));
        client.clock.advance(SECOND);
        // One goes, and no two go together, whoever is asked first.
        let gone: Vec<_> = all[at..].iter_mut().rev().map(status).collect();
        assert_eq!(gone.iter().filter(|status| status.is_some()).count(), 1);
        assert_eq!(gone.last(), Some(&Some(200)), "the one that came first");
    }
    assert_eq!((client.began(), client.inner.counts().breaches), (4, 0));
}

/// Whoever moves up is woken: nobody else looks after them.
#[test]
fn who_moves_up_hears_of_the_new_turn() {
    let client = client(QUOTA, 100);
    let mut first = client.send();
    assert_eq!(status(&mut first), Some(200));
    let (second, mut third) = (client.send(), client.send());
    let wakes = Wakes::new();
    assert!(wakes.poll(&mut third).is_pending());
    drop(second);
    assert_eq!(wakes.count(), 1);
    assert!(wakes.poll(&mut third).is_pending());
    client.clock.advance(SECOND);
    assert_eq!(wakes.count(), 2);
    assert_eq!(status(&mut third), Some(200));
}

#[test]
fn a_place_that_was_given_up_late_is_worth_what_is_left_of_it() {
    let client = client(QUOTA, 100);
    let mut all: Vec<Answer> = (0..2).map(|_| client.send()).collect();
    // Its turn is there, and it does not come.
    client.clock.advance(SECOND);
    drop(all.pop());
    assert_eq!(status(&mut client.send()), Some(200));
    let mut next = client.send();
    assert_eq!(status(&mut next), None);
    client.clock.advance(SECOND);
    assert_eq!(status(&mut next), Some(200));
}

#[test]
fn a_bounded_number_waits() {
    let client = client(QUOTA, 2);
    let mut all: Vec<Answer> = (0..3).map(|_| client.send()).collect();
    assert_eq!(status(&mut client.send()), Some(503), "there is time, and no place");
    client.clock.advance(SECOND);
    assert_eq!(status(&mut all[1]), Some(200));
    let mut next = client.send();
    assert_eq!(status(&mut next), None, "and what was refused has taken nothing");
    client.clock.advance(2 * SECOND);
    assert_eq!(status(&mut next), Some(200));
}

#[test]
fn the_instance_that_was_polled_ready_waits_along() {
    let (clock, (service, inner)) = (ManualClock::new(), mock::service());
    inner.capacity(1);
    let client = layer(&clock, QUOTA).layer(service);
    assert!(poll::assert_ready(client.clone().oneshot(to("a.internal"))).is_ok());
    let mut waiting = Box::pin(client.clone().oneshot(to("a.internal")));
    poll::assert_pending(waiting.as_mut());
    assert_eq!(inner.counts().reservations, 1);
    let mut other = Box::pin(client.clone().oneshot(to("b.internal")));
    poll::assert_pending(other.as_mut());
    drop(waiting);
    assert_eq!(inner.counts().reservations, 0, "it comes back with it");
    assert!(poll::assert_ready(other.as_mut()).is_ok());
}

#[derive(Clone, Debug)]
enum Step {
    Send,
    GiveUp(usize),
    Wait,
}

/// A part of the interval, so that turns fall on steps.
const STEP: u64 = 100;

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => Just(Step::Send),
        2 => any::<usize>().prop_map(Step::GiveUp),
        4 => Just(Step::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However many come, wait and give up: at no time do more begin than an exact log of what began would allow;
    /// nobody waits for ever; and nothing is left when all is over.
    #[test]
    fn no_more_begin_than_the_quota_allows(steps in prop::collection::vec(step(), 1..200)) {
        let client = client(Quota::per_second(2).burst(1).queue(Duration::from_secs(4)), 1_000);
        let (mut waiting, mut millis, mut began) = (Vec::new(), 0, Vec::new());
        for step in steps {
            match step {
                Step::Send => waiting.push(client.send()),
                Step::GiveUp(at) if !waiting.is_empty() => drop(waiting.remove(at % waiting.len())),
                Step::GiveUp(_) => {}
                Step::Wait => {
                    millis += STEP;
                    client.clock.advance(Duration::from_millis(STEP));
                }
            }
            waiting.retain_mut(|one| status(one).is_none());
            began.resize(usize::try_from(client.began()).unwrap(), millis);
        }
        // Among any that began, from the first to the last: one, and one more each half second.
        for (first, since) in began.iter().enumerate() {
            for (last, until) in began.iter().enumerate().skip(first) {
                let allowed = 1 + (until - since) / 500;
                let between = u64::try_from(last - first).unwrap();
                prop_assert!(allowed > between, "{} to {}: {:?}", since, until, began);
            }
        }
        client.clock.advance(Duration::from_secs(4));
        waiting.retain_mut(|one| status(one).is_none());
        prop_assert!(waiting.is_empty());
        prop_assert_eq!(client.clock.sleepers(), 0);
        let counts = client.inner.counts();
        prop_assert_eq!((counts.breaches, counts.reservations), (0, 0));
    }
}
