use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use buttress_core::render::{self, Asked};
use buttress_core::stage::BodyMode;
use buttress_core::sync::Shared;
use bytes::Bytes;
use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;

use crate::failed::failed;
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
            Poll::Ready(Ok(response)) if is_failure(&response, this.manner) => {
                Poll::Ready(Ok(failed::<B, M>(response, this.rules, this.manner, cx)))
            }
            polled => M::wrap_polled(polled),
        }
    }
}

/// A status of gRPC is a success to HTTP: where nobody stands outside, a problem in that shape is ours to settle.
#[inline]
fn is_failure<B>(response: &Response<B>, manner: &Manner) -> bool {
    let status = response.status();
    let is_alone = matches!(manner, Manner::Alone { .. });
    status.is_client_error()
        || status.is_server_error()
        || is_alone && render::is_unsettled(response.extensions())
}

impl<F: fmt::Debug, M> fmt::Debug for ResponseFuture<F, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").field("inner", &self.inner).finish_non_exhaustive()
    }
}
