use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use buttress_core::Problem;
use buttress_core::clock::{Alarm, Timer};
use buttress_core::outcome::JudgedAnswer;
use buttress_core::sync::Shared;
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::ticket::{Host, Judging};
use crate::{Breaker, BreakerTicket};

pin_project! {
    /// Response future of [`CircuitBreaker`](crate::CircuitBreaker), and of [`KeyedBreaker`](crate::KeyedBreaker).
    ///
    /// To drop it says that the caller went away, as with a [`BreakerTicket`].
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<Req, S, C, M, T, H = Breaker>
    where
        S: Service<Req>,
        C: 'static,
        M: JudgedAnswer<Req, S::Response, S::Error, C, BreakerTicket<H>>,
        T: Timer,
        H: Host,
    {
        #[pin]
        state: State<S::Future, M::Wants, T, H>,
        classify: Shared<C>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F, W, T: Timer, H: Host> {
        /// The service works on it.
        Calling { #[pin] future: F, ticket: Option<BreakerTicket<H>>, #[pin] watch: Watch<T> },
        /// It never got there.
        Refused { refused: Option<(Problem, W)> },
    }
}

pin_project! {
    /// Looks after a call that waits, until it is slow.
    struct Watch<T: Timer> {
        #[pin]
        alarm: Alarm<T>,
        timer: T,
        has_rung: bool,
    }
}

impl<Req, S, C, M, T, H> ResponseFuture<Req, S, C, M, T, H>
where
    S: Service<Req>,
    M: JudgedAnswer<Req, S::Response, S::Error, C, BreakerTicket<H>>,
    T: Timer,
    H: Host,
{
    #[inline]
    pub(crate) fn calling(
        service: &mut S,
        request: Req,
        ticket: BreakerTicket<H>,
        classify: Shared<C>,
        timer: T,
    ) -> Self {
        let mut ticket = Some(ticket);
        let polling = BreakerTicket::polling(&mut ticket);
        let future = service.call(request);
        polling.done();
        let watch = Watch { alarm: Alarm::unarmed(), timer, has_rung: false };
        Self { state: State::Calling { future, ticket, watch }, classify }
    }

    pub(crate) fn refused(problem: Problem, wants: M::Wants, classify: Shared<C>) -> Self {
        Self { state: State::Refused { refused: Some((problem, wants)) }, classify }
    }
}

impl<Req, S, C, M, T, H> Future for ResponseFuture<Req, S, C, M, T, H>
where
    S: Service<Req>,
    M: JudgedAnswer<Req, S::Response, S::Error, C, BreakerTicket<H>>,
    T: Timer,
    H: Host,
{
    type Output = Result<M::Response, S::Error>;

    #[inline]
    #[expect(clippy::expect_used, reason = "the contract of `Future`: the caller's bug, as in std")]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        match this.state.project() {
            StateProj::Calling { future, ticket, watch } => {
                called::<Req, S, M, _, _, _, _>(future, ticket, watch, this.classify, cx)
            }
            StateProj::Refused { refused } => {
                let (problem, wants) =
                    refused.take().expect("the future was polled after it had completed");
                Poll::Ready(M::refused(problem, wants))
            }
        }
    }
}

/// Polls the service, and judges its answer where it is returned: to move it costs more than all the rest.
#[inline]
fn called<Req, S, M, F, C, T, H>(
    future: Pin<&mut F>,
    ticket: &mut Option<BreakerTicket<H>>,
    watch: Pin<&mut Watch<T>>,
    classify: &Shared<C>,
    cx: &mut Context<'_>,
) -> Poll<Result<M::Response, S::Error>>
where
    S: Service<Req, Future = F>,
    M: JudgedAnswer<Req, S::Response, S::Error, C, BreakerTicket<H>>,
    F: Future<Output = Result<S::Response, S::Error>>,
    T: Timer,
    H: Host,
{
    let judging = Judging { ticket };
    let answer = M::poll_judged(classify, judging.ticket, |ticket| {
        // Inside of the other guard, which finds no ticket if this one has settled it.
        let polling = BreakerTicket::polling(ticket);
        let polled = future.poll(cx);
        polling.done();
        if polled.is_pending() {
            watch.waits(ticket, cx);
            return Poll::Pending;
        }
        polled
    });
    std::mem::forget(judging);
    answer
}

impl<T: Timer> Watch<T> {
    #[inline]
    fn waits<H: Host>(
        self: Pin<&mut Self>,
        ticket: &mut Option<BreakerTicket<H>>,
        cx: &mut Context<'_>,
    ) {
        let this = self.project();
        let Some(ticket) = ticket else { return };
        ticket.waits();
        if !*this.has_rung && this.alarm.poll(this.timer, || ticket.slow(), cx).is_ready() {
            *this.has_rung = true;
            ticket.hangs();
        }
    }
}

impl<Req, S, C, M, T, H> fmt::Debug for ResponseFuture<Req, S, C, M, T, H>
where
    S: Service<Req>,
    M: JudgedAnswer<Req, S::Response, S::Error, C, BreakerTicket<H>>,
    T: Timer,
    H: Host,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = match &self.state {
            State::Calling { .. } => "calling",
            State::Refused { .. } => "refused",
        };
        f.debug_struct("ResponseFuture").field("state", &at).finish_non_exhaustive()
    }
}
