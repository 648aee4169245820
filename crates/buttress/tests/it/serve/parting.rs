//! How a server parts from those who have nothing under way, or do not want to hear of it.

use std::time::Duration;

use buttress_testkit::log::Log;
use buttress_testkit::paused::pass;

use super::frames::{HEAD, PREFACE, frame};
use super::rig::{Client, Rig, seconds, server};

/// Who says nothing more, and answers no ping, has nothing to lose.
#[tokio::test(start_paused = true)]
async fn a_silent_client_of_http2_does_not_hold_up_the_end() {
    let rig = Rig::of(server());
    let mut client = rig.connect();
    client.send(PREFACE).await;
    pass(seconds(1)).await;
    let report = rig.end().await;
    assert!(report.is_clean(), "{report}");
    assert_eq!((report.aborted_connections(), report.shutdown().as_secs()), (0, 6));
    drop(client);
}

/// The same when its request has ended.
#[tokio::test(start_paused = true)]
async fn it_counts_from_the_end_of_its_last_request() {
    let rig = Rig::of(server().lead_time(Duration::ZERO));
    let mut client = rig.connect();
    let work = [&HEAD[..2], b"\x04\x05/work", &HEAD[3..]].concat();
    client.send([PREFACE, &frame(1, 5, 1, &work)].concat()).await;
    pass(seconds(1)).await;
    let report = rig.end().await;
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.shutdown().as_secs(), 20, "nineteen for its work, and one");
    drop(client);
}

/// Opens a stream a second, and answers no ping; says how old the connection becomes.
async fn defies(client: &mut Client) -> u64 {
    use tokio::io::AsyncWriteExt;
    client.send(PREFACE).await;
    for stream in 0..600 {
        let request = frame(1, 5, 2 * stream + 1, HEAD);
        if client.pipe.write_all(&request).await.is_err() {
            return client.age();
        }
        pass(seconds(1)).await;
    }
    panic!("it goes on")
}

#[tokio::test(start_paused = true)]
async fn who_will_not_hear_that_it_is_over_is_cut_off() {
    let rig = Rig::of(
        server()
            .max_connection_age(seconds(100))
            .stall_timeout(seconds(10))
            .http2(|http2| http2.ping_interval_ms = None),
    );
    let age = defies(&mut rig.connect()).await;
    assert!((100..=122).contains(&age), "{age}");

    let rig = Rig::of(
        server()
            .lead_time(Duration::ZERO)
            .stall_timeout(seconds(10))
            .http2(|http2| http2.ping_interval_ms = None),
    );
    let mut client = rig.connect();
    rig.shutdown.begin();
    let age = defies(&mut client).await;
    assert!((10..=13).contains(&age), "{age}");
    assert!(rig.end().await.is_clean());
}

/// Nobody who has nothing under way is cut off, however short the time.
#[tokio::test(start_paused = true)]
async fn without_a_grace_period_idle_connections_are_no_loss() {
    let rig = Rig::of(server().lead_time(Duration::ZERO).grace(Duration::ZERO));
    let (mut first, mut second) = (rig.connect(), rig.connect());
    first.get("/").await;
    second.get("/").await;
    let report = rig.end().await;
    assert_eq!((report.aborted_connections(), report.is_clean()), (0, true), "{report}");
    assert_eq!((first.rest().await, second.rest().await), (String::new(), String::new()));
}

#[tokio::test(start_paused = true)]
async fn what_ends_at_the_very_end_has_ended() {
    let rig = Rig::of(server().lead_time(Duration::ZERO).grace(seconds(20)));
    let mut client = rig.connect();
    client.send("GET /work HTTP/1.1\r\nhost: test\r\n\r\n").await;
    tokio::task::yield_now().await;
    let report = rig.end().await;
    assert_eq!(report.shutdown().as_secs(), 20);
    assert!(report.is_clean(), "{report}");
    assert!(client.answer().await.ends_with("done"));
}

/// Who has just come is listened to for a second, though the server closes.
#[tokio::test(start_paused = true)]
async fn who_came_last_may_say_what_it_wants() {
    let mut rig = Rig::of(server().lead_time(Duration::ZERO));
    let (mut asks, mut silent) = (rig.connect(), rig.connect());
    rig.shutdown.begin();
    rig.shutdown.closing().await;
    pass(Duration::from_millis(300)).await;
    assert!(asks.get("/").await.contains("connection: close\r\n"));
    let report = rig.report().await;
    assert_eq!((silent.closed_after().await, report.shutdown().as_secs()), (1, 1));
    assert!(report.is_clean(), "{report}");
}

#[tokio::test(start_paused = true)]
async fn the_log_says_how_many() {
    let log = Log::of("buttress");
    let listening = log.listen();
    let rig = Rig::of(server());
    let (mut stuck, mut other, mut kept) = (rig.connect(), rig.connect(), rig.connect());
    for client in [&mut stuck, &mut other] {
        client.send("GET /stuck HTTP/1.1\r\nhost: test\r\n\r\n").await;
    }
    kept.get("/").await;
    assert!(!rig.end().await.is_clean());
    drop(listening);
    let lines: Vec<_> = log.take().into_iter().filter(|line| !line.starts_with("DEBUG")).collect();
    let down = |phase, connections, requests| {
        let counts = format!("connections={connections} requests={requests}");
        format!("INFO message=the server goes down phase={phase} {counts}")
    };
    let report = "served 3 requests over 3 connections, aborted 2 requests and 2 connections";
    assert_eq!(
        lines,
        [
            down("draining", 3, 2),
            down("closing", 3, 2),
            down("aborting", 2, 2),
            "WARN message=what is left is cut off connections=2 requests=2".to_owned(),
            down("ended", 0, 0),
            format!("INFO message={report} shutdown=30s"),
        ]
    );
}
