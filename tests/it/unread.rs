//! A refusal reads nothing of the request's body. What that means for the connection is hyper's to decide,
//! and is written down here.

use buttress_testkit::body::Frames;
use buttress_testkit::raw::Connection;
use bytes::Bytes;
use http::Request;

use crate::support::{Answer, Client, Host, Protocol, Server, http2, soon};

/// Refused at once, after a wait, and by a handler that does not look at the body.
const REFUSING: [(&str, u16); 3] = [("/refused", 403), ("/refused-late", 401), ("/nothing", 404)];

/// Sends `request`, sees the refusal first and then the end of the connection, and that the next one works.
async fn assert_refused_and_closed(server: &Server, request: &[u8], status: u16) {
    let mut client = Connection::connect(server.address()).await;
    // The server need not take all of it.
    drop(client.try_send(request).await);
    let response = client.response().await;
    assert_eq!(response.status(), status, "{response:?}");
    assert!(response.header("x-request-id").is_some());
    assert!(client.is_closed().await);
    assert_works(server).await;
}

async fn assert_works(server: &Server) {
    let mut client = Client::connect(Protocol::Http1, server).await;
    assert_eq!(client.get("/").await.body(), b"hello");
}

fn head(path: &str, fields: &str) -> Vec<u8> {
    format!("POST {path} HTTP/1.1\r\nhost: test\r\n{fields}\r\n\r\n").into_bytes()
}

/// The announced body never comes: the refusal does, and then the server closes, since it cannot know
/// where the next request would begin.
#[tokio::test]
async fn a_body_that_is_announced_and_not_sent() {
    for host in Host::ALL {
        let server = host.start().await;
        for (path, status) in REFUSING {
            let request = head(path, "content-length: 5");
            assert_refused_and_closed(&server, &request, status).await;
            let request = head(path, "transfer-encoding: chunked");
            assert_refused_and_closed(&server, &request, status).await;
        }
        server.stop().await;
    }
}

/// A client in the middle of a large body gets the refusal; the server closes without taking the rest.
#[tokio::test]
async fn a_large_body_that_is_being_sent() {
    let body = vec![b'x'; 8 << 20];
    for host in Host::ALL {
        let server = host.start().await;
        for (path, status) in REFUSING {
            let sized = [head(path, &format!("content-length: {}", 16 << 20)), body.clone()];
            assert_refused_and_closed(&server, &sized.concat(), status).await;
            let chunk = [b"800000\r\n", &body[..]].concat();
            let chunked = [head(path, "transfer-encoding: chunked"), chunk].concat();
            assert_refused_and_closed(&server, &chunked, status).await;
        }
        server.stop().await;
    }
}

/// No `100 Continue` comes before the refusal: the client need not send the body at all. Since it may
/// send it all the same, the server closes.
#[tokio::test]
async fn a_client_that_waits_for_leave_to_send() {
    for host in Host::ALL {
        let server = host.start().await;
        for (path, status) in REFUSING {
            let request = head(path, "content-length: 5\r\nexpect: 100-continue");
            assert_refused_and_closed(&server, &request, status).await;
        }
        server.stop().await;
    }
}

/// The other side of it: where the handler reads the body, the leave comes through the wall.
#[tokio::test]
async fn leave_to_send_is_given_once_the_body_is_wanted() {
    for host in Host::ALL {
        let server = host.start().await;
        let mut client = Connection::connect(server.address()).await;
        client.send(head("/echo", "content-length: 5\r\nexpect: 100-continue")).await;
        assert_eq!(client.response().await.status(), 100);
        client.send("shout").await;
        let response = client.response().await;
        assert_eq!((response.status(), response.body()), (200, &b"shout"[..]));

        client.send(head("/echo", "content-length: 2")).await;
        client.send("on").await;
        assert_eq!(client.response().await.body(), b"on");
        drop(client);
        server.stop().await;
    }
}

/// A small body that came along with its head is skipped: the connection stays, and the request that
/// stands behind it is answered. So is one behind a refused request that has no body.
#[tokio::test]
async fn the_next_request_on_the_same_connection() {
    for host in Host::ALL {
        let server = host.start().await;
        for (path, status) in REFUSING {
            let mut client = Connection::connect(server.address()).await;
            for fields in ["content-length: 0", "content-length: 5"] {
                let body = if fields.ends_with('5') { "12345" } else { "" };
                let refused = [&head(path, fields), body.as_bytes()].concat();
                let next = [&head("/echo", "content-length: 4")[..], b"next"].concat();
                client.send([refused, next].concat()).await;
                assert_eq!(client.response().await.status(), status);
                assert_eq!(client.response().await.body(), b"next", "{host:?} {path} {fields}");
            }
        }
        server.stop().await;
    }
}

/// On HTTP/2 only the stream ends: others go on, and what the refused one had of the connection's window
/// comes back.
#[tokio::test]
async fn streams_end_alone() {
    for host in Host::ALL {
        let server = host.start().await;
        let sender = http2(&server).await;
        for (path, status) in REFUSING {
            for _ in 0..8 {
                let uri = format!("http://{}{path}", server.address());
                // More than the window of the stream, and then nothing more for ever.
                let body = Frames::new().data(vec![b'x'; 200_000]).hold().of_unknown_size();
                let asking = sender.clone().send_request(Request::post(uri).body(body).unwrap());
                let answer = Answer::of(soon("a refusal", asking).await.unwrap()).await;
                assert_eq!(answer.status(), status);
                assert!(!answer.id().is_empty());
            }
        }
        let mut client = Client::Http2(sender, server.address());
        let body = Bytes::from(vec![b'y'; 200_000]);
        let echo = client.ask(Request::post("/echo").body(body.clone()).unwrap()).await;
        assert_eq!(echo.body(), body);
        drop(client);
        server.stop().await;
    }
}
