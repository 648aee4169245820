use std::error::Error;
use std::fmt;
use std::task::{Context, Poll};

use buttress_core::Deadline;
use buttress_core::outcome::Wants;
use buttress_core::sync::Shared;
use buttress_overload::Priority;
use buttress_retry::ReplayBody;
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::attempt::{AttemptFuture, Attempts};
use super::future::{ResponseFuture, Stage};
use super::parts::{Guarded, OutboundBody, Parts};
use super::way::Way;

/// A client behind the wall. Made by an [`Outbound`](crate::Outbound).
///
/// The client is asked with a body that can be sent again, a [`ReplayBody`] of the one that the request has.
pub struct OutboundService<S> {
    pub(super) way: Way<S>,
    pub(super) parts: Shared<Parts>,
}

impl<S, A, B> Service<Request<A>> for OutboundService<S>
where
    S: Service<Request<ReplayBody<A>>, Response = Response<B>> + Clone,
    S::Error: Error + 'static,
    A: Body<Data = Bytes>,
    B: Body<Data = Bytes>,
{
    type Response = Response<OutboundBody<B>>;
    type Error = S::Error;
    type Future = ResponseFuture<S, A>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        match &mut self.way {
            Way::Straight(attempts) => attempts.poll_ready(cx),
            Way::Attended(repeated) => repeated.poll_ready(cx),
            Way::Guarded(guarded) => guarded.poll_ready(cx),
        }
    }

    // A future is written where a call says; inlined into what stands around, it would be made elsewhere and moved, and that of a
    // whole wall is large.
    #[inline(never)]
    fn call(&mut self, mut request: Request<A>) -> Self::Future {
        let wants = Wants::of(&request);
        let deadline = match self.parts.deadline.begin(&mut request) {
            Ok(deadline) => deadline,
            Err(problem) => return ResponseFuture::over(problem, wants, &self.parts),
        };
        let _scope = deadline.map(Deadline::enter);
        let begun = Begun { parts: self.parts.clone(), deadline, wants };
        match &mut self.way {
            Way::Straight(attempts) => begun.straight(attempts, request),
            Way::Attended(repeated) => begun.at(Stage::Retrying { future: repeated.call(request) }),
            Way::Guarded(guarded) => begun.at(Stage::Guarded { future: guarded.call(request) }),
        }
    }
}

/// A call that has a deadline by now.
struct Begun {
    parts: Shared<Parts>,
    deadline: Option<Deadline>,
    wants: Wants,
}

impl Begun {
    /// Makes the first attempt, and keeps what others are made of.
    #[inline]
    fn straight<S, A, B>(
        self,
        attempts: &mut Attempts<S>,
        mut request: Request<A>,
    ) -> ResponseFuture<S, A>
    where
        S: Service<Request<ReplayBody<A>>, Response = Response<B>> + Clone,
        S::Error: Error + 'static,
        A: Body<Data = Bytes>,
        B: Body<Data = Bytes>,
    {
        let wants = self.wants;
        let mut spare = self.parts.retry.keep(&mut request);
        let admitted = attempts.admit(Priority::of(request.extensions()));
        let limits = self.parts.limits.clone();
        // The instance that is ready makes the next attempts, too.
        let mut ready = spare.is_some().then(|| attempts.take());
        let client = ready.as_mut().unwrap_or(attempts.client());
        let recorded = |body| self.parts.retry.record(spare.as_mut(), body);
        // Each way by itself, or the future would be made elsewhere and moved.
        match admitted {
            Ok(admitted) => {
                let request = request.map(recorded);
                let attempt = AttemptFuture::made(client, request, wants, limits, admitted);
                self.at(Stage::First { attempt, spare, ready })
            }
            Err(halted) => {
                let request = request.map(recorded);
                let attempt = AttemptFuture::halted(client, request, wants, limits, halted);
                self.at(Stage::First { attempt, spare, ready })
            }
        }
    }

    #[inline]
    fn at<S, A>(self, stage: Stage<S, A>) -> ResponseFuture<S, A>
    where
        S: Service<Request<ReplayBody<A>>>,
        Attempts<S>: Service<Request<ReplayBody<A>>>,
        Guarded<S>: Service<Request<A>>,
    {
        ResponseFuture::new(stage, self.deadline, self.wants, self.parts)
    }
}

impl<S: Clone> Clone for OutboundService<S> {
    #[inline]
    fn clone(&self) -> Self {
        Self { way: self.way.clone(), parts: self.parts.clone() }
    }
}

impl<S> fmt::Debug for OutboundService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutboundService").finish_non_exhaustive()
    }
}
