use std::error::Error;
use std::fmt;
use std::task::{Context, Poll};

use buttress_core::Deadline;
use buttress_core::outcome::Wants;
use buttress_core::sync::Shared;
use buttress_overload::Priority;
use buttress_retry::ReplayBody;
use bytes::Bytes;
use http::{Method, Request, Response};
use http_body::Body;
use tower_service::Service;

use super::attempt::{Attempt, Attempts};
use super::future::{ResponseFuture, State};
use super::parts::{BehindGuards, OutboundBody, Parts};
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
            Way::Straight(gated) => gated.poll_ready(&self.parts.limits, cx),
            Way::Attended(repeated) => repeated.poll_ready(cx),
            Way::Guarded(guarded) => guarded.poll_ready(cx),
        }
    }

    // A future is written where a call says; inlined into what stands around, it would be made elsewhere and moved, and
    // that of a whole wall is large.
    #[inline(never)]
    fn call(&mut self, mut request: Request<A>) -> Self::Future {
        let (parts, wants) = (&*self.parts, Wants::of(&request));
        // An answer to HEAD has no body, whoever makes it.
        let renders = parts.renders && request.method() != Method::HEAD;
        let deadline = match parts.deadline.begin(&mut request, wants) {
            Ok(deadline) => deadline,
            Err(problem) => return ResponseFuture::over(problem, wants, renders, &self.parts),
        };
        let _scope = deadline.map(Deadline::enter);
        let begun = Begun { deadline, wants, renders, parts: self.parts.clone() };
        let gated = match &mut self.way {
            Way::Straight(gated) => gated,
            Way::Attended(retry) => {
                return begun.at(State::Retrying { future: retry.call(request) });
            }
            Way::Guarded(door) => return begun.at(State::Guarded { future: door.call(request) }),
        };
        // What others are made of is kept, and then the first attempt is made: here, as a request that is handed on is
        // moved.
        let mut spare = parts.retry.keep(&mut request);
        let admitted = gated.admit(&parts.limits, Priority::of(request.extensions()));
        // The instance that is ready makes the next attempts, too.
        let mut ready = spare.is_some().then(|| gated.take());
        let client = ready.as_mut().unwrap_or(gated.client());
        let has_body = !request.body().is_end_stream();
        let (head, body) = request.into_parts();
        let request = if has_body {
            Request::from_parts(head, parts.retry.record(spare.as_mut(), body))
        } else {
            Request::from_parts(head, ReplayBody::empty())
        };
        // Each way by itself, or the future would be made elsewhere and moved.
        match admitted {
            Ok(admitted) => {
                let attempt = Attempt::made(client, request, admitted);
                begun.at(State::First { attempt, spare, ready })
            }
            Err(halted) => {
                let attempt = Attempt::halted(client, request, halted);
                begun.at(State::First { attempt, spare, ready })
            }
        }
    }
}

/// A call that has a deadline by now.
struct Begun {
    deadline: Option<Deadline>,
    wants: Wants,
    renders: bool,
    parts: Shared<Parts>,
}

impl Begun {
    #[expect(clippy::inline_always, reason = "a call would move what it gets, and what it gives")]
    #[inline(always)]
    fn at<S, A>(self, state: State<S, A>) -> ResponseFuture<S, A>
    where
        S: Service<Request<ReplayBody<A>>>,
        Attempts<S>: Service<Request<ReplayBody<A>>>,
        BehindGuards<S>: Service<Request<A>>,
    {
        ResponseFuture::new(state, self.deadline, self.wants, self.renders, self.parts)
    }
}

impl<S: Clone> Clone for OutboundService<S> {
    #[inline]
    fn clone(&self) -> Self {
        match &self.way {
            Way::Straight(gated) => {
                Self { way: Way::Straight(gated.clone()), parts: self.parts.clone() }
            }
            _ => self.clone_of_more(),
        }
    }
}

impl<S: Clone> OutboundService<S> {
    /// Apart, or the little that is there most often would be written as if it were all.
    #[inline(never)]
    fn clone_of_more(&self) -> Self {
        Self { way: self.way.clone(), parts: self.parts.clone() }
    }
}

impl<S> fmt::Debug for OutboundService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutboundService").finish_non_exhaustive()
    }
}
