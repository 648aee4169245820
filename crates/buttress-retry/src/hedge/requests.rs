use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use buttress_core::clock::{Moment, Timer};
use buttress_core::outcome::{Classify, Outcome};
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_service::Service;

use super::race::{Boxed, Racing};
use super::{Fare, Hedging};
use crate::ReplayBody;
use crate::layer::Judged;
use crate::plan::{AttemptSpan, Plan, entered, judge, seen, span};

/// Two attempts of a request.
pub(crate) struct Requests<'a, S, B, C, T>
where
    S: Service<Request<ReplayBody<B>>>,
{
    pub(crate) shared: &'a Judged<C, T>,
    pub(crate) plan: &'a mut Plan<S, B>,
    pub(crate) first: Pin<&'a mut S::Future>,
}

pin_project! {
    /// Where the second attempt of a request stands.
    #[project = LaneProj]
    pub(crate) enum Lane<S, R, F, Z> {
        /// It is not time yet.
        Waiting { #[pin] sleep: Z },
        /// The instance is asked whether it is ready.
        Readying { service: S, request: Option<R>, fare: Option<Fare> },
        /// The service works on it.
        Calling { #[pin] second: F, span: AttemptSpan },
        /// There is none, or none any more.
        Over,
    }
}

type LaneOf<S, B, Z> =
    Lane<S, Request<ReplayBody<B>>, <S as Service<Request<ReplayBody<B>>>>::Future, Z>;
type AnswerOf<S, B> = Result<
    <S as Service<Request<ReplayBody<B>>>>::Response,
    <S as Service<Request<ReplayBody<B>>>>::Error,
>;

/// What stands beside a request.
pub(crate) type RequestRace<S, B, Z> = Boxed<LaneOf<S, B, Z>, AnswerOf<S, B>>;

impl<S, B, C, T, D> Racing for Requests<'_, S, B, C, T>
where
    S: Service<Request<ReplayBody<B>>, Response = Response<D>> + Clone,
    C: Classify<Response<D>, S::Error>,
    T: Timer,
    B: Body<Data = Bytes>,
{
    type Lane = LaneOf<S, B, T::Sleep>;
    type Answer = AnswerOf<S, B>;

    fn now(&self) -> Moment {
        self.shared.inner.clock.now()
    }

    fn poll_first(&mut self, cx: &mut Context<'_>) -> Poll<Self::Answer> {
        self.plan.enter(|| self.first.as_mut().poll(cx))
    }

    fn begin(&mut self, hedging: &Hedging) -> Option<Self::Lane> {
        let inner = &self.shared.inner;
        self.plan.waits(inner);
        let time = || hedging.delay(inner.clock.now());
        self.plan.may_hedge(inner).then(|| Lane::Waiting { sleep: inner.timer.sleep(time()) })
    }

    fn is_sent(lane: &Self::Lane) -> bool {
        matches!(lane, Lane::Calling { .. })
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
                    self.second(hedging)
                }
                LaneProj::Readying { service, request, fare } => {
                    let is_ready = ready!(service.poll_ready(cx)).is_ok();
                    let paid = request.take().zip(fare.take()).filter(|_| is_ready);
                    paid.map_or(Lane::Over, |(request, fare)| self.send(service, request, fare))
                }
                LaneProj::Calling { second, span } => {
                    let answer = ready!(entered(span, || second.poll(cx)));
                    lane.set(Lane::Over);
                    return Poll::Ready(Some(answer));
                }
                LaneProj::Over => return Poll::Ready(None),
            };
            lane.set(next);
        }
    }

    /// A success for the dependency and for the caller.
    fn is_good(&self, answer: &Self::Answer) -> bool {
        let judgement = judge(&self.shared.classify, answer);
        judgement.outcome() == Outcome::Success
            && !self.plan.is_wanted(&self.shared.inner, &seen(judgement, answer))
    }
}

impl<S, B, C, T> Requests<'_, S, B, C, T>
where
    S: Service<Request<ReplayBody<B>>> + Clone,
    T: Timer,
    B: Body,
{
    /// It is time for a second attempt, if it may be made.
    fn second(&self, hedging: &Hedging) -> LaneOf<S, B, T::Sleep> {
        let beside = self.plan.beside(&self.shared.inner, hedging);
        beside.map_or(Lane::Over, |(service, request, fare)| {
            let (request, fare) = (Some(request), Some(fare));
            Lane::Readying { service, request, fare }
        })
    }

    /// Makes it, with an instance that is ready.
    fn send(
        &mut self,
        service: &mut S,
        request: Request<ReplayBody<B>>,
        fare: Fare,
    ) -> LaneOf<S, B, T::Sleep> {
        let inner = &self.shared.inner;
        fare.spend();
        self.plan.hedged(inner);
        let span = span(inner, self.plan.course.attempt);
        let second = entered(&span, || service.call(request));
        Lane::Calling { second, span }
    }
}
