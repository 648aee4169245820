use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use buttress_core::Deadline;
use buttress_core::clock::Timer;
use buttress_core::outcome::{Classify, Judgement, Outcome};
use buttress_core::sync::Shared;
use pin_project_lite::pin_project;

use crate::Attempt;
use crate::decide::{Course, Ended, Why};
use crate::hedge::{Call, Racing, RunRace, Runs, poll_both};
use crate::inner::{Inner, Next};
use crate::plan::{AttemptSpan, entered, judge, span};
use crate::when::Safety;

pin_project! {
    /// The run of a call and its repeats. Made by [`RetryPolicy::run`](crate::RetryPolicy::run).
    #[must_use = "futures do nothing unless polled"]
    pub struct Run<F, Fut, C, T>
    where
        Fut: Future,
        T: Timer,
    {
        #[pin]
        state: State<Fut, T::Sleep>,
        // In a box, so that what is ready at once has no room for it.
        race: RunRace<Fut, T::Sleep>,
        course: Course,
        call: Call<F>,
        span: AttemptSpan,
        next: Option<Next>,
        classify: C,
        inner: Shared<Inner<T>>,
    }
}

pin_project! {
    /// Where a run stands.
    #[project = StateProj]
    enum State<Fut, Z> {
        /// An attempt is to be begun.
        Beginning,
        /// One is under way.
        Working { #[pin] future: Fut },
        /// The next one has to wait.
        Sleeping { #[pin] sleep: Z },
        /// The second attempt has won.
        Done,
    }
}

impl<F, Fut: Future, C, T: Timer> Run<F, Fut, C, T> {
    pub(crate) const fn new(inner: Shared<Inner<T>>, classify: C, work: F) -> Self {
        Self {
            state: State::Beginning,
            race: None,
            course: Course::new(),
            call: Call::new(work),
            span: None,
            next: None,
            classify,
            inner,
        }
    }
}

impl<F, Fut, C, T, R, E> Future for Run<F, Fut, C, T>
where
    F: FnMut(Attempt) -> Fut,
    Fut: Future<Output = Result<R, E>>,
    C: Classify<R, E>,
    T: Timer,
{
    type Output = Result<R, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            ready!(self.as_mut().begun(cx));
            let polled = self.as_mut().attempted(cx);
            let Some(pause) = self.as_mut().pause_after(&polled) else { return polled };
            // What came back is dropped here, and not after the pause: it may hold a connection.
            drop(polled);
            let after = after(pause, &self.inner);
            self.as_mut().project().state.set(after);
        }
    }
}

impl<F, Fut, C, T, R, E> Run<F, Fut, C, T>
where
    F: FnMut(Attempt) -> Fut,
    Fut: Future<Output = Result<R, E>>,
    C: Classify<R, E>,
    T: Timer,
{
    /// Waits until there is an attempt under way.
    fn begun(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        match this.state.as_mut().project() {
            StateProj::Working { .. } => return Poll::Ready(()),
            StateProj::Sleeping { sleep } => {
                ready!(sleep.poll(cx));
                // If the work panics, its pause is not slept through again.
                this.state.set(State::Beginning);
            }
            StateProj::Beginning => {}
            StateProj::Done => unreachable!("the future was polled after it had completed"),
        }
        let inner = &**this.inner;
        begin(inner, this.call, this.course, this.next.take());
        let attempt = this.course.attempt;
        // To write that there is none would ask first what was there.
        if inner.has_spans {
            *this.span = span(inner, attempt);
        }
        let future = entered(this.span, || (this.call.work)(attempt));
        this.state.set(State::Working { future });
        Poll::Ready(())
    }

    /// Polls the attempt, and what stands beside it.
    fn attempted(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<R, E>> {
        let mut this = self.project();
        let StateProj::Working { future } = this.state.as_mut().project() else {
            return Poll::Pending;
        };
        let (inner, span, classify) = (&**this.inner, &*this.span, &*this.classify);
        let (call, course) = (&mut *this.call, &mut *this.course);
        let mut racing = Runs { inner, call, course, classify, span, first: future };
        let Some(hedging) = &inner.hedge else { return racing.poll_first(cx) };
        let raced = poll_both(hedging, &mut racing, this.race, cx);
        raced.map(|raced| raced.answer_after(|| this.state.set(State::Done)))
    }

    /// How long to wait before the next attempt, once this one has come to that; nothing if there is none, or not yet.
    fn pause_after(self: Pin<&mut Self>, polled: &Poll<Result<R, E>>) -> Option<Duration> {
        let this = self.project();
        let Poll::Ready(result) = polled else {
            this.call.waits(this.inner);
            return None;
        };
        let judgement = judge(this.classify, result);
        let next = ended(this.inner, judgement, this.course, this.call).ok()?;
        // The pause is no part of it.
        *this.span = None;
        Some(this.next.insert(next).wait)
    }
}

/// Counts the call, or pays for its repeat.
fn begin<F, T>(inner: &Inner<T>, call: &mut Call<F>, course: &Course, next: Option<Next>) {
    if let Some(next) = next {
        next.send(inner, course);
        return;
    }
    call.is_inner = Inner::<T>::is_inner(None);
    call.deposit = inner.begin(call.is_inner);
    inner.count_for_hedges(call.is_inner);
}

fn after<Fut, T: Timer>(pause: Duration, inner: &Inner<T>) -> State<Fut, T::Sleep> {
    match pause {
        Duration::ZERO => State::Beginning,
        pause => State::Sleeping { sleep: inner.timer.sleep(pause) },
    }
}

/// What is to be done after an attempt that ended like this.
fn ended<F, T>(
    inner: &Inner<T>,
    judgement: Judgement,
    course: &mut Course,
    call: &mut Call<F>,
) -> Result<Next, Why> {
    if judgement.outcome() == Outcome::Success {
        inner.succeeded(course.cost);
        return Err(Why::Outcome);
    }
    let is_failed =
        matches!(judgement.outcome(), Outcome::Failure | Outcome::Throttled | Outcome::Rejected);
    let ended = Ended {
        judgement,
        is_wanted: is_failed || judgement.is_unprocessed(),
        safety: Safety::Repeatable,
        is_grpc: false,
        is_inner: call.is_inner,
        body: Ok(()),
        deadline: Deadline::current(),
    };
    let decided = inner.decide(&ended, course, call.deposit.take());
    inner.tell(decided.as_ref().map_err(|why| *why), course, None);
    decided
}

impl<F, Fut: Future, C, T: Timer> fmt::Debug for Run<F, Fut, C, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = match &self.state {
            State::Beginning => "beginning",
            State::Working { .. } => "working",
            State::Sleeping { .. } => "sleeping",
            State::Done => "done",
        };
        f.debug_struct("Run").field("state", &at).finish_non_exhaustive()
    }
}
