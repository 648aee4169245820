use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use buttress_core::clock::{Moment, Timer};
use buttress_core::outcome::{Classify, Judgement, Outcome};
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_service::Service;

use super::{Fare, Hedging};
use crate::ReplayBody;
use crate::future::judge;
use crate::inner::Inner;
use crate::layer::Judged;
use crate::plan::{Plan, seen};

pin_project! {
    /// What stands beside a first attempt that has to be waited for: until it is time for a hedge, and then the hedge.
    pub(crate) struct Race<S, B, Z>
    where
        S: Service<Request<ReplayBody<B>>>,
    {
        // When the first began to be waited for.
        began: Moment,
        #[pin]
        lane: Lane<S, Request<ReplayBody<B>>, S::Future, Z>,
        // What the first has come to, if it is bad.
        spare: Option<Result<S::Response, S::Error>>,
    }
}

pin_project! {
    #[project = LaneProj]
    enum Lane<S, R, F, Z> {
        /// It is not time yet.
        Waiting { #[pin] sleep: Z },
        /// The instance is asked whether it is ready.
        Readying { service: S, request: Option<R>, fare: Option<Fare> },
        /// The service works on it.
        Calling { #[pin] second: F },
        /// There is none, or none any more.
        Over,
    }
}

/// Which of the two an attempt has come to.
pub(crate) enum Raced<R> {
    First(R),
    /// The first is to be dropped, which works still.
    Second(R),
}

type Box2<S, B, Z> = Pin<Box<Race<S, B, Z>>>;
type Got<D, S, B> = Result<Response<D>, <S as Service<Request<ReplayBody<B>>>>::Error>;

/// Polls the first attempt, and whatever stands beside it.
pub(crate) fn poll_both<S, B, C, T, D>(
    hedging: &Hedging,
    shared: &Judged<C, T>,
    plan: &mut Plan<S, B>,
    race: &mut Option<Box2<S, B, T::Sleep>>,
    first: Pin<&mut S::Future>,
    cx: &mut Context<'_>,
) -> Poll<Raced<Got<D, S, B>>>
where
    S: Service<Request<ReplayBody<B>>, Response = Response<D>> + Clone,
    C: Classify<Response<D>, S::Error>,
    T: Timer,
    B: Body<Data = Bytes>,
{
    let is_over = race.as_ref().is_some_and(|race| race.spare.is_some());
    if !is_over {
        match plan.enter(|| first.poll(cx)) {
            Poll::Ready(result) => {
                if let Some(result) = first_ended(hedging, shared, plan, race, result) {
                    return Poll::Ready(Raced::First(result));
                }
            }
            Poll::Pending => first_waits(hedging, shared, plan, race),
        }
    }
    let Some(beside) = race else { return Poll::Pending };
    let second = ready!(beside.as_mut().poll_second(hedging, &shared.inner, plan, cx));
    let is_good = second.as_ref().is_some_and(|second| is_good(shared, plan, second));
    let spare = beside.as_mut().project().spare.take();
    match (second, spare) {
        (Some(second), _) if is_good => {
            let now = shared.inner.clock.now();
            hedging.learn(now - beside.began, now);
            hedging.meters.won.increment(1);
            *race = None;
            Poll::Ready(Raced::Second(second))
        }
        // The first attempt's is what came back.
        (second, Some(first)) => {
            if second.is_some() {
                hedging.meters.both_bad.increment(1);
            }
            *race = None;
            Poll::Ready(Raced::First(first))
        }
        (second, None) => {
            if second.is_some() {
                hedging.meters.lost.increment(1);
            }
            Poll::Pending
        }
    }
}

/// The first has to be waited for: from now on, if it may be hedged.
fn first_waits<S, B, C, T>(
    hedging: &Hedging,
    shared: &Judged<C, T>,
    plan: &mut Plan<S, B>,
    race: &mut Option<Box2<S, B, T::Sleep>>,
) where
    S: Service<Request<ReplayBody<B>>>,
    T: Timer,
    B: Body,
{
    plan.waits(&shared.inner);
    if race.is_none() && plan.may_hedge(&shared.inner) {
        let now = shared.inner.clock.now();
        let sleep = shared.inner.timer.sleep(hedging.delay(now));
        let lane = Lane::Waiting { sleep };
        *race = Some(Box::pin(Race { began: now, lane, spare: None }));
    }
}

/// The first has come to this; it is given back if that is what the attempt has come to.
fn first_ended<S, B, C, T, D>(
    hedging: &Hedging,
    shared: &Judged<C, T>,
    plan: &Plan<S, B>,
    race: &mut Option<Box2<S, B, T::Sleep>>,
    result: Got<D, S, B>,
) -> Option<Got<D, S, B>>
where
    S: Service<Request<ReplayBody<B>>, Response = Response<D>>,
    C: Classify<Response<D>, S::Error>,
    T: Timer,
    B: Body,
{
    let Some(beside) = race else { return Some(result) };
    let (is_good, is_sent) = (is_good(shared, plan, &result), beside.is_sent());
    if is_good {
        let now = shared.inner.clock.now();
        hedging.learn(now - beside.began, now);
        if is_sent {
            hedging.meters.lost.increment(1);
        }
    } else if is_sent {
        *beside.as_mut().project().spare = Some(result);
        return None;
    }
    // What was not sent is not sent any more: a bad answer must not speed us up.
    *race = None;
    Some(result)
}

/// Whether it may win: a success for the dependency and for the caller.
fn is_good<S, B, C, T, D>(shared: &Judged<C, T>, plan: &Plan<S, B>, result: &Got<D, S, B>) -> bool
where
    S: Service<Request<ReplayBody<B>>, Response = Response<D>>,
    C: Classify<Response<D>, S::Error>,
    B: Body,
{
    let judgement: Judgement = judge(&shared.classify, result);
    judgement.outcome() == Outcome::Success
        && !plan.is_wanted(&shared.inner, &seen(judgement, result))
}

impl<S, B, Z> Race<S, B, Z>
where
    S: Service<Request<ReplayBody<B>>>,
{
    fn is_sent(&self) -> bool {
        matches!(self.lane, Lane::Calling { .. })
    }
}

impl<S, B, Z> Race<S, B, Z>
where
    S: Service<Request<ReplayBody<B>>> + Clone,
    Z: Future<Output = ()>,
    B: Body,
{
    /// What the hedge has come to; nothing, once there is none.
    fn poll_second<T>(
        self: Pin<&mut Self>,
        hedging: &Hedging,
        inner: &Inner<T>,
        plan: &mut Plan<S, B>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<S::Response, S::Error>>> {
        let mut lane = self.project().lane;
        loop {
            let next = match lane.as_mut().project() {
                LaneProj::Waiting { sleep } => {
                    ready!(sleep.poll(cx));
                    match plan.beside(inner, hedging) {
                        Some((service, request, fare)) => {
                            Lane::Readying { service, request: Some(request), fare: Some(fare) }
                        }
                        None => Lane::Over,
                    }
                }
                LaneProj::Readying { service, request, fare } => {
                    let is_ready = ready!(service.poll_ready(cx)).is_ok();
                    match (mem::take(request), fare.take()) {
                        (Some(request), Some(fare)) if is_ready => {
                            fare.spend();
                            plan.hedged(inner);
                            Lane::Calling { second: service.call(request) }
                        }
                        _ => Lane::Over,
                    }
                }
                LaneProj::Calling { second } => {
                    let result = ready!(second.poll(cx));
                    lane.set(Lane::Over);
                    return Poll::Ready(Some(result));
                }
                LaneProj::Over => return Poll::Ready(None),
            };
            lane.set(next);
        }
    }
}
