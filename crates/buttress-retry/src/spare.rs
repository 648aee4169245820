use std::fmt;
use std::time::Duration;

use buttress_core::clock::Timer;
use buttress_core::outcome::{Judgement, Outcome};
use bytes::Bytes;
use http::{Method, Request, Response};
use http_body::Body;
use tower_service::Service;

use crate::budget::Deposit;
use crate::counted::Counted;
use crate::future::may_want;
use crate::head::Head;
use crate::inner::Inner;
use crate::plan::{Plan, seen};
use crate::replay::Reel;
use crate::{Attempt, ReplayBody, ResponseFuture, RetryLayer};

/// What is kept of a call whose first attempt is under way, so that there can be another.
pub struct Spare<B> {
    pub(crate) head: Head,
    pub(crate) reel: Reel<B>,
    /// That it was counted just now: until it has waited, or has taken something.
    pub(crate) deposit: Option<Deposit>,
    pub(crate) is_inner: bool,
    /// Whether somebody has had to wait for it.
    pub(crate) has_waited: bool,
}

impl<B> Spare<B> {
    /// Whether such a call may be repeated.
    #[inline]
    pub(crate) fn may_be_of<T>(request: &Request<B>, inner: &Inner<T>) -> bool {
        inner.may_repeat() && request.method() != Method::CONNECT
    }

    /// Of a call that begins, which is counted.
    #[inline]
    pub(crate) fn of<T>(request: &Request<B>, inner: &Inner<T>) -> Self {
        // The head comes last, as it is large, and would be moved if anything could still go wrong.
        let Counted { is_inner, deposit } = Counted::begin(request, inner);
        let head = Head::of(request);
        Self { head, reel: Reel::Empty, deposit, is_inner, has_waited: false }
    }

    /// Somebody waits for it, so that a look at the clock delays nothing.
    #[inline]
    pub(crate) fn waits<T>(&mut self, inner: &Inner<T>) {
        if !self.has_waited {
            self.has_waited = true;
            self.deposit = None;
            inner.waits();
        }
    }
}

impl<B: Body> Spare<B> {
    /// The body for the first attempt; those of the others are made of what passes.
    #[expect(
        clippy::inline_always,
        reason = "nearly always there is none, which takes less than a call"
    )]
    #[inline(always)]
    pub(crate) fn record<T>(&mut self, body: B, inner: &Inner<T>) -> ReplayBody<B> {
        if body.is_end_stream() {
            return ReplayBody::empty();
        }
        let ends_with_its_bytes = !self.head.announces_trailers();
        let (body, reel) = Reel::record(body, &inner.room, ends_with_its_bytes);
        self.reel = reel;
        body
    }
}

/// For a service that stands for several parts at once, the retry among them, and makes the first attempt of each call
/// itself. No part of the public interface.
#[doc(hidden)]
impl<C, T> RetryLayer<C, T> {
    /// Whether a first attempt needs more than to be made: a second one beside it, or a span. Then it belongs to a
    /// [`Retry`](crate::Retry).
    #[must_use]
    pub fn attends(&self) -> bool {
        let inner = &self.shared.inner;
        inner.hedge.is_some() || inner.has_spans
    }

    /// Whether anything is ever sent twice.
    #[must_use]
    pub fn repeats(&self) -> bool {
        self.shared.inner.may_repeat()
    }

    /// A call begins: what other attempts are made of. Nothing, if it is never repeated.
    #[inline]
    #[must_use]
    pub fn keep<B>(&self, request: &mut Request<B>) -> Option<Spare<B>> {
        let inner = &self.shared.inner;
        Attempt::begin_anew(request);
        Spare::may_be_of(request, inner).then(|| Spare::of(request, inner))
    }

    /// The body for its first attempt.
    #[inline]
    pub fn record<B: Body>(&self, spare: Option<&mut Spare<B>>, body: B) -> ReplayBody<B> {
        match spare {
            None => ReplayBody::passing(body),
            Some(spare) => spare.record(body, &self.shared.inner),
        }
    }

    /// The first attempt has to be waited for.
    #[inline]
    pub fn waits<B>(&self, spare: Option<&mut Spare<B>>) {
        if let Some(spare) = spare {
            spare.waits(&self.shared.inner);
        }
    }

    /// The first attempt has come to this, by the judge that it shares with this layer: all that follows, with this
    /// instance, or nothing, if that is the answer.
    #[inline]
    pub fn rest<S, B, D>(
        &self,
        service: impl FnOnce() -> Option<S>,
        spare: &mut Option<Spare<B>>,
        judgement: Judgement,
        result: &Result<Response<D>, S::Error>,
    ) -> Option<ResponseFuture<S, B, C, T>>
    where
        S: Service<Request<ReplayBody<B>>, Response = Response<D>> + Clone,
        T: Timer,
        B: Body<Data = Bytes>,
    {
        if spare.is_none() {
            return None;
        }
        if judgement.outcome() == Outcome::Success && !may_want(&self.shared, result) {
            self.shared.inner.succeeded(None);
            return None;
        }
        let (wait, plan) = self.again(service()?, spare.take()?, judgement, result)?;
        Some(ResponseFuture::again(wait, plan, &self.shared))
    }

    #[cold]
    fn again<S, B, D>(
        &self,
        service: S,
        spare: Spare<B>,
        judgement: Judgement,
        result: &Result<Response<D>, S::Error>,
    ) -> Option<(Duration, Plan<S, B>)>
    where
        S: Service<Request<ReplayBody<B>>>,
        B: Body,
    {
        let mut plan = Plan::new(service, spare, None);
        let wait = plan.ended(&self.shared.inner, &seen(judgement, result)).ok()?;
        Some((wait, plan))
    }
}

impl<B> fmt::Debug for Spare<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spare").field("reel", &self.reel).finish_non_exhaustive()
    }
}
