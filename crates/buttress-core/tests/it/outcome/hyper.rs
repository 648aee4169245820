//! The same over connections of hyper: whatever it polls, and whatever it leaves.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use buttress_core::outcome::{BodyKind, HttpClassify, JudgedBody};
use buttress_core::sync::Shared;
use buttress_testkit::body::Frames;
use buttress_testkit::mock::MockError;
use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::DuplexStream;

use super::{Teller, Told, headers};

#[derive(Clone, Copy, Debug)]
enum Version {
    Http1,
    Http2,
}

/// What the client collected, and whether all came.
type Collected = Result<http_body_util::Collected<Bytes>, hyper::Error>;

/// Serves one response with this body, judged on the server's side, and once more on the client's.
async fn exchange<B>(version: Version, kind: BodyKind, make: fn() -> B) -> (Collected, Told, Told)
where
    B: Body<Data = Bytes, Error: std::error::Error + Send + Sync> + Send + 'static,
{
    let (near, far) = tokio::io::duplex(64 * 1_024);
    let (served, received) = (Told::default(), Told::default());
    let told = served.clone();
    let service = hyper::service::service_fn(move |_: Request<Incoming>| {
        let body = judged(make(), kind, &told);
        async move { Ok::<_, Infallible>(Response::new(body)) }
    });
    let io = TokioIo::new(far);
    let serving = async move {
        // A body that breaks off breaks the connection, too: the test looks at what was told.
        match version {
            Version::Http1 => {
                let builder = hyper::server::conn::http1::Builder::new();
                let _ = builder.serve_connection(io, service).await;
            }
            Version::Http2 => {
                let builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                let _ = builder.serve_connection(io, service).await;
            }
        }
    };
    let asking = async {
        let response = ask(version, near).await;
        judged(response.into_body(), kind, &received).collect().await
    };
    let (collected, ()) = tokio::join!(asking, serving);
    (collected, served, received)
}

fn judged<B: Body>(body: B, kind: BodyKind, told: &Told) -> JudgedBody<B, HttpClassify, Teller> {
    JudgedBody::following(body, &Shared::new(HttpClassify::new()), kind, told.ticket())
}

/// Sends one request, on a connection that ends with its response.
async fn ask(version: Version, io: DuplexStream) -> Response<Incoming> {
    let (io, request) =
        (TokioIo::new(io), Request::get("http://a/").body(Empty::<Bytes>::new()).unwrap());
    match version {
        Version::Http1 => {
            let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
            tokio::spawn(connection);
            sender.send_request(request).await.unwrap()
        }
        Version::Http2 => {
            let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), io);
            let (mut sender, connection) = handshake.await.unwrap();
            tokio::spawn(connection);
            sender.send_request(request).await.unwrap()
        }
    }
}

const BOTH: [Version; 2] = [Version::Http1, Version::Http2];

#[tokio::test]
async fn a_full_body_settles_with_its_last_frame() {
    for version in BOTH {
        let (collected, served, received) =
            exchange(version, BodyKind::Other, || Full::<Bytes>::from("hello")).await;
        assert_eq!(collected.unwrap().to_bytes(), "hello");
        assert_eq!(served.so_far(), ["headed", "progressed", "success"], "{version:?}");
        assert_eq!(received.so_far(), ["headed", "progressed", "success"], "{version:?}");
    }
}

#[tokio::test]
async fn an_empty_body_settles_when_it_comes() {
    for version in BOTH {
        let (collected, served, received) =
            exchange(version, BodyKind::Other, Full::<Bytes>::default).await;
        assert_eq!(collected.unwrap().to_bytes(), "");
        assert_eq!(served.so_far(), ["headed", "success"], "{version:?}");
        assert_eq!(received.so_far(), ["headed", "success"], "{version:?}");
    }
}

#[tokio::test]
async fn a_stream_settles_at_its_end() {
    for version in BOTH {
        let stream = || Frames::new().data("one").data("two").of_unknown_size();
        let (collected, served, received) = exchange(version, BodyKind::Other, stream).await;
        assert_eq!(collected.unwrap().to_bytes(), "onetwo");
        assert_eq!(served.so_far(), ["headed", "progressed", "success"], "{version:?}");
        assert_eq!(received.so_far(), ["headed", "progressed", "success"], "{version:?}");
    }
}

#[tokio::test]
async fn a_status_in_trailers_is_the_verdict() {
    for (code, outcome) in [("0", "success"), ("14", "failure")] {
        let stream: fn() -> Frames = match code {
            "0" => || Frames::new().data("one").trailers(headers(&[("grpc-status", "0")])),
            _ => || Frames::new().data("one").trailers(headers(&[("grpc-status", "14")])),
        };
        let (collected, served, received) = exchange(Version::Http2, BodyKind::Grpc, stream).await;
        assert!(collected.unwrap().trailers().is_some());
        assert_eq!(served.so_far(), ["headed", "progressed", outcome]);
        assert_eq!(received.so_far(), ["headed", "progressed", outcome]);
    }
}

/// Lets hyper send what it has before each frame.
struct Slowly(Frames, u8);

impl Body for Slowly {
    type Data = Bytes;
    type Error = MockError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, MockError>>> {
        self.1 = (self.1 + 1) % 32;
        if self.1 > 0 {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Pin::new(&mut self.0).poll_frame(cx)
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_a_failure() {
    for version in BOTH {
        let stream = || Slowly(Frames::new().data("one").fail("disk").of_unknown_size(), 0);
        let (collected, served, received) = exchange(version, BodyKind::Other, stream).await;
        assert!(collected.is_err());
        assert_eq!(served.so_far(), ["headed", "progressed", "failure"], "{version:?}");
        assert_eq!(received.so_far().last(), Some(&"failure"), "{version:?}");
    }
}
