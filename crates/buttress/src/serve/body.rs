use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::task::{Context, Poll};

use buttress_core::clock::{Clock, Moment, TokioClock};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use pin_project_lite::pin_project;

use super::alarm::Alarm;
use super::cause::Cause;
use super::limits::Timeouts;
use super::link::{Flight, Link};
use super::pace::Patience;

type BoxError = Box<dyn Error + Send + Sync>;

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
            Poll::Ready(frame) => {
                let data = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref());
                watching.moved(data.map_or(0, Bytes::len));
                Poll::Ready(mapped(frame))
            }
            Poll::Pending => match watching.poll(cx) {
                Poll::Ready(()) => {
                    *watch = None;
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

type Polled<E> = Option<Result<Frame<Bytes>, E>>;

fn mapped(frame: Polled<hyper::Error>) -> Polled<BodyError> {
    frame.map(|frame| frame.map_err(|source| BodyError { source: Some(source.into()) }))
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
        if self.patience.end().is_none() {
            self.patience.waits(self.clock.now());
        }
        let end = self.patience.end().unwrap_or(Moment::LAST);
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(Alarm::new(self.clock)));
        let over = alarm.as_mut().poll_until(end, cx);
        if over.is_ready() {
            self.link.limited(Cause::SlowBody);
        }
        over
    }
}

impl fmt::Debug for RequestBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestBody").field("size", &self.size_hint()).finish_non_exhaustive()
    }
}

/// A request body broke off: the connection failed, the client reset the stream, or was too slow.
///
/// ```
/// use buttress::serve::BodyError;
///
/// fn status(error: &BodyError) -> u16 {
///     if error.is_too_slow() { 408 } else { 400 }
/// }
/// # let _ = status;
/// ```
#[derive(Debug)]
pub struct BodyError {
    source: Option<BoxError>,
}

impl BodyError {
    fn too_slow() -> Self {
        Self { source: None }
    }

    /// Whether a limit of the server ended it.
    #[must_use]
    pub fn is_too_slow(&self) -> bool {
        self.source.is_none()
    }
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.source {
            Some(_) => "the request body broke off",
            None => "the request body came too slowly",
        })
    }
}

impl Error for BodyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| &**source as _)
    }
}

/// Whose turn it is with the answer of one stream, and how much of it was handed over.
#[derive(Debug, Default)]
pub(super) struct Turn {
    peers: AtomicBool,
    bytes: AtomicU64,
}

impl Turn {
    /// The library asks for more: it has room, so the peer takes what there is.
    fn ours(&self) {
        self.peers.store(false, Release);
    }

    /// Data was handed over: the library asks again when the peer has made room.
    fn theirs(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Relaxed);
        self.peers.store(true, Release);
    }

    pub(super) fn is_theirs(&self) -> bool {
        self.peers.load(Acquire)
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Relaxed)
    }
}

pin_project! {
    /// The body of a response: the application's, or nothing. It is under way until it is dropped.
    pub(super) struct ResponseBody<B> {
        #[pin]
        app: Option<B>,
        turn: Option<Arc<Turn>>,
        flight: Flight,
    }
}

impl<B> ResponseBody<B> {
    pub(super) fn new(app: Option<B>, turn: Option<Arc<Turn>>, flight: Flight) -> Self {
        Self { app, turn, flight }
    }
}

impl<B: Body> Body for ResponseBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.project();
        let Some(app) = this.app.as_pin_mut() else { return Poll::Ready(None) };
        if let Some(turn) = this.turn {
            turn.ours();
        }
        let polled = app.poll_frame(cx);
        if let (Some(turn), Poll::Ready(Some(Ok(frame)))) = (this.turn, &polled) {
            turn.theirs(frame.data_ref().map_or(0, bytes::Buf::remaining));
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.app.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.app.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}
