use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::entered::{Entered, Held};
use super::layer::BodyMode;
use super::never::once;
use super::panic::{caught, caught_poll};
use super::state::{State, StateProj};
use super::{Decision, Stage, Waited};
use crate::render;

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
        catch: bool,
        #[pin]
        state: StateOf<T, S, B>,
        mode: PhantomData<fn() -> M>,
    }
}

type StateOf<T, S, B> =
    State<<S as Service<Request<B>>>::Future, Held<T, S, B>, Entered<T>, <T as Stage>::Wait>;

impl<T, S, B, M> ResponseFuture<T, S, B, M>
where
    T: Stage,
    S: Service<Request<B>>,
{
    #[inline]
    pub(super) fn new(catch: bool, state: StateOf<T, S, B>) -> Self {
        Self { catch, state, mode: PhantomData }
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
        let catch = *this.catch;
        if !catch && let StateProj::Calling { entered, future } = this.state.as_mut().project() {
            return undisturbed::<T, M, _, _, _>(entered, future, cx);
        }
        loop {
            let next = match this.state.as_mut().project() {
                StateProj::Calling { entered, future } => {
                    let mut panic = None;
                    let polled = caught_poll(catch, &mut panic, || future.poll(cx));
                    match panic {
                        None => {
                            let result = ready!(polled);
                            return Poll::Ready(finished::<T, M, _, _>(catch, entered, result));
                        }
                        Some(problem) => State::broken(problem, entered.take()),
                    }
                }
                StateProj::Early { early } => {
                    let (early, entered) = once(early);
                    let rendered = caught(catch, || early.into_response());
                    let response = rendered.unwrap_or_else(|problem| render::plainly(&problem));
                    let mut response = response.map(M::Body::from);
                    left(catch, entered, &mut response);
                    return Poll::Ready(Ok(response));
                }
                StateProj::Waiting { held, wait } => match caught(catch, || wait.poll(cx)) {
                    Ok(polled) => {
                        let waited = ready!(polled);
                        resumed(catch, once(held), waited)
                    }
                    Err(problem) => State::refuse(problem, None, &once(held).request),
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
    entered: &mut Option<Entered<T>>,
    future: Pin<&mut F>,
    cx: &mut Context<'_>,
) -> Poll<Result<Response<M::Body>, E>>
where
    T: Stage,
    F: Future<Output = Result<Response<B>, E>>,
    M: BodyMode<B>,
{
    // Not written down below, where a stage may look at it: so a response that no stage waits for is moved once less.
    if entered.is_none() {
        return M::wrap_polled(future.poll(cx));
    }
    let mut polled = M::wrap_polled(future.poll(cx));
    if let Poll::Ready(result) = &mut polled
        && let Some(entered) = entered.take()
    {
        match result {
            Ok(response) => entered.leave(response),
            Err(_) => entered.failed(),
        }
    }
    polled
}

/// What the service gave, on its way out.
#[inline]
fn finished<T, M, B, E>(
    catch: bool,
    entered: &mut Option<Entered<T>>,
    result: Result<Response<B>, E>,
) -> Result<Response<M::Body>, E>
where
    T: Stage,
    M: BodyMode<B>,
{
    match result {
        Ok(response) => {
            let mut response = response.map(M::wrap);
            left(catch, entered.take(), &mut response);
            Ok(response)
        }
        Err(error) => {
            if let Some(entered) = entered.take() {
                // The error goes on, whatever a stage has to say to it.
                drop(caught(catch, || entered.failed()));
            }
            Err(error)
        }
    }
}

/// Asks the stage again, once it has what it waited for.
fn resumed<T, S, B>(
    catch: bool,
    mut held: Box<Held<T, S, B>>,
    waited: Waited<T>,
) -> StateOf<T, S, B>
where
    T: Stage,
    S: Service<Request<B>>,
{
    let decision = caught(catch, || held.stage.resume(waited, &mut held.request));
    match decision.unwrap_or_else(|problem| Decision::Refuse(problem, None)) {
        Decision::Pass(memo) => {
            let Held { stage, mut inner, request } = *held;
            State::call(Entered::of(&stage, memo), catch, &mut inner, request)
        }
        Decision::Answer(answer, memo) => {
            let entered = memo.and_then(|memo| Entered::of(&held.stage, memo));
            State::answer(answer, entered, &held.request)
        }
        Decision::Refuse(problem, memo) => {
            let entered = memo.and_then(|memo| Entered::of(&held.stage, memo));
            State::refuse(problem, entered, &held.request)
        }
        Decision::Wait(wait) => State::wait(wait, held),
    }
}

/// Lets the response leave through the stages that its request has entered. Where it stands: to move it costs
/// more than all the rest.
#[inline]
fn left<T, R>(catch: bool, entered: Option<Entered<T>>, response: &mut Response<R>)
where
    T: Stage,
    R: From<Bytes>,
{
    let Some(entered) = entered else { return };
    if !catch {
        return entered.leave(response);
    }
    if let Err(problem) = caught(true, || entered.leave(&mut *response)) {
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
