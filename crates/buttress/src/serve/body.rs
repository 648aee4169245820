use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use buttress_core::clock::{Clock, Moment, TokioClock};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use super::alarm::Alarm;
use super::body_error::BodyError;
use super::cause::Cause;
use super::limits::Timeouts;
use super::link::Link;
use super::pace::Patience;

/// The body of a request, as the server gives it to the application.
///
/// Where the application waits for it, the client has to send: at the rate that the settings ask for, or the
/// body ends with a [`BodyError`].
///
/// ```
/// use bytes::Bytes;
/// use buttress::serve::RequestBody;
/// use http_body::Body;
///
/// // For tests of a service: a body that is all there.
/// let body = RequestBody::from(Bytes::from("hello"));
/// assert_eq!(body.size_hint().exact(), Some(5));
/// ```
pub struct RequestBody {
    from: Origin,
}

enum Origin {
    Client { body: Incoming, watch: Option<Watch> },
    Here(Option<Bytes>),
}

/// Watches a client that owes a body.
struct Watch {
    patience: Patience,
    /// Made when the body is waited for first.
    alarm: Option<Pin<Box<Alarm>>>,
    clock: TokioClock,
    link: Arc<Link>,
}

impl RequestBody {
    pub(super) fn new(
        body: Incoming,
        timeouts: Option<Timeouts>,
        clock: TokioClock,
        link: &Arc<Link>,
    ) -> Self {
        let timeouts = timeouts.filter(|_| !body.is_end_stream());
        let watch = timeouts.map(|timeouts| Watch {
            patience: Patience::new(timeouts.stall, timeouts.rate),
            alarm: None,
            clock,
            link: link.clone(),
        });
        Self { from: Origin::Client { body, watch } }
    }
}

impl From<Bytes> for RequestBody {
    fn from(bytes: Bytes) -> Self {
        Self { from: Origin::Here(Some(bytes).filter(|bytes| !bytes.is_empty())) }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let (body, watch) = match &mut self.from {
            Origin::Client { body, watch } => (body, watch),
            Origin::Here(bytes) => {
                return Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes))));
            }
        };
        let polled = Pin::new(body).poll_frame(cx);
        let Some(watching) = watch else { return polled.map(mapped) };
        match polled {
            Poll::Ready(None) => {
                *watch = None;
                Poll::Ready(None)
            }
            Poll::Ready(frame) => {
                if frame.as_ref().is_some_and(Result::is_err) {
                    watching.link.make_last();
                }
                let data = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref());
                watching.moved(data.map_or(0, Bytes::len));
                Poll::Ready(mapped(frame))
            }
            Poll::Pending => match watching.poll(cx) {
                Poll::Ready(()) => {
                    // Over, or who goes on after an error would wait unwatched.
                    self.from = Origin::Here(None);
                    Poll::Ready(Some(Err(BodyError::too_slow())))
                }
                Poll::Pending => Poll::Pending,
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.from {
            Origin::Client { body, .. } => body.is_end_stream(),
            Origin::Here(bytes) => bytes.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.from {
            Origin::Client { body, .. } => body.size_hint(),
            Origin::Here(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
            }
        }
    }
}

/// What is left of a body and no longer than this has mostly come with its head: the library takes it by the way, and
/// the connection goes on.
const BY_THE_WAY: u64 = 4_096;

impl Drop for Origin {
    /// Behind a body that nobody reads to its end the library closes the connection: so the answer should say it.
    fn drop(&mut self) {
        if let Self::Client { body, watch: Some(watch) } = self
            && !body.is_end_stream()
            && body.size_hint().exact().is_none_or(|left| left > BY_THE_WAY)
        {
            watch.link.make_last();
        }
    }
}

type Polled<E> = Option<Result<Frame<Bytes>, E>>;

fn mapped(frame: Polled<hyper::Error>) -> Polled<BodyError> {
    frame.map(|frame| frame.map_err(BodyError::broke_off))
}

impl Watch {
    fn moved(&mut self, bytes: usize) {
        // Who was never waited for needs no clock.
        if self.patience.end().is_none() {
            return;
        }
        let now = self.clock.now();
        self.patience.moved(now, bytes as u64);
        self.patience.rests(now);
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let now = self.clock.now();
        self.patience.waits(now);
        let end = self.patience.end().unwrap_or(Moment::LAST);
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(Alarm::new(self.clock)));
        let over = alarm.as_mut().poll_until(end, now, cx);
        if over.is_ready() {
            self.link.limited(Cause::SlowBody);
            self.link.make_last();
        }
        over
    }
}

impl fmt::Debug for RequestBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestBody").field("size", &self.size_hint()).finish_non_exhaustive()
    }
}
