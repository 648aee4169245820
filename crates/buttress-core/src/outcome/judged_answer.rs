use std::task::Poll;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;

use super::answer::sealed;
use super::body::Follows;
use super::refused::refusal;
use super::{AsError, Classify, JudgedBody, Ticket, Verdict, Wants};
use crate::stage::{Keep, Rewrap};
use crate::sync::Shared;
use crate::{Problem, Reply};

/// An [`Answer`](super::Answer) that is judged, by `C`, and settles a ticket `T`: for a layer that wants to learn how
/// the call ended.
///
/// With [`Keep`] there is no place for a ticket in the body, so all is judged by the head: what only the end would have
/// shown counts as a success.
///
/// ```
/// use buttress_core::outcome::{AsError, JudgedAnswer, Judgement, Outcome, Ticket, classify_fn};
/// use buttress_core::sync::Shared;
/// use buttress_core::Problem;
/// use std::sync::mpsc::{Sender, channel};
/// use std::task::Poll;
///
/// struct Tell(Sender<Outcome>);
///
/// impl Ticket for Tell {
///     fn settle(self, judgement: Judgement) {
///         self.0.send(judgement.outcome()).unwrap();
///     }
/// }
///
/// let classify = Shared::new(classify_fn(|rows: Result<&u32, &Problem>| match rows {
///     Ok(_) => Outcome::Success,
///     Err(_) => Outcome::Failure,
/// }));
/// let (tell, told) = channel();
/// let mut ticket = Some(Tell(tell));
/// let mut hand_on = |polled| <AsError as JudgedAnswer<(), u32, Problem, _, _>>::judged(&classify, &mut ticket, polled);
///
/// assert!(hand_on(Poll::Pending).is_pending());
/// assert!(told.try_recv().is_err(), "nothing is known yet");
/// assert!(matches!(hand_on(Poll::Ready(Ok(7))), Poll::Ready(Ok(7))));
/// assert_eq!(told.try_recv(), Ok(Outcome::Success));
/// ```
pub trait JudgedAnswer<Req, Res, Err, C, T>: sealed::Sealed + 'static {
    /// What the layer answers with.
    type Response;

    /// What has to be remembered of a request, to be able to refuse it.
    type Wants: Copy + Send + 'static;

    /// What a refusal of this request has to look like.
    fn wants(request: &Req) -> Self::Wants;

    /// The answer of the service inside. Once it is there, the ticket is settled, or sent along with the body.
    ///
    /// If the judge panics, the ticket stays where it is.
    #[inline]
    fn judged(
        classify: &Shared<C>,
        ticket: &mut Option<T>,
        polled: Poll<Result<Res, Err>>,
    ) -> Poll<Result<Self::Response, Err>> {
        Self::poll_judged(classify, ticket, |_| polled)
    }

    /// The same for an answer that `poll` is about to give. It is asked where its answer is returned, so that this is
    /// moved as seldom as can be: to move a response costs more than to judge it.
    fn poll_judged(
        classify: &Shared<C>,
        ticket: &mut Option<T>,
        poll: impl FnOnce(&mut Option<T>) -> Poll<Result<Res, Err>>,
    ) -> Poll<Result<Self::Response, Err>>;

    /// The answer of the service inside, which nobody judges.
    fn passed(polled: Poll<Result<Res, Err>>) -> Poll<Result<Self::Response, Err>>;

    /// The answer in its place.
    ///
    /// # Errors
    ///
    /// That is what it is, where a response cannot be made.
    fn refused(problem: Problem, wants: Self::Wants) -> Result<Self::Response, Err>;
}

