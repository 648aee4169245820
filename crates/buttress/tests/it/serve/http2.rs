//! What only HTTP/2 has: streams that do not touch each other.

use buttress_testkit::log::Log;
use buttress_testkit::paused::pass;
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};

use super::frames::{PREFACE, next_frame};
use super::rig::{Rig, request, seconds, server};

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

/// Who connects early is told, and asks elsewhere, rather than losing its first request.
#[tokio::test(start_paused = true)]
async fn a_connection_without_a_request_says_goodbye_too() {
    let rig = Rig::of(server());
    let mut client = rig.http2().await;
    pass(seconds(74)).await;
    assert!(client.ready().await.is_ok());
    pass(seconds(2)).await;
    assert!(client.ready().await.is_err());

    let rig = Rig::of(server().keep_alive_idle(seconds(7)).stall_timeout(seconds(3)));
    let mut client = rig.connect();
    client.send(PREFACE).await;
    let last = loop {
        let (kind, _, payload) = next_frame(&mut client).await;
        if kind == 7 {
            break payload;
        }
    };
    assert_eq!((client.age(), &last[4..]), (7, &[0, 0, 0, 0][..]), "GOAWAY, without an error");
    client.rest().await;
    assert_eq!(client.age(), 10, "it answers nothing");
    drop(rig);
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
    let longer = format!("/{}", "a".repeat(5_000));
    assert_eq!(client.send_request(request(&longer)).await.unwrap().status(), 414);
    // Beyond four times the longest head, the library refuses it unseen, so it cannot tell why.
    let longest = format!("/{}", "a".repeat(20_000));
    assert_eq!(client.send_request(request(&longest)).await.unwrap().status(), 431);
    let mut many = request("/");
    for n in 0..6 {
        many.headers_mut().append("a", n.into());
    }
    assert_eq!(client.send_request(many).await.unwrap().status(), 431);
    let mut hosts = request("/");
    hosts.headers_mut().append("host", "a".parse().unwrap());
    hosts.headers_mut().append("host", "b".parse().unwrap());
    assert_eq!(client.send_request(hosts).await.unwrap().status(), 400);
    for (host, status) in [("other", 400), ("TEST:80", 200)] {
        let mut named = request("/");
        named.headers_mut().append("host", host.parse().unwrap());
        assert_eq!(client.send_request(named).await.unwrap().status(), status, "{host}");
    }
    assert_eq!(client.send_request(request("/")).await.unwrap().status(), 200);
    drop(rig);
}

/// Where the application says so; a header of the client's does not.
#[tokio::test(start_paused = true)]
async fn a_silent_body_is_given_up_unless_it_may_be_silent() {
    for (path, kind, patient) in [
        ("/echo", "application/grpc", true),
        ("/", "text/plain", true),
        ("/ech", "application/grpc", false),
        ("/events", "application/grpc+proto", false),
    ] {
        let rig = Rig::of(server().silent_streams([path]));
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
        assert_eq!(answer.status() == 200, patient, "{path}");
        drop((client, rig));
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_ends_its_stream_and_no_other() {
    let log = Log::of("buttress");
    let listening = log.listen();
    let rig = Rig::of(server());
    let mut client = rig.http2().await;
    for _ in 0..2 {
        assert!(client.send_request(request("/panic")).await.is_err());
        assert_eq!(client.send_request(request("/")).await.unwrap().status(), 200);
    }
    drop(client);
    assert_eq!(rig.end().await.panicked(), 2);
    drop(listening);
    let told = "ERROR message=the application panicked, and its stream ended";
    assert_eq!(log.take().iter().filter(|line| *line == told).count(), 2);
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
