//! Which errors of clients prove that nobody has begun to work on a request.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use buttress_core::clock::TokioTimer;
use buttress_core::outcome::{Classify, HttpClassify, Outcome, Reached, ReadError};
use buttress_core::sync::Lock;
use buttress_retry::errors::HyperErrors;
use buttress_retry::{Backoff, Budget, Retry};
use buttress_testkit::body::Frames;
use bytes::Bytes;
use h2::Reason;
use http::{Request, Response, Version};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tower::{Layer, ServiceBuilder, ServiceExt};

/// Posts an order that may be sent once only. Gives how often it was, and the status in the end.
async fn post(address: SocketAddr, is_http2: bool) -> (usize, Option<u16>) {
    let attempts = Arc::new(AtomicUsize::new(0));
    let count = attempts.clone();
    let client = Client::builder(TokioExecutor::new())
        .http2_only(is_http2)
        .retry_canceled_requests(false)
        .build_http();
    let client = ServiceBuilder::new()
        .map_request(move |request| {
            count.fetch_add(1, Ordering::SeqCst);
            request
        })
        .service(client);
    let retry = Retry::up_to(3)
        .backoff(Backoff::none())
        .budget(Budget::dangerous_unlimited())
        .classify(HttpClassify::new().also(Arc::new(HyperErrors)))
        .timer(TokioTimer);
    let request = Request::post(format!("http://{address}/")).body(Full::<Bytes>::from("an order"));
    let result = retry.build().unwrap().layer(client).oneshot(request.unwrap()).await;
    (attempts.load(Ordering::SeqCst), result.ok().map(|response| response.status().as_u16()))
}

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

#[tokio::test]
async fn where_nobody_listens_nothing_was_sent() {
    let (listener, address) = listen().await;
    drop(listener);
    assert_eq!(post(address, false).await, (3, None));
}

/// All kinds that hyper-util calls those of its user, from the library itself: a request that can never be sent is no
/// news of the dependency, and is not repeated.
#[tokio::test]
async fn a_request_that_cannot_be_sent_is_the_callers_fault() {
    let (listener, address) = listen().await;
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 1_024]).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
        }
    });
    let there = format!("http://{address}/");
    let get = || Request::get("/").version(Version::HTTP_11);
    for (request, kind) in [
        (get(), "UserAbsoluteUriRequired"),
        (Request::get(&there).version(Version::HTTP_09), "UserUnsupportedVersion"),
        (Request::get(&there).version(Version::HTTP_2), "UserUnsupportedVersion"),
        (
            Request::connect(address.to_string()).version(Version::HTTP_10),
            "UserUnsupportedRequestMethod",
        ),
    ] {
        let request = request.body(Full::<Bytes>::default()).unwrap();
        let client = Client::builder(TokioExecutor::new()).build_http();
        let error = client.request(request).await.unwrap_err();
        assert!(format!("{error:?}").contains(kind), "{error:?}");
        let judged = HyperErrors.read(&error).expect(kind);
        assert_eq!(
            (judged.outcome(), judged.reached()),
            (Outcome::Ignored, Reached::Perhaps),
            "{kind}"
        );
    }
}

#[tokio::test]
async fn an_ever_refusing_server_is_asked_four_times() {
    let (listener, address) = listen().await;
    tokio::spawn(serve(listener, |mut answer, _| answer.send_reset(Reason::REFUSED_STREAM)));
    assert_eq!(post(address, true).await, (4, None));
}

#[tokio::test]
async fn a_refused_stream_is_sent_again_whatever_it_is() {
    let (listener, address) = listen().await;
    tokio::spawn(serve(listener, |mut answer, number| match number {
        1 => answer.send_reset(Reason::REFUSED_STREAM),
        _ => drop(answer.send_response(Response::new(()), true)),
    }));
    assert_eq!(post(address, true).await, (2, Some(200)));
}

#[tokio::test]
async fn a_stream_that_was_reset_for_another_reason_is_not() {
    let (listener, address) = listen().await;
    tokio::spawn(serve(listener, |mut answer, _| answer.send_reset(Reason::INTERNAL_ERROR)));
    assert_eq!(post(address, true).await, (1, None));
}

/// Answers each request as `answer` does, which hears its number.
async fn serve(
    listener: TcpListener,
    answer: impl Fn(h2::server::SendResponse<Bytes>, usize) + Send + Sync + 'static,
) {
    let (answer, number) = (Arc::new(answer), Arc::new(AtomicUsize::new(0)));
    while let Ok((stream, _)) = listener.accept().await {
        let (answer, number) = (answer.clone(), number.clone());
        tokio::spawn(async move {
            let mut connection = h2::server::handshake(stream).await.unwrap();
            while let Some(Ok((_request, respond))) = connection.accept().await {
                answer(respond, number.fetch_add(1, Ordering::SeqCst) + 1);
            }
        });
    }
}

