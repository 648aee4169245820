use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::{BodyKind, ClassifyEnd, Judgement, Outcome, Ticket};
use crate::sync::Shared;

pin_project! {
    /// The body of a response; it tells a ticket how it ended. Frames, hints and trailers pass untouched.
    ///
    /// It ends with its trailers, with an error, where nothing more comes, or with the frame after which it says itself that it
    /// is at its end: nobody need ask such a body again, and hyper does not. A panic of the inner body is told, too.
    /// If it is dropped before that, so is the ticket.
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
        inner: B,
        follows: Option<Follows<C, T>>,
    }
}

/// Whom to tell of the end, and who judges it.
struct Follows<C: 'static, T> {
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

impl<B: Body, C: ClassifyEnd, T: Ticket> JudgedBody<B, C, T> {
    /// A body whose end settles `ticket`, after the judgement of `classify`.
    #[inline]
    pub fn following(inner: B, classify: &Shared<C>, kind: BodyKind, mut ticket: T) -> Self {
        ticket.headed_by(kind);
        if inner.is_end_stream() {
            ticket.settle(classify.end(kind, None));
            return Self::passing(inner);
        }
        let follows = Follows { classify: classify.clone(), ticket, kind, has_begun: false };
        Self { inner, follows: Some(follows) }
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
        if this.follows.is_none() {
            return this.inner.poll_frame(cx);
        }
        let polled = {
            let unwinding = Unwinding(this.follows);
            let polled = this.inner.as_mut().poll_frame(cx);
            std::mem::forget(unwinding);
            polled
        };
        let frame = ready!(polled);
        match &frame {
            None => ended(this.follows, None),
            Some(Err(_)) => broken(this.follows),
            Some(Ok(frame)) => match frame.trailers_ref() {
                Some(trailers) => ended(this.follows, Some(trailers)),
                None => went_on(this.follows, this.inner.is_end_stream()),
            },
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

fn ended<C: ClassifyEnd, T: Ticket>(
    follows: &mut Option<Follows<C, T>>,
    trailers: Option<&HeaderMap>,
) {
    // The judge first: if it panics, the ticket stays, and is dropped with the body.
    let Some(judging) = follows.as_ref() else { return };
    let judgement = judging.classify.end(judging.kind, trailers);
    settle(follows, judgement);
}

fn broken<C: ClassifyEnd, T: Ticket>(follows: &mut Option<Follows<C, T>>) {
    let Some(judging) = follows.as_ref() else { return };
    let judgement = judging.classify.broken();
    settle(follows, judgement);
}

/// After a frame of data. A body that says of itself that it is at its end need not be polled again.
fn went_on<C: ClassifyEnd, T: Ticket>(follows: &mut Option<Follows<C, T>>, is_over: bool) {
    if let Some(following) = follows
        && !following.has_begun
    {
        following.has_begun = true;
        following.ticket.progressed();
    }
    if is_over {
        ended(follows, None);
    }
}

fn settle<C, T: Ticket>(follows: &mut Option<Follows<C, T>>, judgement: Judgement) {
    if let Some(following) = follows.take() {
        following.ticket.settle(judgement);
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
