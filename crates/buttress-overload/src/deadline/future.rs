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
use super::rules::Rules;

pin_project! {
    /// Response future of [`DeadlineService`](super::DeadlineService), and of [`DeadlineLayer::run`](super::DeadlineLayer::run).
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
        deadline: Option<Deadline>,
        refused: bool,
        rules: Shared<Rules>,
        timer: T,
        wants: M::Wants,
    }
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
        let clock = rules.clock.get();
        let now = clock.now();
        let deadline = rules.deadline(M::said(&request, clock, now, &rules.told), now);
        if deadline.is_some_and(|deadline| deadline.is_over(now)) {
            return Self::over(rules, timer, wants);
        }
        if let Some(deadline) = deadline {
            M::tell(&mut request, deadline, now, &rules.told);
        }
        // Until the end: the future is made where it is returned, as to move it costs more than all else here.
        let _scope = deadline.map(Deadline::enter);
        let (alarm, rules, timer) = (Alarm::unarmed(), rules.clone(), timer.clone());
        let future = Some(inner.call(request));
        Self { future, alarm, deadline, refused: false, rules, timer, wants }
    }

    #[cold]
    fn over(rules: &Shared<Rules>, timer: &T, wants: M::Wants) -> Self {
        rules.before.increment(1);
        let (alarm, rules, timer) = (Alarm::unarmed(), rules.clone(), timer.clone());
        Self { future: None, alarm, deadline: None, refused: true, rules, timer, wants }
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
        // One place for the answer, as to move it costs more than to pass it.
        let mut polled = match this.future.as_mut().as_pin_mut() {
            Some(future) => {
                let _scope = this.deadline.map(Deadline::enter);
                M::passed(future.poll(cx))
            }
            None => Poll::Pending,
        };
        if polled.is_pending() && this.is_over(cx) {
            polled = Poll::Ready(M::refused(Problem::new(Code::TIMED_OUT), *this.wants));
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
    /// Whether it is over by now, or was before.
    fn is_over(&mut self, cx: &mut Context<'_>) -> bool {
        if self.future.is_none() {
            let refused = std::mem::take(self.refused);
            assert!(refused, "the future was polled after it had completed");
            return true;
        }
        let Some(deadline) = *self.deadline else { return false };
        let left = || deadline.remaining(self.rules.clock.get().now());
        if self.alarm.as_mut().poll(self.timer, left, cx).is_pending() {
            return false;
        }
        // Here, and not with the future around, which may live on: whatever the call holds is given back.
        self.future.set(None);
        self.rules.meanwhile.increment(1);
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
            .field("deadline", &self.deadline)
            .field("alarm", &self.alarm)
            .finish_non_exhaustive()
    }
}
