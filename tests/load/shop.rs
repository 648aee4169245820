//! What the servers serve.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::routing::{get, post};
use axum::{Extension, Router};
use buttress::serve::Shutdown;
use bytes::Bytes;
use http::StatusCode;
use http_body::Frame;
use http_body_util::BodyExt;
use tokio::sync::mpsc;

use super::pause;

pub(super) fn shop() -> Router {
    Router::new()
        .route("/", get(|| async { "hello" }))
        .route("/echo", post(echo))
        .route("/slow", get(slow))
        .route("/events", get(events))
        .route("/endless", get(|| async { Body::new(Endless::default()) }))
}

async fn echo(body: Body) -> Result<Bytes, StatusCode> {
    let body = body.collect().await.map_err(|_| StatusCode::REQUEST_TIMEOUT)?;
    Ok(body.to_bytes())
}

/// Ten pieces, one after the other.
async fn slow() -> Body {
    stream(|send| async move {
        for _ in 0..10 {
            send.send(Bytes::from_static(b"piece ")).ok();
            pause(Duration::from_millis(15)).await;
        }
    })
}

/// Events until the server closes, and a word of farewell.
async fn events(Extension(shutdown): Extension<Shutdown>) -> Body {
    stream(|send| async move {
        loop {
            tokio::select! {
                () = shutdown.closing() => break,
                () = pause(Duration::from_millis(20)) => {}
            }
            if send.send(Bytes::from_static(b"data: news\n\n")).is_err() {
                return;
            }
        }
        send.send(Bytes::from_static(b"data: bye\n\n")).ok();
    })
}

fn stream<F>(write: impl FnOnce(mpsc::UnboundedSender<Bytes>) -> F) -> Body
where
    F: Future<Output = ()> + Send + 'static,
{
    let (send, receive) = mpsc::unbounded_channel();
    tokio::spawn(write(send));
    Body::new(Stream(receive))
}

struct Stream(mpsc::UnboundedReceiver<Bytes>);

impl http_body::Body for Stream {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(cx).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }
}

/// Never ends, and counts what was taken of it.
#[derive(Clone, Default)]
pub(crate) struct Endless(pub(crate) Arc<AtomicUsize>);

impl http_body::Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = Bytes::from_static(&[b'x'; 16_384]);
        self.0.fetch_add(piece.len(), Relaxed);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }
}
