//! Over real connections.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use buttress_core::clock::TokioTimer;
use buttress_core::outcome::HttpClassify;
use buttress_core::sync::Lock;
use buttress_retry::{Backoff, Budget, Repeatable, ReplayBody, Retry};
use bytes::Bytes;
use http::{HeaderMap, Request, Response, Version};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;
use tower::{Layer, ServiceExt};

/// What a server has seen of each request: the length it was announced with, what came, and the trailers.
type Seen = Arc<Lock<Vec<(Option<String>, Bytes, Option<HeaderMap>)>>>;

/// Answers 503 to the first two requests, after it has read them, and then 200.
async fn server(version: Version) -> (SocketAddr, Seen) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let (address, seen) = (listener.local_addr().unwrap(), Seen::default());
    let noted = seen.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let noted = noted.clone();
            let answer = service_fn(move |request| answer(request, noted.clone()));
            let stream = TokioIo::new(stream);
            tokio::spawn(async move {
                if version == Version::HTTP_2 {
                    let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                    let _ = server.serve_connection(stream, answer).await;
                } else {
                    let server = hyper::server::conn::http1::Builder::new();
                    let _ = server.serve_connection(stream, answer).await;
                }
            });
        }
    });
    (address, seen)
}

async fn answer(
    request: Request<Incoming>,
    seen: Seen,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap();
    let trailers = body.trailers().cloned();
    let length = head.headers.get("content-length").map(|l| l.to_str().unwrap().to_owned());
    let mut seen = seen.lock();
    seen.push((length, body.to_bytes(), trailers));
    let status = if seen.len() < 3 { 503 } else { 200 };
    Ok(Response::builder().status(status).body(Full::default()).unwrap())
}

pub fn client<B>(
    version: Version,
) -> Retry<Client<HttpConnector, ReplayBody<B>>, HttpClassify, TokioTimer>
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let client = Client::builder(TokioExecutor::new())
        .http2_only(version == Version::HTTP_2)
        .retry_canceled_requests(false)
        .build(HttpConnector::new());
    let retry = Retry::up_to(3).backoff(Backoff::none()).budget(Budget::dangerous_unlimited());
    retry.timer(TokioTimer).build().unwrap().layer(client)
}

async fn send<B>(
    version: Version,
    body: B,
) -> (u16, Vec<(Option<String>, Bytes, Option<HeaderMap>)>)
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let (address, seen) = server(version).await;
    let request = Request::post(format!("http://{address}/")).extension(Repeatable).body(body);
    let response = client(version).oneshot(request.unwrap()).await.unwrap();
    let seen = seen.lock().clone();
    (response.status().as_u16(), seen)
}

#[tokio::test]
async fn a_body_is_sent_again_with_its_length() {
    for version in [Version::HTTP_11, Version::HTTP_2] {
        let (status, seen) = send(version, Full::from("a whole order")).await;
        assert_eq!(status, 200);
        assert_eq!(seen, vec![(Some("13".into()), "a whole order".into(), None); 3], "{version:?}");
    }
}

#[tokio::test]
async fn an_empty_body_stays_empty() {
    let (status, seen) = send(Version::HTTP_11, Full::<Bytes>::default()).await;
    assert_eq!(status, 200);
    assert_eq!(seen, vec![(None, Bytes::new(), None); 3], "as hyper sends an empty one");
}

/// A body that says how long it is, and not that it has ended: HTTP/1.1 drops it when it has its bytes.
struct Quiet {
    data: Option<Bytes>,
    length: u64,
    polls: Arc<AtomicUsize>,
}

impl Body for Quiet {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.polls.fetch_add(1, Ordering::SeqCst);
        Poll::Ready(self.data.take().map(|data| Ok(Frame::data(data))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length)
    }
}

#[tokio::test]
async fn a_body_complete_by_its_length_is_whole() {
    let polls = Arc::new(AtomicUsize::new(0));
    let body = Quiet { data: Some("seven b".into()), length: 7, polls: polls.clone() };
    let (status, seen) = send(Version::HTTP_11, body).await;
    assert_eq!(polls.load(Ordering::SeqCst), 1, "nobody looked whether more comes");
    assert_eq!(status, 200);
    assert_eq!(seen, vec![(Some("7".into()), "seven b".into(), None); 3]);
}

#[tokio::test]
async fn trailers_are_sent_again() {
    let sum = HeaderMap::from_iter([(http::HeaderName::from_static("x-sum"), 7.into())]);
    for version in [Version::HTTP_11, Version::HTTP_2] {
        let frames = [
            Frame::data(Bytes::from("one")),
            Frame::data("two".into()),
            Frame::trailers(sum.clone()),
        ];
        let frames = frames.into_iter().map(Ok::<_, Infallible>);
        let body = StreamBody::new(Frames(frames));
        let (address, seen) = server(version).await;
        let request = Request::post(format!("http://{address}/")).extension(Repeatable);
        // HTTP/1.1 sends those trailers alone that are announced.
        let request =
            request.header("trailer", "x-sum").header("te", "trailers").body(body).unwrap();
        let response = client(version).oneshot(request).await.unwrap();
        assert_eq!(response.status(), 200);
        let expected = (None, Bytes::from("onetwo"), Some(sum.clone()));
        assert_eq!(*seen.lock(), vec![expected; 3], "{version:?}");
    }
}

/// An iterator as a stream.
struct Frames<I>(I);

impl<I: Iterator + Unpin> futures_core::Stream for Frames<I> {
    type Item = I::Item;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<I::Item>> {
        Poll::Ready(self.0.next())
    }
}

/// A server that answers before it has read what is sent, as one does that refuses a large upload.
#[tokio::test]
async fn an_early_answer_is_not_repeated() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let count = count.clone();
            let answer = service_fn(move |request: Request<Incoming>| {
                count.fetch_add(1, Ordering::SeqCst);
                drop(request);
                let busy = Response::builder().status(503).body(Full::<Bytes>::default());
                std::future::ready(busy)
            });
            let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            tokio::spawn(server.serve_connection(TokioIo::new(stream), answer));
        }
    });
    // It never ends by itself.
    let body = buttress_testkit::body::Frames::new().data("half of it").hold().of_unknown_size();
    let request = Request::post(format!("http://{address}/")).extension(Repeatable).body(body);
    let response = client(Version::HTTP_2).oneshot(request.unwrap()).await.unwrap();
    assert_eq!((response.status().as_u16(), asked.load(Ordering::SeqCst)), (503, 1));
}
