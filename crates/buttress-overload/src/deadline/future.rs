use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

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
        let Some(future) = this.future.as_mut().as_pin_mut() else {
            let refused = std::mem::take(this.refused);
            assert!(refused, "the future was polled after it had completed");
            return Poll::Ready(M::refused(Problem::new(Code::TIMED_OUT), *this.wants));
        };
        let polled = {
            let _scope = this.deadline.map(Deadline::enter);
            future.poll(cx)
        };
        if polled.is_ready() {
            return M::passed(polled);
        }
        let Some(deadline) = *this.deadline else { return Poll::Pending };
        let left = || deadline.remaining(this.rules.clock.get().now());
        ready!(this.alarm.poll(this.timer, left, cx));
        // Here, and not with this future, which may live on: whatever the call holds is given back.
        this.future.set(None);
        this.rules.meanwhile.increment(1);
        Poll::Ready(M::refused(Problem::new(Code::TIMED_OUT), *this.wants))
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
