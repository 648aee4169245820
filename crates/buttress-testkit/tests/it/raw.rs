use std::time::Duration;

use buttress_testkit::raw::{Connection, Framing};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Both ends of one connection.
async fn pair() -> (Connection, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = Connection::connect(listener.local_addr().unwrap()).await;
    let (server, peer) = listener.accept().await.unwrap();
    assert_eq!(client.local_addr(), peer);
    (client, server)
}

/// A client that will read `bytes`, and then the end.
async fn after(bytes: impl AsRef<[u8]>) -> Connection {
    let (client, mut server) = pair().await;
    server.write_all(bytes.as_ref()).await.unwrap();
    client
}

#[tokio::test]
async fn sends_what_it_is_given() {
    let (mut client, mut server) = pair().await;
    client.send(b"\0\xff\n").await;
    client.send_in_pieces("abcdefg", 3).await;
    client.finish_sending().await;
    let mut seen = Vec::new();
    server.read_to_end(&mut seen).await.unwrap();
    assert_eq!(seen, b"\0\xff\nabcdefg");

    // The other half is open still.
    server.write_all(b"HTTP/1.0 200 OK\r\n\r\nbye").await.unwrap();
    drop(server);
    assert_eq!(client.response().await.text(), "bye");
}

#[tokio::test]
async fn reads_one_response_after_the_other() {
    let mut client = after(
        "HTTP/1.1 200 All right\r\nX-Two: a\r\nx-two:b \r\ncontent-length: 2\r\n\r\nhi\
         HTTP/1.1 200 OK\ncontent-length: 0\n\nHTTP/1.1 204 No Content\r\n\r\n",
    )
    .await;
    let first = client.response().await;
    assert_eq!((first.version(), first.status(), first.reason()), ("HTTP/1.1", 200, "All right"));
    assert_eq!(first.header("x-TWO"), Some("a"));
    assert_eq!(first.header_values("x-two").collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!((first.framing(), first.body()), (Framing::Length, &b"hi"[..]));
    assert_eq!(client.response().await.body(), b"");
    assert_eq!(client.response().await.framing(), Framing::Nothing);
    assert!(client.response_or_close().await.is_none());
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn reads_chunks_and_trailers() {
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, Chunked\r\ncontent-length: 99\r\n\r\n";
    let body = "3;why=not\r\none\r\nA\r\n0123456789\r\n0\r\nGrpc-Status: 0\r\n\r\n";
    let mut client = after([head, body, "HTTP/1.1 204 next\r\n\r\n"].concat()).await;
    let response = client.response().await;
    assert_eq!(response.framing(), Framing::Chunked);
    assert_eq!(response.text(), "one0123456789");
    assert_eq!(
        (response.trailer("grpc-status"), response.header("grpc-status")),
        (Some("0"), None)
    );
    assert_eq!(client.response().await.reason(), "next");
}

#[tokio::test]
async fn interim_responses_come_one_by_one_or_not_at_all() {
    let answer = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n\
                  HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    let mut client = after(answer).await;
    assert_eq!(client.response().await.status(), 100);
    assert_eq!(client.response().await.header("link"), Some("x"));
    assert_eq!(client.response().await.status(), 200);
    assert_eq!(after(answer).await.final_response().await.status(), 200);
}

#[tokio::test]
async fn an_upgrade_leaves_the_bytes_to_the_reader() {
    let mut client = after("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\nraw bytes").await;
    let response = client.final_response().await;
    assert_eq!((response.status(), response.framing()), (101, Framing::Nothing));
    assert_eq!(client.read(4).await, b"raw ");
    assert!(!client.is_closed().await, "there is more");
    assert_eq!(client.rest().await, b"bytes");
}

#[tokio::test]
async fn the_answer_to_head_has_no_body() {
    let mut client = after("HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n").await;
    assert_eq!(client.response_to_head().await.body(), b"");
    assert!(client.is_closed().await);
}

/// Closing with unread bytes makes the kernel send a reset.
#[tokio::test]
async fn a_reset_is_an_end() {
    let (mut client, server) = pair().await;
    client.send("unread").await;
    server.readable().await.unwrap();
    drop(server);
    assert!(client.is_closed().await);
    assert!(client.try_send("more").await.is_err());
}

#[tokio::test]
#[should_panic(expected = "waited for 10 bytes, and the server closed after `abc`")]
async fn a_body_cut_short_is_not_a_body() {
    after("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc").await.response().await;
}

#[tokio::test]
#[should_panic(expected = "not one content length: [\"1\", \"2\"]")]
async fn two_lengths_are_none() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab";
    after(head).await.response().await;
}

#[tokio::test]
#[should_panic(expected = "the chunk is longer than it says, by `!`")]
async fn a_chunk_ends_where_it_says() {
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na!\r\n0\r\n\r\n";
    after(head).await.response().await;
}

#[tokio::test]
#[should_panic(expected = "not a status line: `220 smtp.example ready`")]
async fn another_protocol_is_named() {
    after("220 smtp.example ready\r\n").await.response().await;
}

#[tokio::test]
#[should_panic(expected = "waited 20ms for the header fields (so far: `x-half`)")]
async fn the_deadline_says_what_was_awaited() {
    let (client, mut server) = pair().await;
    server.write_all(b"HTTP/1.1 200 OK\r\nx-half").await.unwrap();
    client.with_deadline(Duration::from_millis(20)).response().await;
}
