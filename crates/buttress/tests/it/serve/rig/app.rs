use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Extension;
use axum::routing::{get, post};
use buttress::serve::Shutdown;
use buttress_testkit::paused::pass;
use bytes::Bytes;
use http::{Response, StatusCode};
use http_body_util::BodyExt;
use tokio::sync::mpsc;

use super::seconds;

/// Says hello, gives the body back, works for a while, never answers, streams without an end.
pub(in crate::serve) fn app() -> Router {
    Router::new()
        .route("/", get(|| async { "hello" }))
        .route("/echo", post(echo))
        .route(
            "/work",
            get(|| async {
                pass(seconds(20)).await;
                "done"
            }),
        )
        .route("/stuck", get(std::future::pending::<&'static str>))
        .route("/endless", get(|| async { Body::new(Endless) }))
        .route("/events", get(events))
        .route("/ticks", get(ticks))
        .route("/panic", get(panics))
}

async fn panics() -> &'static str {
    panic!("the handler panicked")
}

async fn echo(body: Body) -> Result<Bytes, StatusCode> {
    match body.collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT),
    }
}

/// Data as fast as it is taken.
struct Endless;

impl http_body::Body for Endless {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        Poll::Ready(Some(Ok(http_body::Frame::data(Bytes::from_static(&[b'x'; 4_096])))))
    }
}

/// A stream that is silent until the server closes, and says so.
async fn events(Extension(shutdown): Extension<Shutdown>) -> Response<Body> {
    let (mut events, body) = channel();
    tokio::spawn(async move {
        events.send(Bytes::from_static(b"data: open\n\n"));
        shutdown.closing().await;
        events.send(Bytes::from_static(b"data: bye\n\n"));
    });
    Response::builder().header("content-type", "text/event-stream").body(Body::new(body)).unwrap()
}

/// A hundred bytes, a hundred times a second.
async fn ticks() -> Body {
    let (mut ticks, body) = channel();
    tokio::spawn(async move {
        while !ticks.0.is_closed() {
            ticks.send(Bytes::from_static(&[b't'; 100]));
            pass(Duration::from_millis(10)).await;
        }
    });
    Body::new(body)
}

struct Events(mpsc::UnboundedSender<Bytes>);

impl Events {
    fn send(&mut self, event: Bytes) {
        drop(self.0.send(event));
    }
}

struct EventBody(mpsc::UnboundedReceiver<Bytes>);

fn channel() -> (Events, EventBody) {
    let (send, receive) = mpsc::unbounded_channel();
    (Events(send), EventBody(receive))
}

impl http_body::Body for EventBody {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        self.0.poll_recv(cx).map(|event| event.map(|event| Ok(http_body::Frame::data(event))))
    }
}
