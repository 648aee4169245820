use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use buttress_core::clock::{Alarm, Timer};
use buttress_core::outcome::Answer;
use buttress_core::sync::Shared;
use buttress_core::{Code, Deadline, Problem};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::Mode;
use super::rules::{Rules, TooLate};

pin_project! {
    /// Response future of [`DeadlineService`](super::DeadlineService), and of
    /// [`DeadlineLayer::run`](super::DeadlineLayer::run).
    #[project = Proj]
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<Req, S, T, M>
    where
        S: Service<Req>,
        T: Timer,
        M: Answer<Req, S::Response, S::Error>,
    {
        // Until its time is over; none at all if it was over before.
        #[pin]
        future: Option<S::Future>,
        #[pin]
        alarm: Alarm<T>,
        // None, where there is no deadline.
        watch: Option<Watch<T>>,
        refused: bool,
        wants: M::Wants,
    }
}

/// By when, by which rules, and who wakes us then.
struct Watch<T> {
    deadline: Deadline,
    rules: Shared<Rules>,
    timer: T,
}

impl<Req, S, T, M> ResponseFuture<Req, S, T, M>
where
    S: Service<Req>,
    T: Timer + Clone,
    M: Answer<Req, S::Response, S::Error> + Mode<Req>,
{
    /// Calls `inner`, unless it is too late.
    #[inline]
    pub(super) fn begin(rules: &Shared<Rules>, timer: &T, inner: &mut S, mut request: Req) -> Self {
        let wants = M::wants(&request);
        let deadline = match rules.begin::<M, _>(&mut request, true) {
            Ok(deadline) => deadline,
            Err(TooLate) => return Self::over(wants),
        };
        let Some(deadline) = deadline else {
            return Self::calling(inner, request, &mut None, wants);
        };
        let mut watch = Some(Watch { deadline, rules: rules.clone(), timer: timer.clone() });
        let _scope = deadline.enter();
        Self::calling(inner, request, &mut watch, wants)
    }

    // A function of its own, in which there is nothing that a panic would drop: only so the future is made where it
    // stays, and to move that of a whole wall costs more than all else here.
    #[inline(never)]
    fn calling(inner: &mut S, request: Req, watch: &mut Option<Watch<T>>, wants: M::Wants) -> Self {
        let future = Some(inner.call(request));
        Self { future, alarm: Alarm::unarmed(), watch: watch.take(), refused: false, wants }
    }

    #[cold]
    fn over(wants: M::Wants) -> Self {
        Self { future: None, alarm: Alarm::unarmed(), watch: None, refused: true, wants }
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
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Some(future) = this.future.as_mut().as_pin_mut() {
            let scope = this.watch.as_ref().map(|watch| watch.deadline.enter());
            match M::passed(future.poll(cx)) {
                Poll::Pending => drop(scope),
                ready @ Poll::Ready(_) => return ready,
            }
        }
        if this.is_over(cx) {
            return Poll::Ready(M::refused(Problem::new(Code::TIMED_OUT), *this.wants));
        }
        Poll::Pending
    }
}

impl<Req, S, T, M> Proj<'_, Req, S, T, M>
where
    S: Service<Req>,
    T: Timer,
    M: Answer<Req, S::Response, S::Error>,
{
    /// Whether it is over by now, or was before.
    fn is_over(&mut self, cx: &mut Context<'_>) -> bool {
        if self.future.is_none() {
            let refused = std::mem::take(self.refused);
            assert!(refused, "the future was polled after it had completed");
            return true;
        }
        let Some(Watch { deadline, rules, timer }) = self.watch else { return false };
        let left = || deadline.remaining(rules.clock.get().now());
        if self.alarm.as_mut().poll(timer, left, cx).is_pending() {
            return false;
        }
        // Here, and not with the future around, which may live on: whatever the call holds is given back.
        self.future.set(None);
        rules.meanwhile.increment(1);
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
        f.debug_struct("ResponseFuture")
            .field("deadline", &self.watch.as_ref().map(|watch| watch.deadline))
            .field("alarm", &self.alarm)
            .finish_non_exhaustive()
    }
}
