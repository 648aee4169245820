//! What only HTTP/2 has: streams that do not touch each other, and floods of frames.

use buttress_testkit::paused::pass;
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};

use super::rig::{Rig, request, seconds, server};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
/// `GET /` of `test`, by static entries and literals: `:method GET`, `:scheme http`, `:path /`, `:authority`.
const HEAD: &[u8] = &[0x82, 0x86, 0x84, 0x41, 4, b't', b'e', b's', b't'];

fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags, 0, 0, 0, stream], payload].concat()
}

/// Sends a frame again and again, and reads what comes, until the server closes. Says how many it took.
async fn flood(rig: &Rig, first: Vec<u8>, again: impl Fn(u32) -> Vec<u8>) -> u32 {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let (mut reader, mut writer) = tokio::io::split(rig.connect().pipe);
    let reading = tokio::spawn(async move {
        let mut all = Vec::new();
        drop(reader.read_to_end(&mut all).await);
    });
    writer.write_all(PREFACE).await.unwrap();
    writer.write_all(&first).await.unwrap();
    let mut sent = 0;
    while sent < 100_000 && !reading.is_finished() {
        if writer.write_all(&again(sent)).await.is_err() {
            break;
        }
        sent += 1;
        tokio::task::yield_now().await;
    }
    sent
}

#[tokio::test(start_paused = true)]
async fn floods_of_frames_that_bring_nothing_are_ended() {
    let rig = Rig::of(server());
    let open = frame(1, 4, 1, &[&[0x83], &HEAD[1..]].concat());
    let begin = frame(1, 0, 1, HEAD);
    let ping = flood(&rig, Vec::new(), |n| frame(6, 0, 0, &u64::from(n).to_be_bytes())).await;
    let settings = flood(&rig, Vec::new(), |_| frame(4, 0, 0, &[])).await;
    let empty_data = flood(&rig, open, |_| frame(0, 0, 1, &[])).await;
    let continuation = flood(&rig, begin, |_| frame(9, 0, 1, &[])).await;
    let priority = flood(&rig, Vec::new(), |_| frame(2, 0, 3, &[0, 0, 0, 0, 1])).await;
    let resets = flood(&rig, Vec::new(), |n| {
        let stream = u8::try_from(2 * (n % 100) + 1).unwrap();
        [frame(1, 4, stream, HEAD), frame(3, 0, stream, &[0, 0, 0, 8])].concat()
    })
    .await;
    for sent in [ping, settings, empty_data, continuation, priority, resets] {
        assert!(
            (1..=400).contains(&sent),
            "{:?}",
            [ping, settings, empty_data, continuation, priority, resets]
        );
    }
    let mut honest = rig.http2().await;
    assert_eq!(honest.send_request(request("/")).await.unwrap().status(), 200);
    drop(rig);
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_loses_its_stream_and_the_others_go_on() {
    let rig = Rig::of(server());
    let mut client = rig.http2().await;
    let stalled = client.send_request(request("/endless")).await.unwrap();
    for _ in 0..10 {
        let answer = client.send_request(request("/")).await.unwrap();
        assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "hello");
        pass(seconds(5)).await;
    }
    // What was on its way is there; then comes a reset.
    let mut stalled = stalled.into_body();
    let mut taken = 0;
    while let Some(Ok(frame)) = stalled.frame().await {
        taken += frame.data_ref().map_or(0, Bytes::len);
        // The windows of a client of hyper hold some megabytes.
        assert!(taken < 16 << 20, "it goes on");
    }
    assert_eq!(client.send_request(request("/")).await.unwrap().status(), 200);
    drop(client);
    let report = rig.end().await;
    assert_eq!((report.connections(), report.requests()), (1, 12));
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_says_goodbye() {
    let rig = Rig::of(server());
    let mut client = rig.http2().await;
    assert_eq!(client.send_request(request("/work")).await.unwrap().status(), 200);
    pass(seconds(74)).await;
    assert!(client.ready().await.is_ok());
    pass(seconds(2)).await;
    assert!(client.ready().await.is_err());
    drop(rig);
}

/// The stream ends in a task of its own, of which its connection has to hear.
#[tokio::test(start_paused = true)]
async fn an_idle_connection_counts_from_the_end_of_its_last_stream() {
    let rig = Rig::of(server());
    let mut client = rig.http2().await;
    let asking = tokio::spawn(client.send_request(request("/stuck")));
    pass(seconds(3)).await;
    asking.abort();
    pass(seconds(74)).await;
    assert!(client.ready().await.is_ok());
    pass(seconds(2)).await;
    assert!(client.ready().await.is_err(), "it was quiet for 75 seconds");
    drop(rig);
}

#[tokio::test(start_paused = true)]
async fn an_old_connection_finishes_what_it_has() {
    let rig = Rig::of(server().max_connection_age(seconds(10)));
    let mut client = rig.http2().await;
    let work = client.send_request(request("/work"));
    let answer = work.await.unwrap().into_body().collect().await.unwrap();
    assert_eq!(answer.to_bytes(), "done");
    assert!(client.ready().await.is_err());
    drop(rig);
}

#[tokio::test(start_paused = true)]
async fn heads_have_the_same_limits() {
    let rig = Rig::of(server().uri_length(100).header_count(5).header_bytes(4_096));
    let mut client = rig.http2().await;
    let long = format!("/{}", "a".repeat(100));
    assert_eq!(client.send_request(request(&long)).await.unwrap().status(), 414);
    let mut many = request("/");
    for n in 0..6 {
        many.headers_mut().append("a", n.into());
    }
    assert_eq!(client.send_request(many).await.unwrap().status(), 431);
    let mut hosts = request("/");
    hosts.headers_mut().append("host", "a".parse().unwrap());
    hosts.headers_mut().append("host", "b".parse().unwrap());
    assert_eq!(client.send_request(hosts).await.unwrap().status(), 400);
    assert_eq!(client.send_request(request("/")).await.unwrap().status(), 200);
    drop(rig);
}

/// A stream of gRPC may be silent; another body may not.
#[tokio::test(start_paused = true)]
async fn a_silent_body_is_given_up_unless_it_is_of_grpc() {
    let rig = Rig::of(server());
    for (kind, patient) in [("application/grpc", true), ("text/plain", false)] {
        let pipe = rig.connect().pipe;
        let handshake = hyper::client::conn::http2::handshake(
            hyper_util::rt::TokioExecutor::new(),
            hyper_util::rt::TokioIo::new(pipe),
        );
        let (mut client, connection) = handshake.await.unwrap();
        tokio::spawn(connection);
        let body = buttress_testkit::body::Frames::new().data("a").hold().data("b");
        let hand = body.handle();
        let post = Request::post("http://test/echo").header("content-type", kind);
        let asking = tokio::spawn(client.send_request(post.body(body).unwrap()));
        pass(seconds(60)).await;
        hand.release();
        let answer = asking.await.unwrap().unwrap();
        assert_eq!(answer.status() == 200, patient, "{kind}");
        drop(client);
    }
    drop(rig);
}

#[tokio::test(start_paused = true)]
async fn a_body_is_taken_whole() {
    let rig = Rig::of(server());
    let mut client = rig.http2().await;
    let large = Bytes::from(vec![7; 1 << 20]);
    let post = Request::post("http://test/echo").body(Full::new(large.clone())).unwrap();
    let answer = client.send_request(post).await.unwrap();
    assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), large);
    drop(rig);
}