impl<A, B, E, C, T> JudgedAnswer<Request<A>, Response<B>, E, C, T> for Rewrap
where
    B: Body,
    C: Classify<Response<B>, E>,
    T: Ticket,
{
    type Response = Response<Reply<JudgedBody<B, C, T>>>;
    type Wants = Wants;

    #[inline]
    fn wants(request: &Request<A>) -> Wants {
        Wants::of(request)
    }

    #[inline]
    fn poll_judged(
        classify: &Shared<C>,
        ticket: &mut Option<T>,
        poll: impl FnOnce(&mut Option<T>) -> Poll<Result<Response<B>, E>>,
    ) -> Poll<Result<Self::Response, E>> {
        let polled = poll(ticket);
        let follows = match judge(&**classify, &polled) {
            None => return Poll::Pending,
            Some(Verdict::Now(judgement)) => {
                T::settle_in(ticket, judgement);
                None
            }
            Some(Verdict::AtEnd(kind)) => match &polled {
                Poll::Ready(Ok(response)) => {
                    Follows::of_ticket(response.body(), classify, kind, ticket)
                }
                _ => None,
            },
        };
        // Last, when nothing can panic any more: so the answer is made where it is returned.
        polled.map_ok(|response| {
            response.map(|body| Reply::inner(JudgedBody { inner: body, follows }))
        })
    }

    #[inline]
    fn passed(polled: Poll<Result<Response<B>, E>>) -> Poll<Result<Self::Response, E>> {
        polled.map_ok(|response| response.map(|body| Reply::inner(JudgedBody::passing(body))))
    }

    fn refused(problem: Problem, wants: Wants) -> Result<Self::Response, E> {
        Ok(refusal(problem, wants))
    }
}

impl<A, B, E, C, T> JudgedAnswer<Request<A>, Response<B>, E, C, T> for Keep
where
    B: From<Bytes>,
    C: Classify<Response<B>, E>,
    T: Ticket,
{
    type Response = Response<B>;
    type Wants = Wants;

    #[inline]
    fn wants(request: &Request<A>) -> Wants {
        Wants::of(request)
    }

    #[inline]
    fn poll_judged(
        classify: &Shared<C>,
        ticket: &mut Option<T>,
        poll: impl FnOnce(&mut Option<T>) -> Poll<Result<Response<B>, E>>,
    ) -> Poll<Result<Self::Response, E>> {
        let polled = poll(ticket);
        by_the_head(&**classify, ticket, &polled);
        polled
    }

    #[inline]
    fn passed(polled: Poll<Result<Response<B>, E>>) -> Poll<Result<Self::Response, E>> {
        polled
    }

    fn refused(problem: Problem, wants: Wants) -> Result<Self::Response, E> {
        Ok(refusal(problem, wants))
    }
}

impl<Req, Res, E, C, T> JudgedAnswer<Req, Res, E, C, T> for AsError
where
    E: From<Problem>,
    C: Classify<Res, E>,
    T: Ticket,
{
    type Response = Res;
    type Wants = ();

    #[inline]
    fn wants(_: &Req) {}

    #[inline]
    fn poll_judged(
        classify: &Shared<C>,
        ticket: &mut Option<T>,
        poll: impl FnOnce(&mut Option<T>) -> Poll<Result<Res, E>>,
    ) -> Poll<Result<Res, E>> {
        let polled = poll(ticket);
        by_the_head(&**classify, ticket, &polled);
        polled
    }

    #[inline]
    fn passed(polled: Poll<Result<Res, E>>) -> Poll<Result<Res, E>> {
        polled
    }

    fn refused(problem: Problem, (): ()) -> Result<Res, E> {
        Err(problem.into())
    }
}

/// What can be said by now; nothing while it is pending.
#[inline]
fn judge<C, Res, E>(classify: &C, polled: &Poll<Result<Res, E>>) -> Option<Verdict>
where
    C: Classify<Res, E>,
{
    match polled {
        Poll::Pending => None,
        Poll::Ready(Ok(response)) => Some(classify.response(response)),
        Poll::Ready(Err(error)) => Some(Verdict::Now(classify.error(error))),
    }
}

/// Settles a ticket that cannot go along with the body.
#[expect(clippy::inline_always, reason = "what it takes is little, and less than a call")]
#[inline(always)]
fn by_the_head<C, T, Res, E>(classify: &C, ticket: &mut Option<T>, polled: &Poll<Result<Res, E>>)
where
    C: Classify<Res, E>,
    T: Ticket,
{
    if let Some(verdict) = judge(classify, polled) {
        T::settle_in(ticket, verdict.by_the_head());
    }
}
