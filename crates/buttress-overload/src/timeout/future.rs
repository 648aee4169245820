use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use buttress_core::clock::{Alarm, Timer};
use buttress_core::outcome::Answer;
use pin_project_lite::pin_project;
use tower_service::Service;

use super::Timeout;

pin_project! {
    /// Response future of [`TimedOut`](super::TimedOut), and of [`Timeout::run`](super::Timeout::run).
    #[project = Proj]
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<Req, S, T, M>
    where
        S: Service<Req>,
        T: Timer,
        M: Answer<Req, S::Response, S::Error>,
    {
        // Until its time is over.
        #[pin]
        future: Option<S::Future>,
        #[pin]
        alarm: Alarm<T>,
        timeout: Timeout<T>,
        wants: M::Wants,
    }
}

impl<Req, S, T, M> ResponseFuture<Req, S, T, M>
where
    S: Service<Req>,
    T: Timer,
    M: Answer<Req, S::Response, S::Error>,
{
    #[inline]
    pub(super) const fn new(future: S::Future, timeout: Timeout<T>, wants: M::Wants) -> Self {
        Self { future: Some(future), alarm: Alarm::unarmed(), timeout, wants }
    }
}

impl<Req, S, T, M> Future for ResponseFuture<Req, S, T, M>
where
    S: Service<Req>,
    T: Timer,
    M: Answer<Req, S::Response, S::Error>,
{
    type Output = Result<M::Response, S::Error>;

    #[inline]
    #[expect(clippy::expect_used, reason = "the contract of `Future`: the caller's bug, as in std")]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let future = this.future.as_mut().as_pin_mut();
        let future = future.expect("the future was polled after it had completed");
        // One place for the answer, as to move it costs more than to pass it.
        let mut polled = M::passed(future.poll(cx));
        if polled.is_pending() && this.is_over(cx) {
            polled = Poll::Ready(M::refused(this.timeout.expire(), *this.wants));
        }
        polled
    }
}

impl<Req, S, T, M> Proj<'_, Req, S, T, M>
where
    S: Service<Req>,
    T: Timer,
    M: Answer<Req, S::Response, S::Error>,
{
    /// Whether its time is over. Only what is not ready at once has a timer, and a time.
    fn is_over(&mut self, cx: &mut Context<'_>) -> bool {
        let Timeout { timer, time, .. } = self.timeout;
        if self.alarm.as_mut().poll(timer, || *time, cx).is_pending() {
            return false;
        }
        // Here, and not with the future around, which may live on: whatever the call holds is given back.
        self.future.set(None);
        true
    }
}

impl<Req, S, T, M> fmt::Debug for ResponseFuture<Req, S, T, M>
where
    S: Service<Req>,
    T: Timer,
    M: Answer<Req, S::Response, S::Error>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").field("alarm", &self.alarm).finish_non_exhaustive()
    }
}
