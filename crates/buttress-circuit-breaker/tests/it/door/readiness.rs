//! Who is ready, and what for.

use std::pin::pin;

use buttress_circuit_breaker::{Force, State, Trip};
use buttress_testkit::poll;
use http::{Request, StatusCode};
use tower::{Service, ServiceExt};

use super::{Door, OPEN};

type Client = buttress_circuit_breaker::CircuitBreaker<
    buttress_testkit::mock::Mock<(), buttress_testkit::body::Frames>,
>;

fn ready(client: &mut Client) {
    poll::assert_ready(pin!(ServiceExt::<Request<()>>::ready(client))).unwrap();
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
