use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};

use buttress_core::sync::Lock;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;

use super::MockError;

/// A call that waits in the test's hand. Made by [`Handle::take_call`](super::Handle::take_call) and
/// [`Handle::next_call`](super::Handle::next_call); see the [module](super) for an example.
///
/// Dropped without an answer, it leaves its future pending for ever.
#[must_use = "a call that is dropped is never answered"]
pub struct Call<ReqB, ResB = Full<Bytes>, E = MockError> {
    request: Request<ReqB>,
    exchange: Arc<Exchange<ResB, E>>,
}

impl<ReqB, ResB, E> Call<ReqB, ResB, E> {
    pub(super) fn new(request: Request<ReqB>, exchange: Arc<Exchange<ResB, E>>) -> Self {
        Self { request, exchange }
    }

    /// What the service was called with.
    #[must_use]
    pub fn request(&self) -> &Request<ReqB> {
        &self.request
    }

    /// Takes the request out of the call, which is then answered without it.
    pub fn split(self) -> (Request<ReqB>, Call<(), ResB, E>) {
        (self.request, Call { request: Request::new(()), exchange: self.exchange })
    }

    /// Completes the future with `response`.
    pub fn answer(self, response: Response<ResB>) {
        self.exchange.settle(Answer::Give(Ok(response)));
    }

    /// Completes the future with an error.
    pub fn fail(self, error: impl Into<E>) {
        self.exchange.settle(Answer::Give(Err(error.into())));
    }

    /// Makes the next poll of the future panic.
    pub fn panic(self) {
        self.exchange.settle(Answer::Panic);
    }

    /// Wakes the task for nothing: its next poll finds the future pending still.
    pub fn nudge(&self) {
        self.exchange.wake();
    }

    /// Whether the future was dropped, so that nobody waits for the answer.
    #[must_use]
    pub fn is_abandoned(&self) -> bool {
        self.exchange.is_abandoned.load(Ordering::SeqCst)
    }
}

impl<ReqB: fmt::Debug, ResB, E> fmt::Debug for Call<ReqB, ResB, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("request", &self.request).finish_non_exhaustive()
    }
}

/// Where the answer of one call is put down and picked up.
pub(super) struct Exchange<ResB, E> {
    slot: Lock<Slot<ResB, E>>,
    is_abandoned: AtomicBool,
}

struct Slot<ResB, E> {
    answer: Option<Answer<ResB, E>>,
    waker: Option<Waker>,
}

pub(super) enum Answer<ResB, E> {
    Give(Result<Response<ResB>, E>),
    Panic,
}

impl<ResB, E> Exchange<ResB, E> {
    pub(super) fn new() -> Self {
        let slot = Lock::new(Slot { answer: None, waker: None });
        Self { slot, is_abandoned: AtomicBool::new(false) }
    }

    pub(super) fn settle(&self, answer: Answer<ResB, E>) {
        self.slot.lock().answer = Some(answer);
        self.wake();
    }

    pub(super) fn poll(&self, cx: &mut Context<'_>) -> Poll<Answer<ResB, E>> {
        let mut slot = self.slot.lock();
        if let Some(answer) = slot.answer.take() {
            return Poll::Ready(answer);
        }
        slot.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    pub(super) fn abandon(&self) {
        self.is_abandoned.store(true, Ordering::SeqCst);
    }

    fn wake(&self) {
        let waker = self.slot.lock().waker.take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}
