//! Who is ready, and what for.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::thread;

use buttress_circuit_breaker::{Breaker, CircuitBreaker, Force, State, Trip};
use buttress_core::clock::{Clock, ManualClock, Moment, Timer, Timestamp, TokioTimer, secs};
use buttress_core::outcome::Outcome;
use buttress_testkit::poll::{self, Wakes};
use http::{Request, StatusCode};
use tower::{Layer, Service, ServiceExt};

use super::{Door, OPEN};

type Client = buttress_circuit_breaker::CircuitBreaker<
    buttress_testkit::mock::Mock<(), buttress_testkit::body::Frames>,
>;

fn ready(client: &mut Client) {
    poll::assert_ready(pin!(ServiceExt::<Request<()>>::ready(client))).unwrap();
}

fn poll_ready(client: &mut Client, wakes: &Wakes) -> Poll<()> {
    wakes.enter(|cx| Service::<Request<()>>::poll_ready(client, cx)).map(Result::unwrap)
}

fn call(client: &mut Client) -> StatusCode {
    poll::assert_ready(pin!(client.call(Request::new(())))).unwrap().status()
}

#[test]
fn an_open_breaker_is_ready_without_asking() {
    let mut door = Door::after(1);
    door.breaker.trip(Trip::switch());
    door.inner.pending();
    ready(&mut door.client);
    assert_eq!(call(&mut door.client), 503);
    let counts = door.inner.counts();
    assert_eq!((counts.calls, counts.readiness_polls), (0, 0));
}

/// Whatever has become of the breaker by then: the service inside was not polled ready.
#[test]
fn ready_by_an_open_breaker_only_refuses() {
    for becomes in [Force::Closed, Force::Release, Force::Off] {
        let mut door = Door::after(1);
        door.breaker.force(Force::Open);
        ready(&mut door.client);
        door.breaker.force(becomes);
        assert_eq!(call(&mut door.client), 503, "{becomes:?}");
        assert_eq!(door.inner.counts().calls, 0);
        // It was for one call.
        ready(&mut door.client);
        assert_eq!(call(&mut door.client), 200);
    }

    // Half-open, with a free place.
    let mut door = Door::after(1);
    door.breaker.trip(Trip::switch());
    ready(&mut door.client);
    door.clock.advance(OPEN);
    let probe = door.breaker.try_enter().unwrap();
    drop(probe);
    assert_eq!(door.state(), State::HalfOpen);
    assert_eq!(call(&mut door.client), 503);
    assert_eq!(door.inner.counts().calls, 0);
}

/// As whoever waits for others does, too: only what was said last holds.
#[test]
fn who_asks_again_once_it_is_closed_is_let_pass() {
    let mut door = Door::after(1);
    door.breaker.force(Force::Open);
    ready(&mut door.client);
    assert_eq!(door.inner.counts().readiness_polls, 0);
    door.breaker.force(Force::Release);
    ready(&mut door.client);
    assert_eq!(door.inner.counts().readiness_polls, 1);
    assert_eq!(call(&mut door.client), 200);
}

/// The service was polled ready, and is not called: it keeps its place until it is, or is dropped.
#[test]
fn a_refusal_keeps_the_readiness() {
    let mut door = Door::after(1);
    door.inner.capacity(1);
    ready(&mut door.client);
    door.breaker.force(Force::Open);
    assert_eq!(call(&mut door.client), 503);
    door.breaker.force(Force::Release);
    let mut other = door.client.clone();
    poll::assert_pending(pin!(ServiceExt::<Request<()>>::ready(&mut other)));
    ready(&mut door.client);
    assert_eq!(call(&mut door.client), 200);
    assert_eq!(door.inner.counts().calls, 1);
    ready(&mut other);
}

#[test]
fn who_is_ready_and_idle_holds_no_probe() {
    let mut door = Door::due();
    let mut idle = door.client.clone();
    ready(&mut idle);
    ready(&mut door.client);
    assert_eq!((door.state(), door.breaker.snapshot().probes()), (State::Open, 0));
    assert_eq!(call(&mut door.client), 200);
    assert_eq!(door.state(), State::Closed);
    assert_eq!(call(&mut idle), 200);
}

