use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use buttress_core::outcome::Wants;
use buttress_core::sync::Shared;
use buttress_retry::ReplayBody;
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_service::Service;

use super::Attempt;
use crate::outbound::OutboundBody;
use crate::outbound::parts::Parts;

pin_project! {
    /// The future of an attempt that is made for a retry.
    pub struct AttemptFuture<S, A>
    where
        S: Service<Request<ReplayBody<A>>>,
    {
        #[pin]
        attempt: Attempt<S, A>,
        wants: Wants,
        parts: Shared<Parts>,
    }
}

impl<S: Service<Request<ReplayBody<A>>>, A> AttemptFuture<S, A> {
    #[inline]
    pub(super) const fn new(attempt: Attempt<S, A>, wants: Wants, parts: Shared<Parts>) -> Self {
        Self { attempt, wants, parts }
    }
}

impl<S, A, B> Future for AttemptFuture<S, A>
where
    S: Service<Request<ReplayBody<A>>, Response = Response<B>>,
    S::Error: Error + 'static,
    A: Body,
    B: Body<Data = Bytes>,
{
    type Output = Result<Response<OutboundBody<B>>, S::Error>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        this.attempt.poll(&this.parts.limits, *this.wants, &mut None, cx)
    }
}

impl<S, A> fmt::Debug for AttemptFuture<S, A>
where
    S: Service<Request<ReplayBody<A>>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AttemptFuture").finish_non_exhaustive()
    }
}
