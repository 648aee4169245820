use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Buf;
use http::header::CONTENT_LENGTH;
use http::{Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::app::BoxError;
use super::failure::{CutShort, Failure};
use super::piece::{Piece, Way};

pin_project! {
    /// The body of a response: the application's, or nothing.
    ///
    /// Of an answer over HTTP/2 there is no more until most of what was handed over is taken, and no end either: who
    /// watches over its reader can do nothing about it once the library has all of it.
    pub(super) struct ResponseBody<B> {
        #[pin]
        app: Option<B>,
        way: Option<Way>,
        // What its client was promised, and has not been given.
        owed: Option<u64>,
    }
}

impl<B> ResponseBody<B> {
    pub(super) fn new(app: Option<B>, way: Way, owed: Option<u64>) -> Self {
        Self { app, way: Some(way), owed }
    }
}

/// How many bytes a response promises: the library says what the body says where no field does.
pub(super) fn promised<B: Body>(response: &Response<Option<B>>) -> Option<u64> {
    if matches!(response.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
        return None;
    }
    match response.headers().get(CONTENT_LENGTH) {
        Some(length) => length.to_str().ok()?.parse().ok(),
        None => response.body().as_ref()?.size_hint().exact(),
    }
}

impl<B: Body<Error: Into<BoxError>>> Body for ResponseBody<B> {
    type Data = Piece<B::Data>;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, BoxError>>> {
        let this = self.project();
        let Some(mut app) = this.app.as_pin_mut() else { return Poll::Ready(None) };
        if let Some(Way::Shared(turn)) = this.way {
            if !turn.has_room(cx) {
                return Poll::Pending;
            }
            // Its end had to wait.
            if app.is_end_stream() {
                return Poll::Ready(None);
            }
            turn.ours();
        }
        let frame = ready!(app.as_mut().poll_frame(cx)).map(|frame| frame.map_err(Into::into));
        if let (Some(Err(error)), Some(way)) = (&frame, &this.way) {
            way.link().failed(Failure::Body, &**error);
        }
        if let (Some(Ok(frame)), Some(owed)) = (&frame, &mut *this.owed) {
            *owed = owed.saturating_sub(frame.data_ref().map_or(0, |data| data.remaining() as u64));
        }
        let last = app.is_end_stream() || !matches!(frame, Some(Ok(_)));
        if last && let Some(way) = this.way {
            way.flight().answered();
            if let Some(owed @ 1..) = this.owed.take()
                && !matches!(frame, Some(Err(_)))
            {
                way.link().failed(Failure::Body, &CutShort(owed));
            }
        }
        let piece = |data| Piece::new(data, last, this.way);
        Poll::Ready(frame.map(|frame| frame.map(|frame| frame.map_data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        let full = matches!(&self.way, Some(Way::Shared(turn)) if turn.is_full());
        !full && self.app.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.app.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}