/// The first connection gets this instead of an answer; all others are answered well.
async fn after(first: &'static [u8], listener: TcpListener) {
    let (mut stream, _) = listener.accept().await.unwrap();
    // The preface, and the head of a request. Nothing of it matters.
    read_until_headers(&mut stream).await;
    stream.write_all(SETTINGS).await.unwrap();
    stream.write_all(first).await.unwrap();
    let kept = stream;
    serve(listener, |mut answer, _| drop(answer.send_response(Response::new(()), true))).await;
    drop(kept);
}

/// No settings.
const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];
/// It goes away, and has seen no stream at all.
const GOAWAY_UNSEEN: &[u8] = &[0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
/// Data of no stream: a breach of the protocol, at which h2 itself says that it goes away.
const NONSENSE: &[u8] = &[0, 0, 1, 0, 0, 0, 0, 0, 0, 7];

async fn read_until_headers(stream: &mut TcpStream) {
    let mut seen = vec![0; 24];
    stream.read_exact(&mut seen).await.unwrap();
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await.unwrap();
        let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
        stream.read_exact(&mut vec![0; length]).await.unwrap();
        if head[3] == 1 {
            return;
        }
    }
}

#[tokio::test]
async fn only_a_received_goaway_is_a_licence() {
    let (listener, address) = listen().await;
    tokio::spawn(after(GOAWAY_UNSEEN, listener));
    assert_eq!(post(address, true).await, (2, Some(200)));

    let (listener, address) = listen().await;
    tokio::spawn(after(NONSENSE, listener));
    assert_eq!(post(address, true).await, (1, None));
}

/// A connection that ends without an answer: the order may have been made.
#[tokio::test]
async fn a_connection_that_breaks_is_no_licence() {
    let (listener, address) = listen().await;
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 1_024]).await;
        }
    });
    assert_eq!(post(address, false).await, (1, None));
}

/// Whoever asked has broken it off, and not who was asked.
#[tokio::test]
async fn a_body_that_breaks_off_says_nothing_of_the_other_side() {
    for is_http2 in [false, true] {
        let (listener, address) = listen().await;
        let held = Lock::new(Vec::new());
        if is_http2 {
            tokio::spawn(serve(listener, move |answer, _| held.lock().push(answer)));
        } else {
            tokio::spawn(async move {
                let (mut stream, _) = listener.accept().await.unwrap();
                while stream.read(&mut [0; 1_024]).await.unwrap_or(0) > 0 {}
            });
        }
        let client = Client::builder(TokioExecutor::new()).http2_only(is_http2).build_http();
        let body = Frames::new().data("half of").fail("of the caller").of_unknown_size();
        let request = Request::post(format!("http://{address}/")).body(body).unwrap();
        let error = client.request(request).await.unwrap_err();
        let classify = HttpClassify::new().also(Arc::new(HyperErrors));
        let judged = Classify::<Response<Full<Bytes>>, _>::error(&classify, &error);
        let expected = (Outcome::Ignored, Reached::Perhaps);
        assert_eq!((judged.outcome(), judged.reached()), expected, "{error:?}");
    }
}

#[cfg(feature = "tonic")]
#[test]
fn a_status_of_tonic_is_read_by_code_and_pushback() {
    use buttress_core::clock::ms;
    use buttress_core::outcome::{Advice, Judgement, ReadError};
    use buttress_retry::errors::TonicErrors;
    use tonic::metadata::MetadataMap;
    use tonic::{Code, Status};
    let read = |status: &Status| TonicErrors.read(status);
    let outcome = |code| read(&Status::new(code, "")).unwrap().outcome();
    assert_eq!(outcome(Code::Unavailable), Outcome::Failure);
    assert_eq!(outcome(Code::ResourceExhausted), Outcome::Throttled);
    assert_eq!(outcome(Code::NotFound), Outcome::Success);
    let pushback = |millis: &str| {
        let mut metadata = MetadataMap::new();
        metadata.insert("grpc-retry-pushback-ms", millis.parse().unwrap());
        read(&Status::with_metadata(Code::Unavailable, "", metadata)).unwrap().advice()
    };
    assert_eq!(pushback("250"), Advice::After(ms(250)));
    assert_eq!(pushback("-1"), Advice::Never);
    // What was made of another error is left to that one.
    let io = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
    assert_eq!(read(&Status::from_error(Box::new(io))).map(Judgement::outcome), None);
}