#[test]
fn one_that_is_due_asks_the_service() {
    let mut door = Door::due();
    door.inner.pending();
    poll::assert_pending(pin!(ServiceExt::<Request<()>>::ready(&mut door.client)));
}

/// The service inside may never become ready, and the call is refused now in any case.
#[test]
fn who_waits_for_the_service_is_woken_when_the_breaker_opens() {
    for opens in [
        |breaker: &Breaker| assert!(breaker.trip(Trip::switch())),
        |breaker: &Breaker| breaker.force(Force::Open),
        |breaker: &Breaker| breaker.try_enter().unwrap().settle(Outcome::Failure),
    ] {
        let mut door = Door::after(1);
        door.inner.pending();
        let wakes = Wakes::new();
        assert!(poll_ready(&mut door.client, &wakes).is_pending());
        assert_eq!(wakes.count(), 0);
        opens(&door.breaker);
        assert_eq!(wakes.count(), 1);
        assert!(poll_ready(&mut door.client, &wakes).is_ready());
        assert_eq!(call(&mut door.client), 503);
        assert_eq!((door.inner.counts().calls, wakes.count()), (0, 1));
    }
}

#[test]
fn who_waits_with_a_probe_is_woken_when_another_one_fails() {
    let mut door = Door::due();
    let probe = door.breaker.try_enter().unwrap();
    door.inner.pending();
    let wakes = Wakes::new();
    assert!(poll_ready(&mut door.client, &wakes).is_pending());
    probe.settle(Outcome::Failure);
    assert_eq!((door.state(), wakes.count()), (State::Open, 1));
    assert!(poll_ready(&mut door.client, &wakes).is_ready());
    assert_eq!(call(&mut door.client), 503);
}

/// One that opens while the service inside is asked: nobody was there yet to be woken.
#[test]
fn who_comes_while_the_breaker_opens_is_refused_at_once() {
    struct Opens(Breaker);

    impl Service<Request<()>> for Opens {
        type Response = http::Response<buttress_testkit::body::Frames>;
        type Error = std::convert::Infallible;
        type Future = std::future::Pending<Result<Self::Response, Self::Error>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
            self.0.force(Force::Open);
            Poll::Pending
        }

        fn call(&mut self, _: Request<()>) -> Self::Future {
            std::future::pending()
        }
    }

    let layer = buttress_circuit_breaker::CircuitBreaker::after(1).build().unwrap();
    let mut client = layer.layer(Opens(layer.breaker().clone()));
    let wakes = Wakes::new();
    assert!(wakes.enter(|cx| client.poll_ready(cx)).is_ready());
    assert_eq!(poll::assert_ready(pin!(client.call(Request::new(())))).unwrap().status(), 503);
    // And it left no waker behind.
    layer.breaker().reset();
    layer.breaker().force(Force::Release);
    layer.breaker().force(Force::Open);
    assert_eq!(wakes.count(), 0);
}

#[test]
fn who_waits_no_more_is_not_woken() {
    let mut door = Door::after(1);
    door.inner.pending();
    let wakes = Wakes::new();
    assert!(poll_ready(&mut door.client, &wakes).is_pending());
    door.inner.ready();
    let by_the_service = wakes.count();
    assert!(poll_ready(&mut door.client, &wakes).is_ready());
    let mut gone = door.client.clone();
    door.inner.pending();
    assert!(poll_ready(&mut gone, &wakes).is_pending());
    drop(gone);
    door.breaker.force(Force::Open);
    assert_eq!(wakes.count(), by_the_service);
}

/// Its task changes, as with `select!`: the last one is woken, and no other is kept.
#[test]
fn who_waits_has_one_place() {
    let mut door = Door::after(1);
    door.inner.pending();
    let (first, last) = (Wakes::new(), Wakes::new());
    for _ in 0..9 {
        assert!(poll_ready(&mut door.client, &first).is_pending());
    }
    assert!(poll_ready(&mut door.client, &last).is_pending());
    door.breaker.force(Force::Open);
    assert_eq!((first.count(), last.count()), (0, 1));
}

