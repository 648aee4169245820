use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use buttress_core::clock::{Alarm, Timer};
use buttress_core::outcome::Answer;
use pin_project_lite::pin_project;
use tower_service::Service;

use super::Timeout;

pin_project! {
    /// Response future of [`TimedOut`](super::TimedOut), and of [`Timeout::run`](super::Timeout::run).
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
        let polled = future.poll(cx);
        if polled.is_ready() {
            return M::passed(polled);
        }
        // Only now: what is ready at once has neither a timer nor a time.
        ready!(this.alarm.poll(&this.timeout.timer, || this.timeout.time, cx));
        // Here, and not with this future, which may live on: whatever the call holds is given back.
        this.future.set(None);
        Poll::Ready(M::refused(this.timeout.expire(), *this.wants))
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
