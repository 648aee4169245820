use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::{BodyKind, ClassifyEnd, Judgement, Outcome, Ticket};
use crate::sync::Shared;

pin_project! {
    /// The body of a response; it tells a ticket how it ended. Frames, hints and trailers pass untouched.
    ///
    /// It ends with its trailers, with an error, where nothing more comes, or with the frame after which it says itself
    /// that it is at its end: nobody need ask such a body again, and hyper does not. A panic of the inner body is told,
    /// too. If it is dropped before that, so is the ticket.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use buttress_core::outcome::{BodyKind, HttpClassify, JudgedBody, Judgement, Outcome, Ticket};
    /// use buttress_core::sync::Shared;
    /// use bytes::Bytes;
    /// use http::HeaderMap;
    /// use http_body_util::{BodyExt, Full};
    /// use std::sync::mpsc::{Sender, channel};
    ///
    /// struct Tell(Sender<Outcome>);
    ///
    /// impl Ticket for Tell {
    ///     fn settle(self, judgement: Judgement) {
    ///         self.0.send(judgement.outcome()).unwrap();
    ///     }
    /// }
    ///
    /// let (tell, told) = channel();
    /// let mut trailers = HeaderMap::new();
    /// trailers.insert("grpc-status", "14".parse().unwrap());
    /// let inner = Full::<Bytes>::from("half a message").with_trailers(async { Some(Ok(trailers)) });
    ///
    /// let classify = Shared::new(HttpClassify::new());
    /// let body = JudgedBody::following(inner, &classify, BodyKind::Grpc, Tell(tell));
    /// assert!(told.try_recv().is_err());
    /// assert_eq!(body.collect().await.unwrap().to_bytes(), "half a message");
    /// assert_eq!(told.try_recv(), Ok(Outcome::Failure));
    /// # }
    /// ```
    ///
    /// # Cost
    ///
    /// No allocation. A body that is at its end when it comes settles its ticket at once, and has nothing to follow.
    pub struct JudgedBody<B, C: 'static, T> {
        #[pin]
        pub(super) inner: B,
        pub(super) follows: Option<Follows<C, T>>,
    }
}

/// Whom to tell of the end of a body, and who judges it: for a service that stands for several parts at once. No part
/// of the public interface.
#[doc(hidden)]
#[expect(missing_debug_implementations, reason = "it is no part of the interface")]
pub struct Follows<C: 'static, T> {
    classify: Shared<C>,
    ticket: T,
    kind: BodyKind,
    has_begun: bool,
}

impl<B, C, T> JudgedBody<B, C, T> {
    /// A body that nobody wants to hear of.
    #[inline]
    pub fn passing(inner: B) -> Self {
        Self { inner, follows: None }
    }
}

#[doc(hidden)]
impl<B, C, T> JudgedBody<B, C, T> {
    /// A body of which this was found out before it was moved.
    #[expect(clippy::inline_always, reason = "a call would move what it gets, and what it gives")]
    #[inline(always)]
    pub fn followed(inner: B, follows: Option<Follows<C, T>>) -> Self {
        Self { inner, follows }
    }
}

impl<B: Body, C: ClassifyEnd, T: Ticket> JudgedBody<B, C, T> {
    /// A body whose end settles `ticket`, after the judgement of `classify`.
    #[inline]
    pub fn following(inner: B, classify: &Shared<C>, kind: BodyKind, ticket: T) -> Self {
        let follows = Follows::of(&inner, classify, kind, ticket);
        Self { inner, follows }
    }
}

#[doc(hidden)]
impl<C: ClassifyEnd, T: Ticket> Follows<C, T> {
    /// What follows of a head of which the end of the body decides. A body that is at its end already settles the
    /// ticket.
    #[expect(clippy::inline_always, reason = "a call would move what it gives")]
    #[inline(always)]
    pub fn of<B: Body>(inner: &B, classify: &Shared<C>, kind: BodyKind, ticket: T) -> Option<Self> {
        Self::of_ticket(inner, classify, kind, &mut Some(ticket))
    }

    /// The same for a ticket that stands somewhere, which stays there if somebody panics.
    #[expect(clippy::inline_always, reason = "a call would move what it gives")]
    #[inline(always)]
    pub(super) fn of_ticket<B: Body>(
        inner: &B,
        classify: &Shared<C>,
        kind: BodyKind,
        ticket: &mut Option<T>,
    ) -> Option<Self> {
        ticket.as_mut()?.headed_by(kind);
        if inner.is_end_stream() {
            T::settle_in(ticket, classify.end(kind, None));
            return None;
        }
        let classify = classify.clone();
        ticket.take().map(|ticket| Self { classify, ticket, kind, has_begun: false })
    }
}

/// After a frame of data. A body that says of itself that it is at its end need not be polled again.
#[inline]
fn went_on<C: ClassifyEnd, T: Ticket>(follows: &mut Option<Follows<C, T>>, is_over: bool) {
    let Some(following) = follows else { return };
    if !following.has_begun {
        following.has_begun = true;
        following.ticket.progressed();
    }
    if is_over {
        let judgement = following.classify.end(following.kind, None);
        settle(follows, judgement);
    }
}

/// After all else. The judge first: if it panics, the ticket stays, and is dropped with the body.
#[inline(never)]
fn ended<C: ClassifyEnd, T: Ticket, D, E>(
    follows: &mut Option<Follows<C, T>>,
    last: Option<&Result<Frame<D>, E>>,
) {
    let Some(Follows { classify, kind, .. }) = follows else { return };
    let judgement = match last {
        None => classify.end(*kind, None),
        Some(Err(_)) => classify.broken(),
        Some(Ok(frame)) => match frame.trailers_ref() {
            None => return,
            trailers => classify.end(*kind, trailers),
        },
    };
    settle(follows, judgement);
}

#[inline]
fn settle<C, T: Ticket>(follows: &mut Option<Follows<C, T>>, judgement: Judgement) {
    if let Some(following) = follows.take() {
        following.ticket.settle(judgement);
    }
}

impl<B, C, T> Body for JudgedBody<B, C, T>
where
    B: Body,
    C: ClassifyEnd,
    T: Ticket,
{
    type Data = B::Data;
    type Error = B::Error;

    #[inline]
    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        let unwinding = Unwinding(this.follows);
        let polled = this.inner.as_mut().poll_frame(cx);
        std::mem::forget(unwinding);
        if this.follows.is_none() {
            return polled;
        }
        let last = match ready!(polled).map(|frame| frame.map(Frame::into_data)) {
            // By itself, as it is a third of a frame, and what lives while somebody is told is moved once more.
            Some(Ok(Ok(data))) => {
                went_on(this.follows, this.inner.is_end_stream());
                return Poll::Ready(Some(Ok(Frame::data(data))));
            }
            Some(Ok(Err(frame))) => Some(Ok(frame)),
            Some(Err(error)) => Some(Err(error)),
            None => None,
        };
        ended(this.follows, last.as_ref());
        Poll::Ready(last)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// Dropped only where the inner body panics while it is polled.
struct Unwinding<'a, C: 'static, T: Ticket>(&'a mut Option<Follows<C, T>>);

impl<C, T: Ticket> Drop for Unwinding<'_, C, T> {
    #[cold]
    fn drop(&mut self) {
        settle(self.0, Judgement::new(Outcome::Panicked));
    }
}

impl<B: fmt::Debug, C, T> fmt::Debug for JudgedBody<B, C, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JudgedBody")
            .field("inner", &self.inner)
            .field("follows", &self.follows.is_some())
            .finish()
    }
}
