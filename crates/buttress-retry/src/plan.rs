use std::task::{Context, Poll, ready};
use std::time::Duration;

use buttress_core::outcome::{Classify, Judgement, Outcome};
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;
use tracing::Span;

use crate::Attempt;
use crate::budget::Cost;
use crate::decide::{Course, Ended, Why};
use crate::hedge::{Fare, Hedging};
use crate::inner::{Inner, Next};
use crate::replay::ReplayBody;
use crate::sent::{Seen, Sent};
use crate::spare::Spare;
use crate::when::Safety;

/// What is kept of a call, so that there can be another attempt.
pub(crate) struct Plan<S, B> {
    /// The instance that was polled ready. It made the first call, and is asked again for the next.
    pub(crate) service: S,
    pub(crate) spare: Spare<B>,
    pub(crate) course: Course,
    pub(crate) has_hedged: bool,
    /// That of the attempt, if there are any.
    pub(crate) span: AttemptSpan,
    /// What was decided, until it is sent.
    pub(crate) next: Option<Box<(Next, ReplayBody<B>)>>,
}

impl<S, B> Plan<S, B> {
    /// Of a call whose first attempt was made.
    #[expect(
        clippy::inline_always,
        reason = "a call would move it, which costs more than to make it"
    )]
    #[inline(always)]
    pub(crate) const fn new(service: S, spare: Spare<B>, span: AttemptSpan) -> Self {
        Self { service, spare, course: Course::new(), has_hedged: false, span, next: None }
    }
}

impl<S, B: Body> Plan<S, B> {
    /// An attempt ended like this: how long to wait before the next one, or why there is none.
    #[cold]
    pub(crate) fn ended<T>(&mut self, inner: &Inner<T>, seen: &Seen) -> Result<Duration, Why> {
        let ended = self.look(inner, seen);
        if !ended.is_wanted && seen.outcome() == Outcome::Success {
            inner.succeeded(self.course.cost);
            return Err(Why::Outcome);
        }
        let mut decided = inner.decide(&ended, &mut self.course, self.spare.deposit.take());
        let body = match &decided {
            // From now on nobody else may begin to read it.
            Ok(_) => self.spare.reel.again(self.course.attempt.number()).ok(),
            Err(_) => None,
        };
        if body.is_none() && decided.is_ok() {
            decided = Err(Why::BodyInFlight);
        }
        inner.tell(decided.as_ref().map_err(|why| *why), &self.course, self.spare.head.context());
        let next = decided?;
        // The pause is no part of it.
        self.span = None;
        let wait = next.wait;
        self.next = body.map(|body| Box::new((next, body)));
        Ok(wait)
    }

    /// What there is to know of the end of an attempt, before anybody decides.
    fn look<T>(&self, inner: &Inner<T>, seen: &Seen) -> Ended {
        let sent = Sent::new(&self.spare.head);
        let safety = inner.when.safety(&self.spare.head);
        Ended {
            judgement: seen.judgement(),
            is_wanted: inner.when.is_wanted(sent, seen, self.course.attempt),
            safety,
            is_grpc: self.spare.head.is_grpc(),
            is_inner: self.spare.is_inner,
            body: self.spare.reel.look(seen.judgement().is_unprocessed()),
            deadline: self.spare.head.deadline(&*inner.clock),
        }
    }

