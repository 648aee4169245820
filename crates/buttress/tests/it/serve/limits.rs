//! Whoever is slow is ended when the settings say, and whoever is not is served.

use buttress_testkit::paused::pass;

use super::rig::{Rig, seconds, server};

#[tokio::test(start_paused = true)]
async fn half_of_a_head_is_waited_for_as_long_as_none() {
    let rig = Rig::of(server());
    for begun in ["", "\r\n", "G", "GET / HTTP/1.1\r\nhost: te", "P", "PRI * HTTP/2.0\r\n\r\nSM"] {
        let mut client = rig.connect();
        client.send(begun).await;
        assert_eq!(client.closed_after().await, 10, "{begun:?}");
    }
    assert!(rig.end().await.is_clean());
}

#[tokio::test(start_paused = true)]
async fn a_byte_a_second_is_too_slow_in_either_protocol() {
    let rig = Rig::of(server());
    for bytes in ["GET / HTTP/1.1\r\nhost: test\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"] {
        let mut client = rig.connect();
        for byte in bytes.as_bytes().iter().take(11) {
            client.send([*byte]).await;
            pass(seconds(1)).await;
        }
        assert_eq!(client.closed_after().await, 11, "it was closed before");
    }
    let mut client = rig.connect();
    for byte in b"GET / HTT" {
        client.send([*byte]).await;
        pass(seconds(1)).await;
    }
    client.send("P/1.1\r\nhost: test\r\n\r\n").await;
    assert!(client.answer().await.ends_with("hello"), "this one was just in time");
    assert!(rig.end().await.is_clean());
}

#[tokio::test(start_paused = true)]
async fn a_connection_may_idle_but_not_begin_and_stop() {
    let rig = Rig::of(server());
    let mut idle = rig.connect();
    let mut stops = rig.connect();
    for client in [&mut idle, &mut stops] {
        assert!(client.get("/").await.ends_with("hello"));
    }
    pass(seconds(60)).await;
    assert!(stops.get("/").await.ends_with("hello"), "it may idle");
    stops.send("GET /").await;
    assert_eq!(idle.closed_after().await, 75);
    assert_eq!(stops.closed_after().await, 75, "it was ended at 70");
    assert!(rig.end().await.is_clean());
}

#[tokio::test(start_paused = true)]
async fn the_head_that_began_and_stopped_ends_by_itself() {
    let rig = Rig::of(server());
    let mut client = rig.connect();
    client.get("/").await;
    pass(seconds(5)).await;
    client.send("GET /").await;
    assert_eq!(client.closed_after().await, 15);
    drop(rig);
}

/// The time that a handler takes is nobody's fault, and the next head may come meanwhile.
#[tokio::test(start_paused = true)]
async fn work_is_not_waiting() {
    let rig = Rig::of(server());
    let mut client = rig.connect();
    client.send("GET /work HTTP/1.1\r\nhost: test\r\n\r\nGET / HT").await;
    assert!(client.answer().await.ends_with("done"));
    pass(seconds(9)).await;
    client.send("TP/1.1\r\nhost: test\r\n\r\n").await;
    assert!(client.answer().await.ends_with("hello"));
    drop(rig);
}

#[tokio::test(start_paused = true)]
async fn what_is_too_long_is_refused_with_its_status() {
    let rig = Rig::of(server().header_bytes(4_096).uri_length(1_000).header_count(10));
    for (path, fields, status) in [
        ("/".repeat(1_000), String::new(), 404),
        ("/".repeat(1_001), String::new(), 414),
        (format!("http://test{}", "/".repeat(1_000)), String::new(), 404),
        (format!("http://test{}", "/".repeat(1_001)), String::new(), 414),
        ("/".repeat(4_096), String::new(), 414),
        (format!("/?{}", "a".repeat(100_000)), String::new(), 414),
        ("/".repeat(1_001), format!("a: {}\r\n", "b".repeat(100_000)), 414),
        ("/".to_owned(), "a: b\r\n".repeat(9), 200),
        ("/".to_owned(), "a: b\r\n".repeat(10), 431),
        ("/".to_owned(), format!("a: {}\r\n", "b".repeat(4_000)), 200),
        ("/".to_owned(), format!("a: {}\r\n", "b".repeat(4_100)), 431),
        ("/".to_owned(), format!("a: {}\r\n", "b".repeat(100_000)), 431),
    ] {
        let mut client = rig.connect();
        client.send(format!("GET {path} HTTP/1.1\r\nhost: test\r\n{fields}\r\n")).await;
        let head = client.answer().await;
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{status}: {head}");
        if status > 404 {
            assert!(head.contains("connection: close"), "{head}");
            assert_eq!(client.rest().await, "");
        }
    }
    drop(rig);
}

#[tokio::test(start_paused = true)]
async fn a_target_is_no_longer_than_a_head_has_room_for() {
    let rig = Rig::of(server().header_bytes(1_024));
    for (length, status) in [(960, 404), (961, 414), (5_000, 414)] {
        let mut client = rig.connect();
        client.send(format!("GET {} HTTP/1.1\r\nhost: test\r\n\r\n", "/".repeat(length))).await;
        let head = client.answer().await;
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{length}: {head}");
    }
    drop(rig);
}

