//! Whatever a limit ends or refuses is counted, also where the HTTP library does it, and nothing else is.

use buttress::metrics::Metrics;
use buttress_testkit::page::Page;
use buttress_testkit::paused::pass;

use super::frames::{HEAD, PREFACE, frame};
use super::rig::{Rig, request, seconds, server};
use buttress::serve::ServerBuilder;

/// What was counted of limits, by reason, after somebody has sent `bytes` and the connection has ended.
async fn counted(builder: ServerBuilder, bytes: &[u8]) -> Vec<(String, f64)> {
    let page = Page::default();
    let rig = Rig::of(builder.metrics(&Metrics::new(page.clone())));
    let mut client = rig.connect();
    client.send(bytes).await;
    client.rest().await;
    drop(client);
    pass(seconds(1)).await;
    drop(rig);
    limits(&page)
}

const REASONS: [&str; 17] = [
    "address",
    "proxy",
    "handshake",
    "header_timeout",
    "idle",
    "age",
    "slow_reader",
    "slow_body",
    "flood",
    "stuck",
    "ambiguous",
    "uri",
    "fields",
    "head",
    "malformed",
    "excess",
    "ping",
];

fn limits(page: &Page) -> Vec<(String, f64)> {
    let of = |reason| Some((reason, page.of(&format!("buttress_serve_limited_total {reason}"))?));
    let counted = REASONS.into_iter().filter_map(of);
    counted.map(|(reason, count)| (reason.to_owned(), count)).collect()
}

fn once(reason: &str) -> Vec<(String, f64)> {
    vec![(reason.to_owned(), 1.0)]
}

#[tokio::test(start_paused = true)]
async fn what_the_library_refuses_over_http1_is_counted() {
    let get = "GET / HTTP/1.1\r\nhost: test\r\n";
    for (rest, reason) in [
        (format!("a: {}\r\n\r\n", "b".repeat(5_000)), "head"),
        ("a: b\r\n".repeat(11) + "\r\n", "head"),
        ("a b: c\r\n\r\n".to_owned(), "malformed"),
        ("host: test\r\n\r\n".to_owned(), "ambiguous"),
    ] {
        let builder = server().header_bytes(4_096).header_count(10);
        assert_eq!(counted(builder, (get.to_owned() + &rest).as_bytes()).await, once(reason));
    }
    assert_eq!(counted(server(), b"\x16\x03\x01\x02\0\x01\0").await, once("malformed"));
}

#[tokio::test(start_paused = true)]
async fn what_the_library_ends_over_http2_is_counted() {
    let resets: Vec<_> = (0..30)
        .map(|n| [frame(1, 5, 2 * n + 1, HEAD), frame(3, 0, 2 * n + 1, &[0, 0, 0, 8])].concat())
        .collect();
    let stuck = [&HEAD[..2], b"\x04\x06/stuck", &HEAD[3..]].concat();
    let open = frame(1, 4, 1, &[&[0x83], &HEAD[1..]].concat());
    let empty = frame(0, 0, 1, &[]).repeat(120);
    for (bytes, reason) in [
        (resets.concat(), "excess"),
        ([open, empty].concat(), "excess"),
        // A frame of data on a stream that nobody has opened.
        (frame(0, 0, 1, b"data"), "malformed"),
        (frame(1, 4, 1, b"\xff\xff\xff\xff\xff\xff\xff"), "malformed"),
        (frame(6, 0, 0, &[0; 8]).repeat(300), "flood"),
        (frame(1, 5, 1, &stuck), "ping"),
    ] {
        let builder = server().max_connection_age(None);
        let bytes = [PREFACE, &bytes].concat();
        assert_eq!(counted(builder, &bytes).await, once(reason), "{reason}");
    }
}

/// Over HTTP/2, too, a head that is too long has an answer, which is counted.
#[tokio::test(start_paused = true)]
async fn a_head_that_is_too_long_is_answered_and_counted() {
    let page = Page::default();
    let rig = Rig::of(server().header_bytes(4_096).metrics(&Metrics::new(page.clone())));
    let mut client = rig.http2().await;
    // What `GET http://test/` takes, and a field of one letter.
    let rest = 169 + 33;
    for (length, status, counted) in [
        (4_096 - rest, 200, None),
        (4_097 - rest, 431, Some(1.0)),
        (16_000, 431, Some(2.0)),
        // Beyond four times as much, the library answers.
        (17_000, 431, Some(2.0)),
        (60_000, 431, Some(2.0)),
    ] {
        let mut long = request("/");
        long.headers_mut().append("a", "b".repeat(length).parse().unwrap());
        assert_eq!(client.send_request(long).await.unwrap().status(), status, "{length}");
        assert_eq!(page.of("buttress_serve_limited_total head"), counted, "{length}");
    }
    assert_eq!(client.send_request(request("/")).await.unwrap().status(), 200);
    // And beyond sixteen times it does not.
    let mut long = request("/");
    long.headers_mut().append("a", "b".repeat(70_000).parse().unwrap());
    assert!(client.send_request(long).await.is_err());
    pass(seconds(1)).await;
    assert_eq!(page.of("buttress_serve_limited_total excess"), Some(1.0));
    drop(rig);
}

/// As a load balancer does it that looks whether the port is open.
#[tokio::test(start_paused = true)]
async fn who_comes_and_goes_without_a_word_is_not_counted() {
    let mut builders = vec![server(), server().proxy_protocol_from(["192.0.2.0/24"])];
    #[cfg(feature = "tls")]
    builders.push(server().tls(super::tls::config()));
    for builder in builders {
        let page = Page::default();
        let rig = Rig::of(builder.metrics(&Metrics::new(page.clone())));
        drop(rig.connect());
        pass(seconds(1)).await;
        assert_eq!(page.of("buttress_serve_accepted_total"), Some(1.0));
        assert_eq!(limits(&page), []);
        drop(rig);
    }
}

/// Half a header, or half a handshake, is another matter.
#[tokio::test(start_paused = true)]
async fn who_begins_and_goes_is_counted() {
    let mut builders =
        vec![(server().proxy_protocol_from(["192.0.2.0/24"]), &b"PROXY"[..], "proxy")];
    #[cfg(feature = "tls")]
    builders.push((server().tls(super::tls::config()), b"\x16\x03\x01", "handshake"));
    for (builder, bytes, reason) in builders {
        let page = Page::default();
        let rig = Rig::of(builder.metrics(&Metrics::new(page.clone())));
        let mut client = rig.connect();
        client.send(bytes).await;
        drop(client);
        pass(seconds(1)).await;
        assert_eq!(limits(&page), once(reason));
        drop(rig);
    }
}
