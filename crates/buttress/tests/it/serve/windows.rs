//! Limits of HTTP/2 that a client was told, and does not keep to.

use axum::Router;
use axum::body::Body;
use axum::routing::post;

use super::frames::{HEAD, PREFACE, frame, next_frame};
use super::rig::{Client, Rig, server};

const DATA: u8 = 0;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const ACK: u8 = 1;

/// The codes of RFC 9113, section 7, as they stand in a frame.
const FLOW_CONTROL_ERROR: [u8; 4] = [0, 0, 0, 3];
const REFUSED_STREAM: [u8; 4] = [0, 0, 0, 7];

/// The next frame of this kind: its stream, and what it says.
async fn next_of(client: &mut Client, wanted: u8) -> (u32, Vec<u8>) {
    loop {
        let (kind, stream, payload) = next_frame(client).await;
        if kind == wanted {
            return (stream, payload);
        }
        assert!(!matches!(kind, RESET | GOAWAY), "{kind} of {stream}: {payload:?}");
    }
}

/// It may be asked again: nobody has seen it.
#[tokio::test(start_paused = true)]
async fn a_stream_too_many_is_refused_and_no_other() {
    let rig = Rig::of(server().http2(|http2| http2.concurrent_streams = 7));
    let mut client = rig.connect();
    let stuck = [&HEAD[..2], b"\x04\x06/stuck", &HEAD[3..]].concat();
    let streams: Vec<_> = (0..8).map(|n| frame(1, 5, 2 * n + 1, &stuck)).collect();
    client.send([PREFACE, &frame(SETTINGS, ACK, 0, &[]), &streams.concat()].concat()).await;
    assert_eq!(next_of(&mut client, RESET).await, (15, REFUSED_STREAM.to_vec()));
    // With one of them gone there is room again.
    let answered = [frame(RESET, 0, 1, &[0, 0, 0, 8]), frame(1, 5, 17, HEAD)].concat();
    client.send(answered).await;
    assert_eq!(next_of(&mut client, DATA).await.0, 17);
    drop(rig);
}

/// Takes a request, and reads nothing of it.
fn reads_nothing() -> Router {
    let holds = |body: Body| async move {
        std::future::pending::<()>().await;
        drop(body);
    };
    Router::new().route("/", post(holds))
}

/// Opens these streams, and sends so many bytes in each.
async fn sends(client: &mut Client, streams: &[(u32, usize)]) {
    client.send([PREFACE, &frame(SETTINGS, ACK, 0, &[])].concat()).await;
    for (stream, bytes) in streams {
        client.send(frame(1, 4, *stream, &[&[0x83], &HEAD[1..]].concat())).await;
        for piece in vec![0; *bytes].chunks(16_384) {
            client.send(frame(DATA, 0, *stream, piece)).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_beyond_the_window_of_its_stream_ends_it() {
    let two_windows = || {
        server().http2(|http2| {
            http2.stream_window = 70_000;
            http2.connection_window = 300_000;
        })
    };
    let rig = Rig::start(two_windows(), reads_nothing());
    let mut client = rig.connect();
    sends(&mut client, &[(1, 70_000), (3, 70_001)]).await;
    assert_eq!(next_of(&mut client, RESET).await, (3, FLOW_CONTROL_ERROR.to_vec()));
    // The first one used all it had, and is not touched.
    client.send(frame(DATA, 0, 1, b"x")).await;
    assert_eq!(next_of(&mut client, RESET).await, (1, FLOW_CONTROL_ERROR.to_vec()));
    drop(rig);
}

#[tokio::test(start_paused = true)]
async fn bodies_beyond_the_window_of_their_connection_end_it() {
    let rig = Rig::start(
        server().http2(|http2| {
            http2.stream_window = 70_000;
            http2.connection_window = 100_000;
        }),
        reads_nothing(),
    );
    let mut client = rig.connect();
    sends(&mut client, &[(1, 70_000), (3, 30_001)]).await;
    let (_, goaway) = next_of(&mut client, GOAWAY).await;
    assert_eq!(goaway[4..8], FLOW_CONTROL_ERROR);
    client.rest().await;
    assert_eq!(client.age(), 0);
    drop(rig);
}
