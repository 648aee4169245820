use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use buttress_core::Deadline;
use buttress_core::clock::{Moment, Timer};
use buttress_core::outcome::{Classify, Outcome};
use pin_project_lite::pin_project;

use super::Hedging;
use super::race::{Boxed, Racing};
use crate::budget::Deposit;
use crate::decide::Course;
use crate::inner::Inner;
use crate::plan::{AttemptSpan, entered, judge, span};
use crate::{Attempt, Cost};

/// Two attempts of any call.
pub(crate) struct Runs<'a, F, Fut, C, T> {
    pub(crate) inner: &'a Inner<T>,
    pub(crate) call: &'a mut Call<F>,
    pub(crate) course: &'a mut Course,
    pub(crate) classify: &'a C,
    pub(crate) span: &'a AttemptSpan,
    pub(crate) first: Pin<&'a mut Fut>,
}

/// What a run calls, and what is known of that.
pub(crate) struct Call<F> {
    pub(crate) work: F,
    /// That it was counted just now: until it has waited, or has taken something.
    pub(crate) deposit: Option<Deposit>,
    /// Whether it is made for a request that is itself the repeat of an outer one.
    pub(crate) is_inner: bool,
    pub(crate) has_waited: bool,
    pub(crate) has_hedged: bool,
}

pin_project! {
    /// Where the second attempt of a run stands.
    #[project = LaneProj]
    pub(crate) enum Lane<Fut, Z> {
        /// It is not time yet.
        Waiting { #[pin] sleep: Z },
        /// It is under way.
        Working { #[pin] second: Fut, span: AttemptSpan },
        /// There is none, or none any more.
        Over,
    }
}

/// What stands beside a run.
pub(crate) type RunRace<Fut, Z> = Boxed<Lane<Fut, Z>, <Fut as Future>::Output>;

impl<F> Call<F> {
    /// One that has not begun.
    pub(crate) const fn new(work: F) -> Self {
        Self { work, deposit: None, is_inner: false, has_waited: false, has_hedged: false }
    }

    /// It has to be waited for.
    pub(crate) fn waits<T>(&mut self, inner: &Inner<T>) {
        if !std::mem::replace(&mut self.has_waited, true) {
            self.deposit = None;
            inner.waits();
        }
    }
}

impl<F, Fut, C, T, R, E> Racing for Runs<'_, F, Fut, C, T>
where
    F: FnMut(Attempt) -> Fut,
    Fut: Future<Output = Result<R, E>>,
    C: Classify<R, E>,
    T: Timer,
{
    type Lane = Lane<Fut, T::Sleep>;
    type Answer = Result<R, E>;

    fn now(&self) -> Moment {
        self.inner.clock.now()
    }

    fn poll_first(&mut self, cx: &mut Context<'_>) -> Poll<Self::Answer> {
        entered(self.span, || self.first.as_mut().poll(cx))
    }

    fn begin(&mut self, hedging: &Hedging) -> Option<Self::Lane> {
        self.call.waits(self.inner);
        let time = || hedging.delay(self.inner.clock.now());
        let may_hedge = !self.call.has_hedged && !self.call.is_inner;
        may_hedge.then(|| Lane::Waiting { sleep: self.inner.timer.sleep(time()) })
    }

    fn is_sent(lane: &Self::Lane) -> bool {
        matches!(lane, Lane::Working { .. })
    }

    fn poll_second(
        &mut self,
        mut lane: Pin<&mut Self::Lane>,
        hedging: &Hedging,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Self::Answer>> {
        loop {
            let next = match lane.as_mut().project() {
                LaneProj::Waiting { sleep } => {
                    ready!(sleep.poll(cx));
                    let second = self.second(hedging);
                    second.map_or(Lane::Over, |(second, span)| Lane::Working { second, span })
                }
                LaneProj::Working { second, span } => {
                    let answer = ready!(entered(span, || second.poll(cx)));
                    lane.set(Lane::Over);
                    return Poll::Ready(Some(answer));
                }
                LaneProj::Over => return Poll::Ready(None),
            };
            lane.set(next);
        }
    }

    fn is_good(&self, answer: &Self::Answer) -> bool {
        judge(self.classify, answer).outcome() == Outcome::Success
    }
}

impl<F, Fut, C, T> Runs<'_, F, Fut, C, T>
where
    F: FnMut(Attempt) -> Fut,
{
    /// It is time for a second attempt, if the deadline leaves as much time again, and somebody pays.
    #[cold]
    fn second(&mut self, hedging: &Hedging) -> Option<(Fut, AttemptSpan)> {
        let (inner, call) = (self.inner, &mut *self.call);
        let now = inner.clock.now();
        let delay = hedging.delay(now);
        if Deadline::current().is_some_and(|deadline| deadline.remaining(now) <= delay) {
            return None;
        }
        hedging.pay(&inner.budget, now)?.spend();
        call.has_hedged = true;
        self.course.hedged();
        inner.meters.began(self.course.attempt);
        inner.meters.repeated(Some(Cost::Hedge));
        let span = span(inner, self.course.attempt);
        let second = entered(&span, || (call.work)(self.course.attempt));
        Some((second, span))
    }
}
