use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use buttress_core::render::Asked;
use buttress_core::stage::BodyMode;
use buttress_core::sync::Shared;
use bytes::Bytes;
use http::{Response, StatusCode};
use http_body::Body;
use pin_project_lite::pin_project;

use crate::failed::looked_at;
use crate::rules::Rules;

pin_project! {
    /// Response future of [`ErrorEnvelope`](crate::ErrorEnvelope).
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F, M> {
        #[pin]
        inner: F,
        rules: Shared<Rules>,
        manner: Manner,
        mode: PhantomData<fn() -> M>,
    }
}

/// Who gives a failure its shape.
pub(crate) enum Manner {
    /// Nobody, nor does anybody hear of it here: the envelope is switched off.
    Off,
    /// Nobody.
    LeftAlone,
    /// The context outside.
    OfTheContext,
    /// We do; one that is left alone gets it if it is a problem already.
    Alone { asked: Asked, is_left: bool },
}

impl Manner {
    /// Whether there may be something to do. By the status alone, as a response that is looked at any further has to be
    /// moved; where nobody stands outside, each is.
    #[inline]
    fn looks_at(&self, status: StatusCode) -> bool {
        is_failure(status) || matches!(self, Self::Alone { .. })
    }
}

#[inline]
pub(crate) fn is_failure(status: StatusCode) -> bool {
    (400..600).contains(&status.as_u16())
}

impl<F, M> ResponseFuture<F, M> {
    #[inline]
    pub(crate) fn new(inner: F, rules: Shared<Rules>, manner: Manner) -> Self {
        Self { inner, rules, manner, mode: PhantomData }
    }
}

impl<F, B, E, M> Future for ResponseFuture<F, M>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body<Data = Bytes>,
    M: BodyMode<B>,
{
    type Output = Result<Response<M::Body>, E>;

    #[expect(clippy::inline_always, reason = "a call would move the response")]
    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        match this.inner.poll(cx) {
            Poll::Ready(Ok(response)) if this.manner.looks_at(response.status()) => {
                Poll::Ready(Ok(looked_at::<B, M>(response, this.rules, this.manner, cx)))
            }
            polled => M::wrap_polled(polled),
        }
    }
}

impl<F: fmt::Debug, M> fmt::Debug for ResponseFuture<F, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").field("inner", &self.inner).finish_non_exhaustive()
    }
}
