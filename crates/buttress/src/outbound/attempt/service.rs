use std::error::Error;
use std::task::{Context, Poll};

use buttress_core::outcome::Wants;
use buttress_core::sync::Shared;
use buttress_overload::Priority;
use buttress_retry::ReplayBody;
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::{Attempt, AttemptFuture, Gated};
use crate::outbound::OutboundBody;
use crate::outbound::parts::Parts;

/// A client of which each call is one attempt.
#[derive(Debug)]
#[expect(unnameable_types, reason = "it is seen in the type of a future alone")]
pub struct Attempts<S> {
    gated: Gated<S>,
    parts: Shared<Parts>,
}

impl<S> Attempts<S> {
    pub(in crate::outbound) const fn new(client: S, parts: Shared<Parts>) -> Self {
        Self { gated: Gated::new(client), parts }
    }
}

impl<S, A, B> Service<Request<ReplayBody<A>>> for Attempts<S>
where
    S: Service<Request<ReplayBody<A>>, Response = Response<B>> + Clone,
    S::Error: Error + 'static,
    A: Body,
    B: Body<Data = Bytes>,
{
    type Response = Response<OutboundBody<B>>;
    type Error = S::Error;
    type Future = AttemptFuture<S, A>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.gated.poll_ready(&self.parts.limits, cx)
    }

    #[inline]
    fn call(&mut self, request: Request<ReplayBody<A>>) -> Self::Future {
        let wants = Wants::of(&request);
        let priority = Priority::of(request.extensions());
        let attempt = match self.gated.admit(&self.parts.limits, priority) {
            Ok(admitted) => Attempt::made(self.gated.client(), request, admitted),
            Err(halted) => Attempt::halted(self.gated.client(), request, halted),
        };
        AttemptFuture::new(attempt, wants, self.parts.clone())
    }
}

impl<S: Clone> Clone for Attempts<S> {
    #[inline]
    fn clone(&self) -> Self {
        Self { gated: self.gated.clone(), parts: self.parts.clone() }
    }
}
