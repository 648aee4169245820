//! The door: what callers and services see of a breaker.

mod abandoned;
mod allocations;
mod answers;
mod calls;
mod changing;
mod contract;
mod health;
mod keyed;
mod probes;
mod readiness;
mod refusals;
mod settings;
mod signals;
mod typed;

use std::future::Future;
use std::pin::{Pin, pin};
use std::time::Duration;

use buttress_circuit_breaker::{
    Breaker, BreakerTicket, CircuitBreaker, CircuitBreakerBuilder, CircuitBreakerLayer, State, Trip,
};
use buttress_core::Reply;
use buttress_core::clock::{ManualClock, ms, secs};
use buttress_core::outcome::{HttpClassify, JudgedBody};
use buttress_core::stage::Rewrap;
use buttress_testkit::body::Frames;
use buttress_testkit::mock::{self, MockError};
use buttress_testkit::poll;
use http::{Request, Response, StatusCode};
use tower::{Layer, Service, ServiceExt};

/// A dependency under the test's hand, with a breaker before it.
pub struct Door {
    pub clock: ManualClock,
    pub breaker: Breaker,
    pub inner: mock::Handle<(), Frames>,
    pub client: CircuitBreaker<mock::Mock<(), Frames>>,
}

pub type Answer = Response<Reply<JudgedBody<Frames, HttpClassify, BreakerTicket>>>;
pub type Answered = Result<Answer, MockError>;

/// For so long it opens first, without jitter.
pub const OPEN: Duration = secs(1);
/// What waits longer is slow.
pub const SLOW: Duration = ms(500);

/// A breaker that opens after so many failures, on a clock that the test moves.
pub fn builder(failures: u32, clock: &ManualClock) -> CircuitBreakerBuilder {
    let builder = CircuitBreaker::after(failures).named("payments").jitter(0).slow(SLOW);
    builder.clock(clock.clone())
}

impl Door {
    pub fn after(failures: u32) -> Self {
        Self::with(failures, |builder| builder)
    }

    pub fn with(
        failures: u32,
        change: impl FnOnce(CircuitBreakerBuilder) -> CircuitBreakerBuilder,
    ) -> Self {
        let clock = ManualClock::new();
        let layer: CircuitBreakerLayer<HttpClassify, Rewrap> =
            change(builder(failures, &clock)).build().unwrap();
        let (service, inner) = mock::service_of::<(), Frames, MockError>();
        let breaker = layer.breaker().clone();
        Self { clock, breaker, inner, client: layer.layer(service) }
    }

    /// One that has opened, and is due: the next call is a probe.
    pub fn due() -> Self {
        let door = Self::after(1);
        door.breaker.trip(Trip::switch());
        door.clock.advance(OPEN);
        door
    }

    /// Answers with this status, and an empty body.
    pub fn answers(&self, status: u16) {
        self.inner.answer_with(move |_| Ok(response(status, Frames::new())));
    }

    /// A call that ends at once.
    pub fn call(&self) -> Answered {
        poll::assert_ready(pin!(self.client.clone().oneshot(Request::new(()))))
    }

    /// A call that is taken, and answered when the test says so.
    pub fn begin(&self) -> Pin<Box<impl Future<Output = Answered> + use<>>> {
        let mut client = self.client.clone();
        poll::assert_ready(pin!(ServiceExt::<Request<()>>::ready(&mut client))).unwrap();
        Box::pin(client.call(Request::new(())))
    }

    pub fn status(&self) -> StatusCode {
        self.call().unwrap().status()
    }

    pub fn state(&self) -> State {
        self.breaker.state()
    }
}

pub fn response(status: u16, body: Frames) -> Response<Frames> {
    Response::builder().status(status).body(body).unwrap()
}