    /// The next attempt, as it was decided, once the instance is ready again.
    #[expect(
        clippy::expect_used,
        reason = "it is asked after a pause, which is there where one was decided"
    )]
    pub(crate) fn poll_next<T>(
        &mut self,
        inner: &Inner<T>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<S::Future, S::Error>>
    where
        S: Service<Request<ReplayBody<B>>>,
    {
        ready!(self.service.poll_ready(cx))?;
        let (next, body) = *self.next.take().expect("there is a pause only before an attempt");
        next.send(inner, &self.course);
        self.span = span(inner, self.course.attempt);
        let request = self.request(self.course.attempt, body, inner);
        Poll::Ready(Ok(entered(&self.span, || self.service.call(request))))
    }

    /// Whether a second attempt may be made beside this one, as far as can be said before it is time.
    pub(crate) fn may_hedge<T>(&self, inner: &Inner<T>) -> bool {
        !self.has_hedged
            && !self.spare.is_inner
            && inner.when.safety(&self.spare.head) == Safety::Repeatable
    }

    /// It is time for a second attempt beside this one: with which instance, what, and paid for how. Nothing, if its
    /// body is still being sent, if the deadline does not leave as much time again, or if nobody pays.
    #[cold]
    pub(crate) fn beside<T>(
        &self,
        inner: &Inner<T>,
        hedging: &Hedging,
    ) -> Option<(S, Request<ReplayBody<B>>, Fare)>
    where
        S: Clone,
    {
        let now = inner.clock.now();
        let deadline = self.spare.head.deadline(&*inner.clock);
        let leaves_time =
            deadline.is_none_or(|deadline| deadline.remaining(now) > hedging.delay(now));
        if !leaves_time || !self.spare.reel.is_whole() {
            return None;
        }
        let attempt = self.course.attempt.next();
        let body = self.spare.reel.again(attempt.number()).ok()?;
        let fare = hedging.pay(&inner.budget, now)?;
        Some((self.service.clone(), self.request(attempt, body, inner), fare))
    }

    /// It is on its way.
    pub(crate) fn hedged<T>(&mut self, inner: &Inner<T>) {
        self.has_hedged = true;
        self.course.hedged();
        inner.meters.began(self.course.attempt);
        inner.meters.repeated(Some(Cost::Hedge));
    }

    /// Whether this is an end after which one tries again.
    pub(crate) fn is_wanted<T>(&self, inner: &Inner<T>, seen: &Seen) -> bool {
        inner.when.is_wanted(Sent::new(&self.spare.head), seen, self.course.attempt)
    }

    /// The request once more, with what says that it is a repeat.
    fn request<T>(
        &self,
        attempt: Attempt,
        body: ReplayBody<B>,
        inner: &Inner<T>,
    ) -> Request<ReplayBody<B>> {
        let mut request = self.spare.head.request(body);
        request.extensions_mut().insert(attempt);
        if let Some(repeats) = &inner.repeats {
            let before = repeats.read(&request);
            repeats.write(before.saturating_add(attempt.repeats()), &mut request);
        }
        if let Some(deadline) = self.spare.head.deadline(&*inner.clock) {
            inner.wire.refresh(deadline, &mut request, inner.clock.now());
        }
        request
    }

    /// Runs what belongs to the attempt.
    #[inline]
    pub(crate) fn enter<R>(&self, work: impl FnOnce() -> R) -> R {
        entered(&self.span, work)
    }

    /// Somebody waits for it, so that a look at the clock delays nothing.
    #[inline]
    pub(crate) fn waits<T>(&mut self, inner: &Inner<T>) {
        self.spare.waits(inner);
    }
}

/// That of an attempt, if there are any.
pub(crate) type AttemptSpan = Option<Box<Span>>;

#[expect(
    clippy::inline_always,
    reason = "there hardly ever is one, and a call would write that down"
)]
#[inline(always)]
pub(crate) fn span<T>(inner: &Inner<T>, attempt: Attempt) -> AttemptSpan {
    if inner.has_spans { Some(Box::new(opened(&inner.name, attempt))) } else { None }
}

#[cold]
fn opened(outbound: &str, attempt: Attempt) -> Span {
    tracing::debug_span!("attempt", outbound, attempt = attempt.number())
}

/// Runs it inside the span, if there is one.
#[inline]
pub(crate) fn entered<R>(span: &AttemptSpan, work: impl FnOnce() -> R) -> R {
    match span {
        None => work(),
        Some(span) => span.in_scope(work),
    }
}

/// How a call ended, as far as its head says. A retry commits itself there: what fails later has reached the caller.
#[inline]
pub(crate) fn judge<C: Classify<R, E>, R, E>(classify: &C, result: &Result<R, E>) -> Judgement {
    match result {
        Ok(response) => classify.response(response).by_the_head(),
        Err(error) => classify.error(error),
    }
}

/// What came back, in short.
pub(crate) fn seen<B, E>(judgement: Judgement, result: &Result<Response<B>, E>) -> Seen {
    match result {
        Ok(response) => Seen::answer(judgement, response),
        Err(_) => Seen::error(judgement),
    }
}
