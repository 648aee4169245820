//! A layer that can be wrong in one way at a time.

use std::future::{Future, ready};
use std::mem::{forget, replace};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use buttress_core::sync::Lock;
use buttress_testkit::body::Frames;
use buttress_testkit::contract::Inner;
use buttress_testkit::mock::MockError;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::BodyExt;
use tower::{Layer, Service, ServiceExt};

use super::odd::{OddBody, OddFuture};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Fault {
    None,
    /// No fault: the reserved instance moves into the future, which waits before it calls.
    NoneAfterWait,
    /// No fault: turns away what asks for `/nameless`.
    Refuses,
    RefusesAfterReading,
    RefusesAndKeeps,
    AlwaysReady,
    LosesTheWaker,
    SwallowsReadinessErrors,
    KeepsUnusedReadiness,
    CallsAClone,
    HidesABreach,
    ReadiesAClone,
    HoldsBoth,
    ClonesReadiness,
    LeaksWhenDropped,
    LeaksUnpolled,
    SwallowsErrors,
    CatchesPanics,
    KeepsWhatPanicked,
    MixesAnswers,
    BuffersRequests,
    BuffersResponses,
    DropsTrailers,
    HidesTheSize,
    HidesTheEnd,
    ReadsTheFirstFrame,
    ReadsOneFrameAhead,
    LosesTheReader,
    KeepsTheBody,
    ReplacesBodyErrors,
}

#[derive(Clone, Debug)]
pub(super) struct FaultyLayer(pub(super) Fault);

impl Layer<Inner> for FaultyLayer {
    type Service = Faulty;

    fn layer(&self, inner: Inner) -> Faulty {
        Faulty { fault: self.0, inner, is_ready: false, first_mark: Arc::default() }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Faulty {
    fault: Fault,
    inner: Inner,
    is_ready: bool,
    first_mark: Arc<Lock<Option<HeaderValue>>>,
}

impl Faulty {
    /// The reserved instance, out of the way of the next call.
    fn take_reserved(&mut self) -> Inner {
        let clone = self.inner.clone();
        replace(&mut self.inner, clone)
    }

    fn refuse(&mut self, request: Request<Frames>) -> Pin<Box<Answering>> {
        match self.fault {
            Fault::Refuses => Box::pin(ready(Ok(sorry()))),
            Fault::RefusesAndKeeps => {
                forget(self.take_reserved());
                Box::pin(ready(Ok(sorry())))
            }
            Fault::RefusesAfterReading => Box::pin(async {
                request.into_body().collect().await?;
                Ok(sorry())
            }),
            _ => Box::pin(self.inner.call(request)),
        }
    }
}

impl Service<Request<Frames>> for Faulty {
    type Response = Response<OddBody>;
    type Error = MockError;
    type Future = OddFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), MockError>> {
        let polled = match self.fault {
            Fault::AlwaysReady => Poll::Ready(Ok(())),
            Fault::ClonesReadiness if self.is_ready => Poll::Ready(Ok(())),
            Fault::LosesTheWaker => self.inner.poll_ready(&mut Context::from_waker(Waker::noop())),
            Fault::SwallowsReadinessErrors => match self.inner.poll_ready(cx) {
                Poll::Ready(Err(_)) => Poll::Pending,
                polled => polled,
            },
            _ => self.inner.poll_ready(cx),
        };
        self.is_ready |= polled.is_ready();
        polled
    }

    fn call(&mut self, request: Request<Frames>) -> OddFuture {
        self.is_ready = false;
        let inner: Pin<Box<Answering>> = match self.fault {
            _ if request.uri().path() == "/nameless" => self.refuse(request),
            Fault::AlwaysReady | Fault::ReadiesAClone => {
                Box::pin(self.inner.clone().oneshot(request))
            }
            Fault::CallsAClone => Box::pin(self.inner.clone().call(request)),
            Fault::HidesABreach => {
                let mut clone = self.inner.clone();
                let breach = || drop(clone.call(Request::new(Frames::new())));
                catch_unwind(AssertUnwindSafe(breach)).unwrap_err();
                Box::pin(self.inner.call(request))
            }
            Fault::HoldsBoth => {
                let (held, called) = (self.take_reserved(), self.inner.clone());
                Box::pin(async move {
                    let answer = called.oneshot(request).await;
                    drop(held);
                    answer
                })
            }
            Fault::NoneAfterWait => Box::pin(call_after_wait(self.take_reserved(), request)),
            Fault::BuffersRequests => Box::pin(call_with_all(self.take_reserved(), request)),
            Fault::BuffersResponses => Box::pin(answer_with_all(self.inner.call(request))),
            Fault::CatchesPanics => {
                match catch_unwind(AssertUnwindSafe(|| self.inner.call(request))) {
                    Ok(future) => Box::pin(future),
                    Err(_) => Box::pin(ready(Ok(sorry()))),
                }
            }
            _ => Box::pin(self.inner.call(request)),
        };
        let first_mark = Arc::clone(&self.first_mark);
        OddFuture {
            fault: self.fault,
            inner: Some(inner),
            polls: 0,
            has_panicked: false,
            first_mark,
        }
    }
}

impl Drop for Faulty {
    fn drop(&mut self) {
        if self.fault == Fault::KeepsUnusedReadiness && self.is_ready {
            forget(self.take_reserved());
        }
    }
}

pub(super) type Answering = dyn Future<Output = Result<Response<Frames>, MockError>> + Send;

async fn call_after_wait(
    mut inner: Inner,
    request: Request<Frames>,
) -> Result<Response<Frames>, MockError> {
    tokio::task::yield_now().await;
    inner.call(request).await
}

async fn call_with_all(
    mut inner: Inner,
    request: Request<Frames>,
) -> Result<Response<Frames>, MockError> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    inner.call(Request::from_parts(head, body.into())).await
}

async fn answer_with_all(
    inner: impl Future<Output = Result<Response<Frames>, MockError>>,
) -> Result<Response<Frames>, MockError> {
    let (head, body) = inner.await?.into_parts();
    Ok(Response::from_parts(head, body.collect().await?.to_bytes().into()))
}

pub(super) fn sorry() -> Response<Frames> {
    let mut response = Response::<Frames>::default();
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
}
