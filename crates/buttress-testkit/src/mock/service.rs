use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tower_service::Service;

use super::call::{Answer, Call, Exchange};
use super::state::{Behaviour, Shared};
use super::{MockError, ResponseFuture};

/// A service that does what its [`Handle`](super::Handle) says. Made by [`service`](super::service).
pub struct Mock<ReqB, ResB = Full<Bytes>, E = MockError> {
    shared: Arc<Shared<ReqB, ResB, E>>,
    instance: u64,
    is_reserved: bool,
}

impl<ReqB, ResB, E> Mock<ReqB, ResB, E> {
    pub(super) fn new(shared: Arc<Shared<ReqB, ResB, E>>) -> Self {
        let mut state = shared.lock();
        let instance = state.next_instance;
        state.next_instance += 1;
        drop(state);
        Self { shared, instance, is_reserved: false }
    }

    /// Turns the reservation into a call in flight, or panics where the contract or the test says so.
    fn spend_reservation(&mut self) -> Arc<Behaviour<ReqB, ResB, E>> {
        if !self.is_reserved {
            self.shared.lock().counts.breaches += 1;
            panic!("the contract is broken: an instance was called that was not polled ready");
        }
        self.is_reserved = false;
        let behaviour = self.shared.change(|state| {
            state.counts.reservations -= 1;
            state.counts.calls += 1;
            let behaviour = Arc::clone(&state.behaviour);
            state.counts.in_flight += u64::from(!matches!(*behaviour, Behaviour::PanicInCall));
            behaviour
        });
        assert!(
            !matches!(*behaviour, Behaviour::PanicInCall),
            "the mock panics in `call`, as told"
        );
        behaviour
    }
}

impl<ReqB, ResB, E: Clone> Service<Request<ReqB>> for Mock<ReqB, ResB, E> {
    type Response = Response<ResB>;
    type Error = E;
    type Future = ResponseFuture<ReqB, ResB, E>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), E>> {
        let polled = self.shared.lock().poll_ready(self.instance, self.is_reserved, cx);
        self.is_reserved |= matches!(polled, Poll::Ready(Ok(())));
        polled
    }

    fn call(&mut self, request: Request<ReqB>) -> Self::Future {
        let behaviour = self.spend_reservation();
        let exchange = Arc::new(Exchange::new());
        // The future comes first: should the test's closure panic, it gives back what was taken.
        let future = ResponseFuture::new(Arc::clone(&exchange), Arc::clone(&self.shared));
        match &*behaviour {
            Behaviour::Answer(respond) => exchange.settle(Answer::Give(respond(request))),
            Behaviour::Hold => self.shared.hold(Call::new(request, exchange)),
            Behaviour::PanicInPoll => exchange.settle(Answer::Panic),
            Behaviour::Never | Behaviour::PanicInCall => {}
        }
        future
    }
}

/// A clone shares the handle, and starts without a reservation.
impl<ReqB, ResB, E> Clone for Mock<ReqB, ResB, E> {
    fn clone(&self) -> Self {
        self.shared.lock().counts.clones += 1;
        Self::new(Arc::clone(&self.shared))
    }
}

impl<ReqB, ResB, E> Drop for Mock<ReqB, ResB, E> {
    fn drop(&mut self) {
        self.shared.change(|state| {
            state.counts.drops += 1;
            state.counts.reservations -= u64::from(self.is_reserved);
            state.waiting.remove(&self.instance);
        });
    }
}

impl<ReqB, ResB, E> fmt::Debug for Mock<ReqB, ResB, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mock")
            .field("instance", &self.instance)
            .field("is_reserved", &self.is_reserved)
            .finish_non_exhaustive()
    }
}
