//! A body that streams is handed on frame by frame, and not before it is asked for.

use axum::body::Body;
use buttress_testkit::body::Frames;
use buttress_testkit::raw::Connection;
use http::Request;
use http_body_util::BodyExt;

use crate::support::{Host, head, http2, soon};

fn events() -> Frames {
    Frames::new().data("data: one\n\n").hold().data("data: two\n\n").of_unknown_size()
}

#[tokio::test]
async fn over_http1_each_event_comes_when_it_is_made() {
    for host in Host::ALL {
        let frames = events();
        let hand = frames.handle();
        let server = host.give(Body::new(frames)).await;
        let mut client = Connection::connect(server.address()).await;
        client.send("GET /events HTTP/1.1\r\nhost: test\r\n\r\n").await;

        let head = head(&mut client).await;
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        for field in ["transfer-encoding: chunked", "text/event-stream", "x-request-id: "] {
            assert!(head.contains(field), "{head}");
        }
        assert_eq!(client.read(16).await, b"B\r\ndata: one\n\n\r\n");
        // The second event is not made before this.
        hand.release();
        assert_eq!(client.read(16).await, b"B\r\ndata: two\n\n\r\n");
        assert_eq!(client.read(5).await, b"0\r\n\r\n");
        server.stop().await;
    }
}

#[tokio::test]
async fn over_http2_each_event_comes_when_it_is_made() {
    for host in Host::ALL {
        let frames = events();
        let hand = frames.handle();
        let server = host.give(Body::new(frames)).await;
        let mut client = http2(&server).await;
        let uri = format!("http://{}/events", server.address());
        let asking = client.send_request(Request::get(uri).body(Frames::new()).unwrap());
        let response = soon("the head", asking).await.unwrap();
        assert!(response.headers().contains_key("x-request-id"));

        let mut body = response.into_body();
        let first = soon("the first event", body.frame()).await.unwrap().unwrap();
        assert_eq!(first.into_data().unwrap(), "data: one\n\n");
        hand.release();
        let second = soon("the second event", body.frame()).await.unwrap().unwrap();
        assert_eq!(second.into_data().unwrap(), "data: two\n\n");
        assert!(soon("the end", body.frame()).await.is_none());
        drop(client);
        server.stop().await;
    }
}

/// A body that fails in the middle must not look complete to its reader.
#[tokio::test]
async fn a_body_that_breaks_does_not_look_complete() {
    for host in Host::ALL {
        let frames = || Frames::new().data("begun").hold().fail("broken").of_unknown_size();
        let body = frames();
        let hand = body.handle();
        let server = host.give(Body::new(body)).await;
        let mut client = Connection::connect(server.address()).await;
        client.send("GET / HTTP/1.1\r\nhost: test\r\n\r\n").await;
        head(&mut client).await;
        hand.release();
        assert_eq!(client.rest().await, b"5\r\nbegun\r\n", "and no last chunk");
        server.stop().await;

        let body = frames();
        let hand = body.handle();
        let server = host.give(Body::new(body)).await;
        let mut client = http2(&server).await;
        let uri = format!("http://{}/", server.address());
        let asking = client.send_request(Request::get(uri).body(Frames::new()).unwrap());
        let body = soon("the head", asking).await.unwrap().into_body();
        hand.release();
        assert!(soon("the end", body.collect()).await.is_err());
        drop(client);
        server.stop().await;
    }
}

/// A large body over both, with more than the windows of HTTP/2 and the buffers of HTTP/1 can hold, whole.
#[tokio::test]
async fn a_large_body_comes_whole() {
    let piece = vec![b'z'; 100_000];
    for host in Host::ALL {
        let frames = || (0..50).fold(Frames::new(), |frames, _| frames.data(piece.clone()));
        let server = host.give(Body::new(frames().of_unknown_size())).await;
        let mut client = Connection::connect(server.address()).await;
        client.send("GET / HTTP/1.1\r\nhost: test\r\n\r\n").await;
        assert_eq!(client.response().await.body().len(), 5_000_000);
        drop(client);
        server.stop().await;

        let server = host.give(Body::new(frames())).await;
        let mut client = http2(&server).await;
        let uri = format!("http://{}/", server.address());
        let asking = client.send_request(Request::get(uri).body(Frames::new()).unwrap());
        let response = soon("the head", asking).await.unwrap();
        assert_eq!(response.headers()["content-length"], "5000000");
        let body = soon("the end", response.into_body().collect()).await.unwrap();
        assert_eq!(body.to_bytes().len(), 5_000_000);
        drop(client);
        server.stop().await;
    }
}
