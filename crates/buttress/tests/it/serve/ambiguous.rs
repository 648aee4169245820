//! Heads that two readers may understand in two ways are refused, wherever they stand.

use super::rig::{Rig, server};

const HOSTS: &str = "GET / HTTP/1.1\r\nhost: a\r\nhost: a\r\n\r\n";
const LENGTH_FIRST: &str = "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n";
const CODING_FIRST: &str = "POST /echo HTTP/1.1\r\nhost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n";
const LINE_FEED: &str = "GET / HTTP/1.1\r\nhost: a\n\r\n";
const OTHER_HOST: &str = "GET http://b/ HTTP/1.1\r\nhost: a\r\n\r\n";
const HONEST: &str =
    "POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhe\r\no\r\n0\r\n\r\n";

#[tokio::test(start_paused = true)]
async fn they_are_refused_and_the_connection_closed() {
    let rig = Rig::of(server());
    for head in [HOSTS, LENGTH_FIRST, CODING_FIRST, LINE_FEED, OTHER_HOST] {
        let mut client = rig.connect();
        client.send(head).await;
        let answer = client.rest().await;
        assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{head:?}: {answer}");
        assert!(answer.contains("connection: close"), "{answer}");
    }
    drop(rig);
}

#[tokio::test(start_paused = true)]
async fn a_host_that_is_none_is_refused() {
    let rig = Rig::of(server());
    for host in ["a, b", "a b", "a/b", "b@a", "a?", "a#", "\u{e4}", "a\"b", "<a>", "a\\b"] {
        let mut client = rig.connect();
        client.send(format!("GET / HTTP/1.1\r\nhost: {host}\r\n\r\n")).await;
        let answer = client.rest().await;
        assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{host}: {answer}");
        assert!(answer.contains("connection: close"), "{answer}");
    }
    let mut client = rig.connect();
    for host in ["", "a", "a_b.example.", "xn--bcher-kva.example:8080", "[::1]:80", "a%20b", "a:"] {
        client.send(format!("GET / HTTP/1.1\r\nhost: {host}\r\n\r\n")).await;
        assert!(client.answer().await.ends_with("hello"), "{host}");
    }
    drop(rig);
}

/// A name before the host looks like one itself: `http://shop.example@evil.example/`.
#[tokio::test(start_paused = true)]
async fn a_target_with_a_user_is_refused() {
    // Also where the `Host` may say something else.
    let rig = Rig::of(server().refuse_other_hosts(false));
    for user in ["shop.example", "name:password", ""] {
        let mut client = rig.connect();
        client.send(format!("GET http://{user}@a/ HTTP/1.1\r\nhost: a\r\n\r\n")).await;
        let answer = client.rest().await;
        assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{user}: {answer}");
    }
    drop(rig);
}

#[tokio::test(start_paused = true)]
async fn also_behind_others_on_the_same_connection() {
    let rig = Rig::of(server());
    for head in [HOSTS, LENGTH_FIRST, CODING_FIRST, LINE_FEED, OTHER_HOST] {
        for pieces in [1, 7, 10_000] {
            let mut client = rig.connect();
            let all = [HONEST, HONEST, head, HONEST].concat();
            for piece in all.as_bytes().chunks(pieces) {
                client.send(piece).await;
                tokio::task::yield_now().await;
            }
            let answers = client.rest().await;
            assert_eq!(answers.matches("HTTP/1.1 200").count(), 2, "{head:?}: {answers}");
            assert_eq!(answers.matches("HTTP/1.1 400").count(), 1, "{head:?}: {answers}");
            assert_eq!(answers.matches("HTTP/1.1").count(), 3, "and nothing after it: {answers}");
        }
    }
    drop(rig);
}

/// Bodies that end elsewhere for one who reads carelessly: what follows would have another number.
#[tokio::test(start_paused = true)]
async fn also_behind_bodies_that_were_made_for_it() {
    let rig = Rig::of(server());
    let post = "POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";
    let hidden = "0\r\nX: a\n\r\nGET / HTTP/1.1\r\nfoo: b\r\n\r\n".to_owned();
    let zeros = format!("{}5\r\nhello\r\n0\r\n\r\n", "0".repeat(30));
    for body in [hidden, zeros] {
        for head in [LENGTH_FIRST, LINE_FEED] {
            let mut client = rig.connect();
            client.send([post, &body, head, HONEST].concat()).await;
            let answers = client.rest().await;
            assert_eq!(answers.matches("HTTP/1.1 200").count(), 1, "{body:?}: {answers}");
            assert_eq!(answers.matches("HTTP/1.1 400").count(), 1, "{body:?}: {answers}");
            assert_eq!(answers.matches("HTTP/1.1").count(), 2, "and nothing after it: {answers}");
        }
    }
    drop(rig);
}

#[tokio::test(start_paused = true)]
async fn bare_line_feeds_may_be_allowed() {
    let rig = Rig::of(server().refuse_bare_line_feeds(false));
    let mut client = rig.connect();
    client.send(LINE_FEED).await;
    assert!(client.answer().await.ends_with("hello"));
    drop(rig);
}

/// Who asks a proxy, or this server as if it were one, names it twice.
#[tokio::test(start_paused = true)]
async fn a_target_that_is_a_whole_uri_has_the_same_host() {
    let rig = Rig::of(server());
    let mut client = rig.connect();
    for host in ["A", "a:80"] {
        client.send(format!("GET http://a/ HTTP/1.1\r\nhost: {host}\r\n\r\n")).await;
        assert!(client.answer().await.ends_with("hello"), "{host}");
    }
    drop(rig);
}

#[tokio::test(start_paused = true)]
async fn other_hosts_may_be_allowed() {
    let rig = Rig::of(server().refuse_other_hosts(false));
    let mut client = rig.connect();
    client.send(OTHER_HOST).await;
    assert!(client.answer().await.ends_with("hello"));
    drop(rig);
}
