use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use buttress_core::clock::{Alarm, Timer};
use buttress_core::{Code, Problem};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

/// How long a body may take.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bounds {
    pub(super) idle: Option<Duration>,
    pub(super) whole: Option<Duration>,
}

pin_project! {
    /// A body whose frames come in time, or not at all. Made by a [`BodyTimeoutLayer`](super::BodyTimeoutLayer).
    ///
    /// Frames, hints and trailers pass untouched.
    pub struct TimedBody<B, T: Timer> {
        // Until its time is over.
        #[pin]
        inner: Option<B>,
        #[pin]
        idle: Alarm<T>,
        #[pin]
        whole: Alarm<T>,
        bounds: Bounds,
        timer: T,
    }
}

impl<B, T: Timer> TimedBody<B, T> {
    pub(super) fn new(inner: B, bounds: Bounds, timer: T) -> Self {
        let (idle, whole) = (Alarm::unarmed(), Alarm::unarmed());
        Self { inner: Some(inner), idle, whole, bounds, timer }
    }
}

impl<B: Body, T: Timer> Body for TimedBody<B, T> {
    type Data = B::Data;
    type Error = BodyError<B::Error>;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, Self::Error>>> {
        let mut this = self.project();
        let Some(inner) = this.inner.as_mut().as_pin_mut() else { return Poll::Ready(None) };
        if let Poll::Ready(frame) = inner.poll_frame(cx) {
            this.idle.disarm();
            return Poll::Ready(frame.map(|frame| frame.map_err(BodyError::Inner)));
        }
        let timer = &*this.timer;
        let mut rings = |alarm: Pin<&mut Alarm<T>>, time: Option<Duration>| {
            time.is_some_and(|time| alarm.poll(timer, || time, cx).is_ready())
        };
        if rings(this.idle.as_mut(), this.bounds.idle)
            || rings(this.whole.as_mut(), this.bounds.whole)
        {
            // Here, and not with the body around, which may live on: it holds a connection.
            this.inner.set(None);
            return Poll::Ready(Some(Err(BodyError::TimedOut(Problem::new(Code::TIMED_OUT)))));
        }
        Poll::Pending
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl<B: fmt::Debug, T: Timer> fmt::Debug for TimedBody<B, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimedBody")
            .field("inner", &self.inner)
            .field("bounds", &self.bounds)
            .finish_non_exhaustive()
    }
}

/// Why a [`TimedBody`] broke off.
#[derive(Debug)]
#[non_exhaustive]
pub enum BodyError<E> {
    /// The body itself did.
    Inner(E),
    /// The next frame, or the end, did not come in time.
    TimedOut(Problem),
}

impl<E: fmt::Display> fmt::Display for BodyError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inner(error) => error.fmt(f),
            Self::TimedOut(_) => f.write_str("the body did not come in time"),
        }
    }
}

impl<E: Error + 'static> Error for BodyError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            // It is shown as if it stood here itself.
            Self::Inner(error) => error.source(),
            Self::TimedOut(problem) => Some(problem),
        }
    }
}
