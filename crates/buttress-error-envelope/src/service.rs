use std::fmt;
use std::marker::PhantomData;
use std::task::{Context, Poll};

use buttress_core::stage::{BodyMode, RequestHead, Rewrap};
use buttress_core::sync::Shared;
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use crate::ResponseFuture;
use crate::future::Manner;
use crate::rules::Rules;

/// A service whose failures all have the same shape. Made by
/// [`ErrorEnvelopeLayer`](crate::ErrorEnvelopeLayer).
pub struct ErrorEnvelope<S, M = Rewrap> {
    inner: S,
    rules: Shared<Rules>,
    mode: PhantomData<fn() -> M>,
}

impl<S, M> ErrorEnvelope<S, M> {
    pub(crate) fn new(inner: S, rules: Shared<Rules>) -> Self {
        Self { inner, rules, mode: PhantomData }
    }

    /// The service inside.
    pub fn inner(&self) -> &S {
        &self.inner
    }

    /// Takes the service out again.
    pub fn into_inner(self) -> S {
        self.inner
    }

    /// How a failure will be answered, as far as the request decides on it.
    fn manner(&self, request: &dyn RequestHead) -> Manner {
        if !self.rules.enabled {
            return Manner::Off;
        }
        let is_left = self.rules.leave_request(request);
        match request.context() {
            Some(_) if is_left => Manner::LeftAlone,
            Some(_) => Manner::OfTheContext,
            None => Manner::Alone { asked: self.rules.answers.asked(request), is_left },
        }
    }

    /// Calls the service where the request has to be asked. Apart, and with the request itself: what looks at it
    /// through a pointer keeps it from being handed on where it is, and it is large.
    #[inline(never)]
    fn call_asking<B>(&mut self, request: Request<B>) -> ResponseFuture<S::Future, M>
    where
        S: Service<Request<B>>,
    {
        let (rules, manner) = (self.rules.clone(), self.manner(&request));
        ResponseFuture::new(self.inner.call(request), rules, manner)
    }
}

impl<S, M, ReqBody, ResBody> Service<Request<ReqBody>> for ErrorEnvelope<S, M>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    ResBody: Body<Data = Bytes>,
    M: BodyMode<ResBody>,
{
    type Response = Response<M::Body>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, M>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    #[expect(clippy::inline_always, reason = "a call would move the future once more")]
    #[inline(always)]
    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        if !self.rules.answers_in_context(request.extensions()) {
            return self.call_asking(request);
        }
        let rules = Rules::in_context(&self.rules);
        ResponseFuture::new(self.inner.call(request), rules, Manner::OfTheContext)
    }
}

impl<S: Clone, M> Clone for ErrorEnvelope<S, M> {
    fn clone(&self) -> Self {
        Self::new(self.inner.clone(), self.rules.clone())
    }
}

impl<S: fmt::Debug, M> fmt::Debug for ErrorEnvelope<S, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ErrorEnvelope")
            .field("inner", &self.inner)
            .field("rules", &self.rules)
            .finish_non_exhaustive()
    }
}
