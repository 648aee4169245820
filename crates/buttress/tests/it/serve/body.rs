//! A request body comes at a rate, or ends.

use buttress_testkit::paused::pass;
use http_body::Body;
use http_body_util::BodyExt;

use super::rig::{Rig, seconds, server};

const POST: &str = "POST /echo HTTP/1.1\r\nhost: test\r\ncontent-length: 300\r\n\r\n";

#[tokio::test(start_paused = true)]
async fn a_body_that_stops_is_given_up() {
    let rig = Rig::of(server());
    let mut client = rig.connect();
    client.send(POST).await;
    client.send("a few bytes").await;
    let answer = client.answer().await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
    assert_eq!(client.age(), 30);
    assert_eq!(client.rest().await, "", "what it sent after all would be no request");
    drop(rig);
}

#[tokio::test(start_paused = true)]
async fn a_byte_a_second_is_given_up_and_pauses_are_not() {
    let rig = Rig::of(server());
    let mut slow = rig.connect();
    slow.send(POST).await;
    for _ in 0..40 {
        slow.send("a").await;
        pass(seconds(1)).await;
    }
    assert!(slow.answer().await.starts_with("HTTP/1.1 408 "));

    let mut pauses = rig.connect();
    pauses.send(POST).await;
    for _ in 0..3 {
        pass(seconds(25)).await;
        pauses.send("a".repeat(100)).await;
    }
    let answer = pauses.answer().await;
    // A hundred bytes earn a second, and 75 were too many.
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");

    let lenient = Rig::of(server().min_bytes_per_second(0));
    let mut pauses = lenient.connect();
    pauses.send(POST).await;
    for _ in 0..3 {
        pass(seconds(25)).await;
        pauses.send("a".repeat(100)).await;
    }
    assert!(pauses.answer().await.ends_with(&"a".repeat(300)));
    drop(rig);
}

/// Nobody reads it any more, so the connection has to end: who has another request should know it is not heard.
#[tokio::test(start_paused = true)]
async fn an_answer_in_front_of_a_long_body_says_that_it_is_the_last() {
    let rig = Rig::of(server());
    let long = format!("content-length: 20000\r\n\r\n{}", "7".repeat(1_000));
    for rest in [&long, "transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n"] {
        let mut client = rig.connect();
        client.send(format!("POST /nope HTTP/1.1\r\nhost: test\r\n{rest}")).await;
        let answer = client.rest().await;
        assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
        assert!(answer.contains("connection: close"), "{answer}");
    }
    drop(rig);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_read_or_short_leaves_the_connection_open() {
    let rig = Rig::of(server());
    let mut client = rig.connect();
    let chunked = "transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    let counted = format!("content-length: 20000\r\n\r\n{}", "7".repeat(20_000));
    let short = format!("content-length: 4096\r\n\r\n{}", "7".repeat(4_096));
    for (path, rest) in
        [("/echo", chunked), ("/echo", &counted), ("/nope", &short), ("/echo", chunked)]
    {
        client.send(format!("POST {path} HTTP/1.1\r\nhost: test\r\n{rest}")).await;
        let answer = client.answer().await;
        assert!(answer.starts_with("HTTP/1.1 "), "{path}");
        assert!(!answer.contains("connection: close"), "{path}: {answer}");
    }
    drop(rig);
}

#[cfg(feature = "error-envelope")]
#[tokio::test(start_paused = true)]
async fn an_extractor_says_that_it_was_kept_waiting() {
    use axum::Router;
    use axum::routing::post;
    use buttress::error_envelope::extract::Json;

    let app = Router::new().route("/", post(|_: Json<Vec<u8>>| async { "never" }));
    let rig = Rig::start(server(), app);
    let mut client = rig.connect();
    client
        .send("POST / HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n[1,")
        .await;
    let answer = client.answer().await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains(r#""code":"REQUEST_TIMED_OUT""#), "{answer}");
    drop(rig);
}

/// Or a handler that skips errors would wait for ever, and nobody would watch over it.
#[tokio::test(start_paused = true)]
async fn after_its_error_a_body_is_over() {
    let (skips, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let app = axum::Router::new().route(
        "/echo",
        axum::routing::post(move |body: axum::body::Body| async move {
            let mut body = body;
            let mut errors = 0;
            while let Some(frame) = body.frame().await {
                errors += u32::from(frame.is_err());
            }
            skips.send((errors, body.is_end_stream())).unwrap();
            "over"
        }),
    );
    let rig = Rig::start(server(), app);
    let mut client = rig.connect();
    client.send(POST).await;
    assert!(client.answer().await.ends_with("over"));
    assert_eq!((client.age(), heard.recv().await), (30, Some((1, true))));
    drop(rig);
}
