use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::task::{Context, Poll};

use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::link::Flight;

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
