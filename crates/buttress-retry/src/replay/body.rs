use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::frames::Frames;
use super::tape::Tape;
use super::upload::{Progress, Upload};

pin_project! {
    /// The body that the service inside gets: the caller's own, or what was kept of it.
    ///
    /// The first attempt gets it frame by frame, as the caller's body gives them, without a copy and without delay.
    /// What passes is noted beside, as clones of [`Bytes`]; an attempt after that gets the same frames, trailers
    /// included.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use buttress_retry::ReplayBody;
    /// use bytes::Bytes;
    /// use http_body_util::{BodyExt, Full};
    ///
    /// let body = ReplayBody::passing(Full::new(Bytes::from("of the caller")));
    /// assert_eq!(body.collect().await.unwrap().to_bytes(), "of the caller");
    /// # }
    /// ```
    pub struct ReplayBody<B> {
        #[pin]
        kind: Kind<B>,
    }

    impl<B> PinnedDrop for ReplayBody<B> {
        fn drop(this: Pin<&mut Self>) {
            match this.project().kind.project() {
                KindProj::Waiting { reader, tape, .. } => tape.left_unread(*reader),
                KindProj::Recording { tape, is_noted: true, .. } => tape.left(),
                _ => {}
            }
        }
    }
}

pin_project! {
    #[project = KindProj]
    enum Kind<B> {
        /// Not to be repeated.
        Passing { #[pin] body: B },
        /// The same, and whoever makes the call wants to know what becomes of it.
        Watched { #[pin] body: B, progress: Arc<Progress> },
        /// Nobody has begun to read it: it lies on the tape.
        Waiting { reader: u32, tape: Arc<Tape<B>> },
        /// It is read for the first time, and noted.
        Recording { #[pin] body: B, is_noted: bool, tape: Arc<Tape<B>> },
        /// It was read before. In a box, as a first attempt would have the room for it, and no use.
        Replaying { frames: Box<Frames>, at: usize },
        /// There is nothing to read.
        Empty,
    }
}

impl<B> ReplayBody<B> {
    /// A body that passes, and of which nothing is kept.
    pub const fn passing(body: B) -> Self {
        Self { kind: Kind::Passing { body } }
    }

    pub(super) const fn waiting(reader: u32, tape: Arc<Tape<B>>) -> Self {
        Self { kind: Kind::Waiting { reader, tape } }
    }

    pub(super) fn replaying(frames: Frames) -> Self {
        Self { kind: Kind::Replaying { frames: Box::new(frames), at: 0 } }
    }
}

/// For a service that makes the attempts, and has to know whose fault it is when one fails. No part of the public
/// interface.
#[doc(hidden)]
impl<B> ReplayBody<B> {
    /// There is nothing to send.
    #[must_use]
    pub const fn empty() -> Self {
        Self { kind: Kind::Empty }
    }

    /// What becomes of it; nothing, if it needs no caller, because there is nothing to send, or it was read before.
    #[inline]
    pub fn watched(&mut self) -> Option<Upload<B>>
    where
        B: Body,
    {
        if matches!(self.kind, Kind::Empty) { None } else { self.watched_by_kind() }
    }

    fn watched_by_kind(&mut self) -> Option<Upload<B>>
    where
        B: Body,
    {
        match &self.kind {
            Kind::Waiting { tape, .. } => return Some(Upload::taped(tape.clone())),
            Kind::Passing { body } if !body.is_end_stream() => {}
            _ => return None,
        }
        let Kind::Passing { body } = std::mem::replace(&mut self.kind, Kind::Empty) else {
            return None;
        };
        let progress = Arc::new(Progress::default());
        self.kind = Kind::Watched { body, progress: progress.clone() };
        Some(Upload::passing(progress))
    }
}

impl<B: Body<Data = Bytes>> Body for ReplayBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let mut kind = self.project().kind;
        if let KindProj::Waiting { reader, tape, .. } = kind.as_mut().project() {
            // Of an attempt that was given up: another one reads it now, and nobody waits for this one.
            let Some(body) = tape.take(*reader) else { return Poll::Pending };
            let tape = tape.clone();
            kind.set(Kind::Recording { body, is_noted: true, tape });
        }
        match kind.project() {
            KindProj::Passing { body } => body.poll_frame(cx),
            KindProj::Watched { body, progress } => progress.of(|| body.poll_frame(cx)),
            KindProj::Recording { mut body, is_noted, tape } => {
                let frame = ready!(tape.progress.of(|| body.as_mut().poll_frame(cx)));
                if *is_noted {
                    *is_noted = note(frame.as_ref(), &*body, tape);
                }
                Poll::Ready(frame)
            }
            KindProj::Replaying { frames, at } => Poll::Ready(replayed(frames, at).map(Ok)),
            KindProj::Waiting { .. } | KindProj::Empty => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Passing { body } | Kind::Watched { body, .. } | Kind::Recording { body, .. } => {
                body.is_end_stream()
            }
            Kind::Waiting { .. } => false,
            Kind::Replaying { frames, at } => frames.is_past(*at),
            Kind::Empty => true,
        }
    }

    #[allow(clippy::clone_on_copy, reason = "older versions of http-body can only clone it")]
    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Passing { body } | Kind::Watched { body, .. } | Kind::Recording { body, .. } => {
                body.size_hint()
            }
            Kind::Waiting { tape, .. } => tape.hint().clone(),
            Kind::Replaying { frames, at } => frames.hint_from(*at),
            Kind::Empty => SizeHint::with_exact(0),
        }
    }
}

/// Notes what passes. Says whether there is more to note.
fn note<B: Body, E>(frame: Option<&Result<Frame<Bytes>, E>>, body: &B, tape: &Tape<B>) -> bool {
    let Some(frame) = frame else {
        tape.end();
        return false;
    };
    let Ok(frame) = frame else {
        tape.spoil();
        return false;
    };
    if let Some(data) = frame.data_ref() {
        return tape.data(data, body.is_end_stream());
    }
    match frame.trailers_ref() {
        Some(trailers) => tape.trailers(trailers),
        // A kind of frame that there is not yet: it could not be sent again.
        None => tape.spoil(),
    }
    false
}

/// The next frame of what was kept.
fn replayed(frames: &Frames, at: &mut usize) -> Option<Frame<Bytes>> {
    if frames.is_past(*at) {
        return None;
    }
    let data = frames.data(*at);
    *at += 1;
    match data {
        Some(data) => Some(Frame::data(data.clone())),
        None => frames.trailers().cloned().map(Frame::trailers),
    }
}

impl<B> fmt::Debug for ReplayBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &self.kind {
            Kind::Passing { .. } | Kind::Watched { .. } => "passing",
            Kind::Waiting { .. } => "waiting",
            Kind::Recording { .. } => "recording",
            Kind::Replaying { .. } => "replaying",
            Kind::Empty => "empty",
        };
        f.debug_struct("ReplayBody").field("kind", &kind).finish_non_exhaustive()
    }
}