/// A waker is foreign code: it may come back here, and it may panic.
#[test]
fn a_waker_that_panics_takes_nobody_along() {
    struct Bad;

    impl std::task::Wake for Bad {
        fn wake(self: Arc<Self>) {
            panic!("this waker is no good");
        }
    }

    let door = Door::after(1);
    door.inner.pending();
    let (mut bad, mut good) = (door.client.clone(), door.client.clone());
    let wakes = Wakes::new();
    let its = Arc::new(Bad).into();
    let polled = Service::<Request<()>>::poll_ready(&mut bad, &mut Context::from_waker(&its));
    assert!(polled.is_pending());
    assert!(poll_ready(&mut good, &wakes).is_pending());
    door.breaker.force(Force::Open);
    assert_eq!((door.state(), wakes.count()), (State::ForcedOpen, 1));
}

/// Whatever the order in which two threads come to it, who waits hears of each opening.
#[test]
fn no_opening_is_missed_between_threads() {
    const ROUNDS: usize = 2_000;
    let mut door = Door::after(1);
    door.inner.pending();
    let (breaker, mut client) = (door.breaker.clone(), door.client.clone());
    let (tell, told) = std::sync::mpsc::channel();
    let (go_on, goes_on) = std::sync::mpsc::channel();
    let waiter = thread::spawn(move || {
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        for _ in 0..ROUNDS {
            let cx = &mut Context::from_waker(&waker);
            while Service::<Request<()>>::poll_ready(&mut client, cx).is_pending() {
                thread::park();
            }
            tell.send(()).unwrap();
            goes_on.recv().unwrap();
        }
    });
    for _ in 0..ROUNDS {
        breaker.force(Force::Open);
        told.recv().unwrap();
        breaker.force(Force::Release);
        go_on.send(()).unwrap();
    }
    waiter.join().unwrap();
    assert_eq!(door.inner.counts().calls, 0);
    door.inner.ready();
    ready(&mut door.client);
}

struct Unpark(thread::Thread);

impl std::task::Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Over a service that is written as it should be, in a runtime whose time stands still until nobody has anything to
/// do.
#[tokio::test(start_paused = true)]
async fn a_task_that_waits_is_refused_once_it_opens() {
    let mut door = Door::after(1);
    door.inner.pending();
    let breaker = door.breaker.clone();
    let waits = tokio::spawn(async move {
        let client = ServiceExt::<Request<()>>::ready(&mut door.client).await.unwrap();
        client.call(Request::new(())).await.unwrap().status()
    });
    let opens = tokio::spawn(async move {
        TokioTimer.sleep(secs(3)).await;
        breaker.trip(Trip::switch());
    });
    opens.await.unwrap();
    assert_eq!(waits.await.unwrap(), 503);
}

/// What it takes for recent is a little ago.
#[derive(Debug)]
struct Late(ManualClock);

impl Clock for Late {
    fn now(&self) -> Moment {
        self.0.now()
    }

    fn wall(&self) -> Timestamp {
        self.0.wall()
    }

    fn recent(&self) -> Moment {
        Moment::from_nanos(self.0.now().as_nanos().saturating_sub(4_000_000))
    }
}

#[test]
fn whoever_comes_when_it_is_due_finds_out_whether_the_service_is_ready() {
    let clock = ManualClock::new();
    clock.advance(secs(60));
    let layer = CircuitBreaker::after(1).open_for(secs(1)..=secs(1)).jitter(0);
    let layer = layer.clock(Late(clock.clone())).build().unwrap();
    let breaker = layer.breaker().clone();
    assert!(breaker.trip(Trip::switch()));
    assert!(breaker.will_refuse().is_some());
    clock.advance(secs(1));
    assert!(breaker.will_refuse().is_none());
    assert!(breaker.try_enter().is_ok());
}
