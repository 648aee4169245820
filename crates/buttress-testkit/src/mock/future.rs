use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::Response;
use http_body_util::Full;

use super::MockError;
use super::call::{Answer, Exchange};
use super::state::Shared;

/// Response future of [`Mock`](super::Mock). Counted in flight until it answers or is dropped.
#[must_use = "futures do nothing unless polled"]
pub struct ResponseFuture<ReqB, ResB = Full<Bytes>, E = MockError> {
    exchange: Arc<Exchange<ResB, E>>,
    shared: Arc<Shared<ReqB, ResB, E>>,
    is_answered: bool,
}

impl<ReqB, ResB, E> ResponseFuture<ReqB, ResB, E> {
    pub(super) fn new(
        exchange: Arc<Exchange<ResB, E>>,
        shared: Arc<Shared<ReqB, ResB, E>>,
    ) -> Self {
        Self { exchange, shared, is_answered: false }
    }
}

impl<ReqB, ResB, E> Future for ResponseFuture<ReqB, ResB, E> {
    type Output = Result<Response<ResB>, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.is_answered {
            self.shared.lock().counts.breaches += 1;
            panic!("the contract is broken: a future was polled that had given its answer");
        }
        let answer = match ready!(self.exchange.poll(cx)) {
            Answer::Give(answer) => answer,
            // Still in flight: only dropping the future gives that back.
            Answer::Panic => panic!("the mock panics in `poll`, as told"),
        };
        self.is_answered = true;
        self.shared.change(|state| {
            state.counts.in_flight -= 1;
            state.counts.answered += 1;
        });
        Poll::Ready(answer)
    }
}

impl<ReqB, ResB, E> Drop for ResponseFuture<ReqB, ResB, E> {
    fn drop(&mut self) {
        if self.is_answered {
            return;
        }
        self.exchange.abandon();
        self.shared.change(|state| {
            state.counts.in_flight -= 1;
            state.counts.abandoned += 1;
        });
    }
}

impl<ReqB, ResB, E> fmt::Debug for ResponseFuture<ReqB, ResB, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture")
            .field("is_answered", &self.is_answered)
            .finish_non_exhaustive()
    }
}
