//! What the tests of the wall share: a dependency in memory, and one on a socket.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request as Incoming;
use buttress::retry::ReplayBody;
use buttress::sync::Lock;
use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::Full;
use tokio::net::TcpListener;
use tower::{Service, service_fn};

/// What goes out.
pub(super) type Sent = Request<Full<Bytes>>;

pub(super) fn get() -> Sent {
    Request::new(Full::default())
}

pub(super) fn answer(status: u16) -> Response<Full<Bytes>> {
    Response::builder().status(status).body(Full::default()).unwrap()
}

/// What comes of it; to wait for ever is a failure, and on paused time that is soon.
pub(super) async fn in_time<F: Future>(future: F) -> F::Output {
    let waited = tokio::time::timeout(Duration::from_secs(600), future).await;
    waited.unwrap()
}

/// How often it was asked.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked(Arc<AtomicUsize>);

impl Asked {
    pub(super) fn times(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    pub(super) fn once_more(&self) -> usize {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }
}

/// Answers at once, with the status that is said for this time of asking.
pub(super) fn dependency<F: Fn(usize) -> u16 + Clone + Send + Sync + 'static>(
    asked: &Asked,
    status: F,
) -> impl Service<
    Request<ReplayBody<Full<Bytes>>>,
    Response = Response<Full<Bytes>>,
    Error = Infallible,
    Future: Send,
> + Clone
+ use<F> {
    let asked = asked.clone();
    service_fn(move |_: Request<ReplayBody<Full<Bytes>>>| {
        let answer = answer(status(asked.once_more()));
        async move { Ok(answer) }
    })
}

/// Headers and body of each request that came over the wire.
pub(super) type Seen = Arc<Lock<Vec<(HeaderMap, Bytes)>>>;

/// A dependency on a socket, which answers with the status that is said for this time of asking.
pub(super) async fn server(
    status: impl Fn(usize) -> u16 + Clone + Send + Sync + 'static,
) -> (SocketAddr, Seen) {
    let seen = Seen::default();
    let noted = seen.clone();
    let app = Router::new().fallback(move |request: Incoming| {
        let (noted, status) = (noted.clone(), status.clone());
        async move {
            let (head, body) = request.into_parts();
            let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
            let mut noted = noted.lock();
            noted.push((head.headers, body));
            let status = status(noted.len());
            Response::builder().status(status).body(Body::from("an answer")).unwrap()
        }
    });
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    (address, seen)
}
