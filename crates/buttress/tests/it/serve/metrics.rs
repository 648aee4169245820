//! What the server tells of itself.

use buttress::metrics::Metrics;
use buttress::serve::{CATALOGUE, Phase};
use buttress_testkit::paused::pass;
use buttress_testkit::{guide, page::Page};

use super::rig::{Pipes, Rig, app, seconds, server, soon};

#[test]
fn every_metric_is_in_the_catalogue() {
    assert_eq!(guide::Page::of("signals.md").untold(CATALOGUE), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn connections_requests_limits_and_phases_are_counted() {
    let page = Page::default();
    let rig = Rig::of(server().metrics(&Metrics::new(page.clone())).connections_per_address(3));
    assert_eq!(rig.connect().closed_after().await, 10);
    let (mut stuck, _silent, mut two_hosts) = (rig.connect(), rig.connect(), rig.connect());
    assert_eq!(rig.connect().closed_after().await, 0);
    stuck.send("GET /stuck HTTP/1.1\r\nhost: test\r\n\r\n").await;
    two_hosts.send("GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n").await;
    pass(seconds(1)).await;
    for (name, expected) in [
        ("buttress_serve_accepted_total", 5.0),
        ("buttress_serve_connections", 2.0),
        ("buttress_serve_requests_in_flight", 1.0),
        ("buttress_serve_limited_total header_timeout", 1.0),
        ("buttress_serve_limited_total address", 1.0),
        ("buttress_serve_limited_total ambiguous", 1.0),
        ("buttress_serve_phase serving", 1.0),
        ("buttress_serve_phase draining", 0.0),
    ] {
        assert_eq!(page.of(name), Some(expected), "{name}");
    }
    assert_eq!(rig.end().await.aborted_requests(), 1);
    for (name, expected) in [
        ("buttress_serve_connections", 0.0),
        ("buttress_serve_requests_in_flight", 0.0),
        ("buttress_serve_aborted_total connection", 1.0),
        ("buttress_serve_aborted_total request", 1.0),
        ("buttress_serve_phase serving", 0.0),
        ("buttress_serve_phase ended", 1.0),
    ] {
        assert_eq!(page.of(name), Some(expected), "{name}");
    }
    let unknown: Vec<_> =
        page.bound().into_iter().filter(|metric| !CATALOGUE.contains(metric)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

/// One that counts for two servers says the sum, and not what the last of them said.
#[tokio::test(start_paused = true)]
async fn two_servers_are_counted_together() {
    let page = Page::default();
    let metrics = Metrics::new(page.clone());
    let (one, two) = (Rig::of(server().metrics(&metrics)), Rig::of(server().metrics(&metrics)));
    let (mut first, mut second) = (one.connect(), two.connect());
    first.get("/").await;
    second.get("/").await;
    let of = |name| page.of(name);
    assert_eq!(of("buttress_serve_connections"), Some(2.0));
    assert_eq!(of("buttress_serve_phase serving"), Some(2.0));
    drop(first);
    assert!(one.end().await.is_clean());
    assert_eq!(of("buttress_serve_connections"), Some(1.0));
    assert_eq!(of("buttress_serve_phase serving"), Some(1.0));
    assert_eq!(of("buttress_serve_phase ended"), Some(1.0));
    drop(two);
}

/// Whoever waits for its end hears of it, and nothing is shown that is no more.
#[tokio::test(start_paused = true)]
async fn a_server_that_is_dropped_has_ended() {
    let page = Page::default();
    let rig = Rig::of(server().metrics(&Metrics::new(page.clone())));
    let (mut stuck, mut kept) = (rig.connect(), rig.connect());
    stuck.send("GET /stuck HTTP/1.1\r\nhost: test\r\n\r\n").await;
    kept.get("/").await;
    assert_eq!(page.of("buttress_serve_connections"), Some(2.0));
    rig.serving.abort();
    soon("the end", rig.shutdown.closing()).await;
    assert!(rig.serving.await.unwrap_err().is_cancelled());
    assert_eq!(rig.shutdown.phase(), Phase::Ended);
    pass(seconds(1)).await;
    for name in [
        "buttress_serve_connections",
        "buttress_serve_requests_in_flight",
        "buttress_serve_phase serving",
    ] {
        assert_eq!(page.of(name), Some(0.0), "{name}");
    }
}

/// Whoever waits for its end would wait for ever.
#[tokio::test(start_paused = true)]
async fn a_server_that_is_never_served_has_ended_when_it_is_dropped() {
    let build = || server().signals(false).build().unwrap();
    let server = build();
    let shutdown = server.handle();
    assert_eq!(shutdown.phase(), Phase::Serving);
    drop(server);
    soon("the end", shutdown.closing()).await;
    assert_eq!(shutdown.phase(), Phase::Ended);

    let server = build();
    let shutdown = server.handle();
    let never_polled = server.serve(Pipes(tokio::sync::mpsc::unbounded_channel().1), app());
    drop(never_polled);
    soon("the end", shutdown.closing()).await;
}
