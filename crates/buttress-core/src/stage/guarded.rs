use std::any::Any;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::panic::{caught, problem};
use super::{Decision, DecisionOf, RequestHead, ResponseHead, Stage, Waited};
use crate::render;

/// A stage whose panics are refusals of its own.
///
/// The shell [catches panics](super::StageLayer::catch_panics) too, but it cannot know which stage was at
/// fault, and drops the memos of all. A panic that is caught here leaves through the stages outside, like
/// any refusal: it is named, counted and logged.
///
/// ```
/// use buttress_core::stage::{Guarded, RequestHead, Stage, gate_fn};
/// use buttress_core::Context;
/// # use bytes::Bytes;
/// # use http::{Request, Response};
/// # use http_body_util::Full;
/// # use std::convert::Infallible;
/// # use tower::{Layer, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # let app = service_fn(|_: Request<()>| async {
/// #     Ok::<_, Infallible>(Response::new(Full::new(Bytes::new())))
/// # });
/// let trips = gate_fn(|_: &mut dyn RequestHead| panic!("over its own feet"));
/// let service = Context::default().then(Guarded::new(trips)).layer().layer(app);
///
/// let response = service.oneshot(Request::new(())).await.unwrap();
/// assert_eq!(response.status(), 500);
/// assert!(response.headers().contains_key("x-request-id"), "it left through the context");
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Guarded<T> {
    stage: T,
}

impl<T: Stage> Guarded<T> {
    /// Guards `stage`.
    pub fn new(stage: T) -> Self {
        Self { stage }
    }

    fn decide(&self, act: impl FnOnce(&T) -> DecisionOf<T>) -> DecisionOf<Self> {
        let decision = caught(true, || act(&self.stage));
        let decision = decision.unwrap_or_else(|problem| Decision::Refuse(problem, None));
        decision.map(|memo| memo, |wait| GuardedWait { wait })
    }
}

impl<T: Stage> Stage for Guarded<T> {
    type Memo = T::Memo;
    type Wait = GuardedWait<T::Wait>;

    fn enter(&self, request: &mut dyn RequestHead) -> DecisionOf<Self> {
        self.decide(|stage| stage.enter(request))
    }

    fn resume(&self, waited: Waited<Self>, request: &mut dyn RequestHead) -> DecisionOf<Self> {
        match waited {
            Ok(waited) => self.decide(|stage| stage.resume(waited, request)),
            Err(panic) => Decision::Refuse(problem(panic.0), None),
        }
    }

    fn leave(&self, memo: T::Memo, response: &mut dyn ResponseHead) {
        if let Err(problem) = caught(true, || self.stage.leave(memo, response)) {
            render::overwrite(response, &problem);
        }
    }

    fn failed(&self, memo: T::Memo) {
        // The inner error goes on, whatever the stage has to say to it.
        drop(caught(true, || self.stage.failed(memo)));
    }
}

pin_project! {
    /// The wait of a guarded stage.
    #[must_use = "futures do nothing unless polled"]
    pub struct GuardedWait<W> {
        #[pin]
        wait: W,
    }
}

impl<W: Future> Future for GuardedWait<W> {
    type Output = Result<W::Output, CaughtPanic>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // Unwind safe: what panicked is dropped, and never polled again.
        match catch_unwind(AssertUnwindSafe(|| self.project().wait.poll(cx))) {
            Ok(polled) => polled.map(Ok),
            Err(payload) => Poll::Ready(Err(CaughtPanic(payload))),
        }
    }
}

impl<W> fmt::Debug for GuardedWait<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardedWait").finish_non_exhaustive()
    }
}

/// What the wait of a guarded stage panicked with.
pub struct CaughtPanic(Box<dyn Any + Send>);

impl fmt::Debug for CaughtPanic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CaughtPanic").finish_non_exhaustive()
    }
}