/// In pieces, behind an honest one, and whatever follows it.
#[tokio::test(start_paused = true)]
async fn nothing_is_read_behind_a_target_that_is_too_long() {
    let rig = Rig::of(server().uri_length(100));
    let mut client = rig.connect();
    client.send("GET / HTTP/1.1\r\nhost: test\r\n\r\nPOST /").await;
    assert!(client.answer().await.ends_with("hello"));
    for _ in 0..10 {
        client.send("0123456789").await;
    }
    let answer = client.answer().await;
    assert!(
        answer.starts_with("HTTP/1.1 414 ") && answer.contains("connection: close"),
        "{answer}"
    );
    assert_eq!(client.rest().await, "");

    let mut smuggles = rig.connect();
    let two = "\r\nhost: test\r\n\r\nGET / HTTP/1.1\r\nhost: test\r\n\r\n";
    smuggles.send(format!("GET /{} HTTP/1.1{two}", "a".repeat(100))).await;
    assert!(smuggles.answer().await.starts_with("HTTP/1.1 414 "));
    assert_eq!(smuggles.rest().await, "");
    drop(rig);
}

#[tokio::test(start_paused = true)]
async fn an_old_connection_is_told_with_its_next_answer() {
    let rig = Rig::of(server().max_connection_age(seconds(100)).keep_alive_idle(seconds(50)));
    let mut client = rig.connect();
    let last = loop {
        let answer = client.get("/").await;
        assert!(answer.ends_with("hello"));
        if answer.contains("connection: close") {
            break client.age();
        }
        pass(seconds(1)).await;
    };
    assert!((90..=111).contains(&last), "{last}");
    assert_eq!(client.rest().await, "");
    drop(rig);
}

#[tokio::test(start_paused = true)]
async fn who_does_not_take_the_answer_is_ended() {
    let rig = Rig::of(server());
    let mut client = rig.connect();
    client.send("GET /endless HTTP/1.1\r\nhost: test\r\n\r\n").await;
    // Nothing is read until the server has given up.
    pass(seconds(45)).await;
    let taken = client.rest().await;
    assert!(taken.starts_with("HTTP/1.1 200 OK"));
    assert!(taken.len() < 100_000, "{}", taken.len());
    assert_eq!(rig.end().await.aborted_requests(), 0, "it had ended before");
}

#[tokio::test(start_paused = true)]
async fn who_takes_a_byte_a_second_is_ended_and_who_pauses_is_not() {
    use tokio::io::AsyncReadExt;
    let rig = Rig::of(server());
    let mut slow = rig.connect_with(None, 1_024);
    let mut pauses = rig.connect_with(None, 1_024);
    for client in [&mut slow, &mut pauses] {
        client.send("GET /endless HTTP/1.1\r\nhost: test\r\n\r\n").await;
    }
    for _ in 0..4 {
        for _ in 0..25 {
            drop(slow.pipe.read_u8().await);
            pass(seconds(1)).await;
        }
        // 3 KB each 25 seconds.
        for _ in 0..3 {
            pauses.pipe.read_exact(&mut [0; 1_024]).await.expect("it goes on");
        }
    }
    assert!(slow.rest().await.len() < 2_000, "the server gave up long ago");
    drop(rig);
}

#[tokio::test(start_paused = true)]
async fn one_client_has_its_share_and_no_more() {
    let rig = Rig::of(server().connections_per_address(2).uncounted_addresses(["10.0.0.0/8"]));
    let mut first = rig.connect_from("2001:db8::1");
    let mut second = rig.connect_from("2001:db8::2");
    first.get("/").await;
    second.get("/").await;
    assert_eq!(rig.connect_from("2001:db8::3").closed_after().await, 0);
    assert!(rig.connect_from("2001:db8:0:1::1").get("/").await.ends_with("hello"));
    for _ in 0..5 {
        assert!(rig.connect_from("10.0.0.1").get("/").await.ends_with("hello"));
    }
    drop(first);
    pass(seconds(1)).await;
    assert!(rig.connect_from("2001:db8::3").get("/").await.ends_with("hello"));
    drop(rig);
}

#[tokio::test(start_paused = true)]
async fn at_the_limit_of_all_who_comes_waits_for_a_place() {
    let rig = Rig::of(server().connections(2));
    let (silent, mut busy) = (rig.connect(), rig.connect());
    busy.get("/").await;
    let mut waits = rig.connect();
    waits.send("GET / HTTP/1.1\r\nhost: test\r\n\r\n").await;
    assert!(waits.answer().await.ends_with("hello"));
    assert_eq!(waits.age(), 10, "when the silent one was ended");
    drop((silent, rig));
}

/// Nobody can tell half of a goodbye from a whole one, and most mean the whole: the handler is not kept for it.
#[tokio::test(start_paused = true)]
async fn who_says_goodbye_is_gone() {
    use tokio::io::AsyncWriteExt;
    let rig = Rig::of(server());
    let mut client = rig.connect();
    client.send("GET /work HTTP/1.1\r\nhost: test\r\n\r\n").await;
    pass(seconds(1)).await;
    client.pipe.shutdown().await.unwrap();
    assert_eq!(client.rest().await, "");
    assert_eq!(client.age(), 1, "it was not waited for");
    let report = rig.end().await;
    assert_eq!((report.requests(), report.aborted_requests()), (1, 0));
}
