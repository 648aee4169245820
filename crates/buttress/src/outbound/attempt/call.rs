use std::pin::Pin;
use std::task::{Context, Poll, ready};

use buttress_core::Problem;
use buttress_core::clock::{Alarm, TokioTimer};
use buttress_overload::bulkhead::{Permit, Waits};
use buttress_retry::ReplayBody;
use http::Request;
use http_body::Body;
use pin_project_lite::pin_project;
use tower_service::Service;

use super::Limits;
use super::admitted::Unasked;
use super::asked::Asked;

pin_project! {
    /// The call itself, with its permit and its time.
    pub(super) struct Call<S, A>
    where
        S: Service<Request<ReplayBody<A>>>,
    {
        // Until its time is over; none while it waits for a permit, and none at all if it was refused.
        #[pin]
        pub(super) future: Option<S::Future>,
        // Behind the future, so that it is given back after that is dropped.
        pub(super) permit: Option<Permit>,
        before: Option<Before<S, A>>,
        #[pin]
        alarm: Alarm<TokioTimer>,
    }
}

/// What keeps a call from being made.
pub(super) enum Before<S, A> {
    /// In a box, so that what need not wait has no room for it.
    Waits(Box<Held<S, A>>),
    Refused(Problem),
}

impl<S, A> Before<S, A> {
    #[cold]
    pub(super) fn waiting(
        wait: Pin<Box<Waits<TokioTimer>>>,
        unasked: Unasked,
        ready: S,
        request: Request<ReplayBody<A>>,
    ) -> Self {
        Self::Waits(Box::new(Held { wait, unasked, ready, request }))
    }
}

/// What waits for a permit: the instance that was polled ready, and what it is to be called with.
pub(super) struct Held<S, A> {
    wait: Pin<Box<Waits<TokioTimer>>>,
    unasked: Unasked,
    ready: S,
    request: Request<ReplayBody<A>>,
}

impl<S: Service<Request<ReplayBody<A>>>, A> Call<S, A> {
    #[inline]
    pub(super) const fn made(future: S::Future, permit: Option<Permit>) -> Self {
        Self { future: Some(future), permit, before: None, alarm: Alarm::unarmed() }
    }

    pub(super) const fn not_made(before: Before<S, A>) -> Self {
        Self { future: None, permit: None, before: Some(before), alarm: Alarm::unarmed() }
    }

    /// Makes the call that could not be made at once, and says whom it asks; else, what stands in its way: a wait, or a
    /// refusal.
    #[cold]
    #[expect(clippy::expect_used, reason = "the contract of `Future`: the caller's bug, as in std")]
    pub(super) fn begin(
        self: Pin<&mut Self>,
        asked: &mut Asked<A>,
        cx: &mut Context<'_>,
    ) -> Result<(), Poll<Problem>>
    where
        A: Body,
    {
        let mut this = self.project();
        let permit = match this.before {
            Some(Before::Waits(held)) => match held.wait.as_mut().poll(cx) {
                Poll::Ready(permit) => permit.map(Some),
                Poll::Pending => return Err(Poll::Pending),
            },
            _ => Ok(None),
        };
        let before = this.before.take().expect("the future was polled after it had completed");
        match (before, permit) {
            (Before::Refused(problem), _) | (_, Err(problem)) => Err(Poll::Ready(problem)),
            (Before::Waits(held), Ok(permit)) => {
                let Held { mut unasked, mut ready, mut request, .. } = *held;
                *asked = Asked::new(unasked.asks(), request.body_mut().watched());
                this.future.set(Some(ready.call(request)));
                *this.permit = permit;
                Ok(())
            }
        }
    }

    /// It is pending: whether its time is over, and what is said then. Only what is not ready at once has a timer.
    pub(super) fn expire(
        self: Pin<&mut Self>,
        limits: &Limits,
        cx: &mut Context<'_>,
    ) -> Poll<Problem> {
        let mut this = self.project();
        let Some(timeout) = &limits.timeout else { return Poll::Pending };
        ready!(this.alarm.poll(&TokioTimer, || timeout.time(), cx));
        // Here, and not with the future around, which may live on: whatever the call holds is given back.
        this.future.set(None);
        *this.permit = None;
        Poll::Ready(timeout.expire())
    }
}
