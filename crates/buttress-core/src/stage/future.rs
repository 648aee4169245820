use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::layer::BodyMode;
use super::never::once;
use super::panic::{caught, caught_poll};
use super::state::{State, StateProj};
use super::{Decision, Stage, Waited};
use crate::render;
use crate::sync::Shared;

pin_project! {
    /// Response future of [`Staged`](super::Staged).
    ///
    /// Dropping it at any point gives back what the stages had taken, and the instance of the service that
    /// waited with it.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<T, S, B, M>
    where
        T: Stage,
        S: Service<Request<B>>,
    {
        stage: Shared<T>,
        catch: bool,
        #[pin]
        state: StateOf<T, S, B>,
        mode: PhantomData<fn() -> M>,
    }
}

type StateOf<T, S, B> = State<
    <S as Service<Request<B>>>::Future,
    (S, Request<B>),
    <T as Stage>::Memo,
    <T as Stage>::Wait,
>;

impl<T, S, B, M> ResponseFuture<T, S, B, M>
where
    T: Stage,
    S: Service<Request<B>>,
{
    #[inline]
    pub(super) fn new(shared: Shared<T>, catch: bool, state: StateOf<T, S, B>) -> Self {
        Self { stage: shared, catch, state, mode: PhantomData }
    }
}

impl<T, S, B, M, ResBody> Future for ResponseFuture<T, S, B, M>
where
    T: Stage,
    S: Service<Request<B>, Response = Response<ResBody>>,
    M: BodyMode<ResBody>,
{
    type Output = Result<Response<M::Body>, S::Error>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let entered = &**this.stage;
        let catch = *this.catch;
        if !catch && let StateProj::Calling { memo, future } = this.state.as_mut().project() {
            return undisturbed::<T, M, _, _, _>(entered, memo, future, cx);
        }
        loop {
            let next = match this.state.as_mut().project() {
                StateProj::Calling { memo, future } => {
                    let mut panic = None;
                    let polled = caught_poll(catch, &mut panic, || future.poll(cx));
                    match panic {
                        None => {
                            let result = ready!(polled);
                            return Poll::Ready(finished::<T, M, _, _>(
                                entered, catch, memo, result,
                            ));
                        }
                        Some(problem) => State::broken(problem, memo.take()),
                    }
                }
                StateProj::Early { early } => {
                    let (early, memo) = once(early);
                    let rendered = caught(catch, || early.into_response());
                    let response = rendered.unwrap_or_else(|problem| render::plainly(&problem));
                    let mut response = response.map(M::Body::from);
                    left(entered, catch, memo, &mut response);
                    return Poll::Ready(Ok(response));
                }
                StateProj::Waiting { held, wait } => match caught(catch, || wait.poll(cx)) {
                    Ok(polled) => {
                        let waited = ready!(polled);
                        resumed(entered, catch, once(held), waited)
                    }
                    Err(problem) => State::refuse(problem, None, &once(held).1),
                },
            };
            this.state.set(next);
        }
    }
}

/// Polls the service where nobody catches its panics, and lets the response leave from where it is returned: to
/// move it costs more than all the rest. So this is a way of its own; what can catch a panic has to move it.
#[expect(clippy::inline_always, reason = "a call would move the response")]
#[inline(always)]
fn undisturbed<T, M, F, B, E>(
    stage: &T,
    memo: &mut Option<T::Memo>,
    future: Pin<&mut F>,
    cx: &mut Context<'_>,
) -> Poll<Result<Response<M::Body>, E>>
where
    T: Stage,
    F: Future<Output = Result<Response<B>, E>>,
    M: BodyMode<B>,
{
    let mut polled = M::wrap_polled(future.poll(cx));
    if let Poll::Ready(result) = &mut polled
        && let Some(memo) = memo.take()
    {
        match result {
            Ok(response) => stage.leave(memo, response),
            Err(_) => stage.failed(memo),
        }
    }
    polled
}

/// What the service gave, on its way out.
#[inline]
fn finished<T, M, B, E>(
    stage: &T,
    catch: bool,
    memo: &mut Option<T::Memo>,
    result: Result<Response<B>, E>,
) -> Result<Response<M::Body>, E>
where
    T: Stage,
    M: BodyMode<B>,
{
    match result {
        Ok(response) => {
            let mut response = response.map(M::wrap);
            left(stage, catch, memo.take(), &mut response);
            Ok(response)
        }
        Err(error) => {
            // The error goes on, whatever a stage has to say to it.
            drop(caught(catch, || stage.failed(once(memo))));
            Err(error)
        }
    }
}

/// Asks the stage again, once it has what it waited for.
fn resumed<T, S, B>(
    stage: &T,
    catch: bool,
    mut held: Box<(S, Request<B>)>,
    waited: Waited<T>,
) -> StateOf<T, S, B>
where
    T: Stage,
    S: Service<Request<B>>,
{
    let decision = caught(catch, || stage.resume(waited, &mut held.1));
    match decision.unwrap_or_else(|problem| Decision::Refuse(problem, None)) {
        Decision::Pass(memo) => {
            let (mut inner, request) = *held;
            State::call(memo, catch, &mut inner, request)
        }
        Decision::Answer(answer, memo) => State::answer(answer, memo, &held.1),
        Decision::Refuse(problem, memo) => State::refuse(problem, memo, &held.1),
        Decision::Wait(wait) => State::wait(wait, held),
    }
}

/// Lets the response leave through the stages that its request has entered. Where it stands: to move it costs
/// more than all the rest.
#[inline]
fn left<T, R>(stage: &T, catch: bool, memo: Option<T::Memo>, response: &mut Response<R>)
where
    T: Stage,
    R: From<Bytes>,
{
    let Some(memo) = memo else { return };
    if !catch {
        return stage.leave(memo, response);
    }
    if let Err(problem) = caught(true, || stage.leave(memo, &mut *response)) {
        *response = problem.render(None).map(R::from);
    }
}

impl<T, S, B, M> fmt::Debug for ResponseFuture<T, S, B, M>
where
    T: Stage,
    S: Service<Request<B>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = match &self.state {
            State::Calling { .. } => "calling",
            State::Early { .. } => "early",
            State::Waiting { .. } => "waiting",
        };
        f.debug_struct("ResponseFuture").field("state", &at).finish_non_exhaustive()
    }
}
