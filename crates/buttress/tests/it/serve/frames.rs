//! HTTP/2 as no library sends it: frame by frame, in floods, in halves, and then nothing.

use buttress_testkit::paused::pass;

use super::rig::{Client, Rig, request, seconds, server};

pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
/// `GET /` of `test`, by static entries and literals: `:method GET`, `:scheme http`, `:path /`, `:authority`.
pub(super) const HEAD: &[u8] = &[0x82, 0x86, 0x84, 0x41, 4, b't', b'e', b's', b't'];

pub(super) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// Sends a frame again and again, and reads what comes, until the server closes. Says how many it took.
async fn flood(rig: &Rig, first: Vec<u8>, again: impl Fn(u32) -> Vec<u8>) -> u32 {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let (mut reader, mut writer) = tokio::io::split(rig.connect().pipe);
    let reading = tokio::spawn(async move {
        let mut all = Vec::new();
        drop(reader.read_to_end(&mut all).await);
    });
    writer.write_all(PREFACE).await.unwrap();
    writer.write_all(&first).await.unwrap();
    let mut sent = 0;
    while sent < 100_000 && !reading.is_finished() {
        if writer.write_all(&again(sent)).await.is_err() {
            break;
        }
        sent += 1;
        tokio::task::yield_now().await;
    }
    sent
}

#[tokio::test(start_paused = true)]
async fn floods_of_frames_that_bring_nothing_are_ended() {
    let rig = Rig::of(server());
    let open = frame(1, 4, 1, &[&[0x83], &HEAD[1..]].concat());
    let begin = frame(1, 0, 1, HEAD);
    let ping = flood(&rig, Vec::new(), |n| frame(6, 0, 0, &u64::from(n).to_be_bytes())).await;
    let settings = flood(&rig, Vec::new(), |_| frame(4, 0, 0, &[])).await;
    let empty_data = flood(&rig, open, |_| frame(0, 0, 1, &[])).await;
    let continuation = flood(&rig, begin, |_| frame(9, 0, 1, &[])).await;
    let priority = flood(&rig, Vec::new(), |_| frame(2, 0, 3, &[0, 0, 0, 0, 1])).await;
    let resets = flood(&rig, Vec::new(), |n| {
        let stream = 2 * (n % 100) + 1;
        [frame(1, 4, stream, HEAD), frame(3, 0, stream, &[0, 0, 0, 8])].concat()
    })
    .await;
    for sent in [ping, settings, empty_data, continuation, priority, resets] {
        assert!(
            (1..=400).contains(&sent),
            "{:?}",
            [ping, settings, empty_data, continuation, priority, resets]
        );
    }
    let mut honest = rig.http2().await;
    assert_eq!(honest.send_request(request("/")).await.unwrap().status(), 200);
    drop(rig);
}

/// Of the HTTP library, not ours: the documentation says so.
#[tokio::test(start_paused = true)]
async fn a_connection_has_a_hundred_frames_of_empty_data_in_its_life() {
    let rig = Rig::of(server().http2(|http2| http2.idle_frames = 1_000_000));
    let open = frame(1, 4, 1, &[&[0x83], &HEAD[1..]].concat());
    let sent = flood(&rig, open, |_| frame(0, 0, 1, &[])).await;
    assert!((100..=110).contains(&sent), "{sent}");
    drop(rig);
}

/// Frames of the server, as they come: kind, stream, payload.
pub(super) async fn next_frame(client: &mut Client) -> (u8, u32, Vec<u8>) {
    use tokio::io::AsyncReadExt;
    let mut head = [0; 9];
    client.pipe.read_exact(&mut head).await.unwrap();
    let mut payload = vec![0; usize::from(head[1]) << 8 | usize::from(head[2])];
    client.pipe.read_exact(&mut payload).await.unwrap();
    (head[3], u32::from_be_bytes(head[5..].try_into().unwrap()), payload)
}

#[tokio::test(start_paused = true)]
async fn clients_are_told_what_the_settings_say() {
    let rig = Rig::of(server().header_bytes(9_000).http2(|http2| {
        http2.concurrent_streams = 7;
        http2.stream_window = 70_000;
        http2.connection_window = 300_000;
    }));
    let mut client = rig.connect();
    client.send(PREFACE).await;
    let (kind, _, settings) = next_frame(&mut client).await;
    assert_eq!(kind, 4);
    let told: Vec<_> = settings
        .chunks(6)
        .map(|one| (one[1], u32::from_be_bytes(one[2..].try_into().unwrap())))
        .collect();
    for (name, value) in [(3, 7), (4, 70_000), (6, 4 * 9_000)] {
        assert!(told.contains(&(name, value)), "{name}: {told:?}");
    }
    let (stream, window) = loop {
        let (kind, stream, payload) = next_frame(&mut client).await;
        if kind == 8 {
            break (stream, u32::from_be_bytes(payload[..].try_into().unwrap()));
        }
    };
    // Beyond what every connection has at its start.
    assert_eq!((stream, window), (0, 300_000 - 65_535));
    drop(rig);
}

/// All in one piece, so that none is looked at before the last has come.
#[tokio::test(start_paused = true)]
async fn so_many_streams_may_be_taken_back_and_no_more() {
    let resets: Vec<_> = (0..30)
        .map(|n| [frame(1, 5, 2 * n + 1, HEAD), frame(3, 0, 2 * n + 1, &[0, 0, 0, 8])].concat())
        .collect();
    for (most, age) in [(10, 0), (100, 40)] {
        let rig = Rig::of(server().http2(|http2| http2.pending_reset_streams = most));
        let mut client = rig.connect();
        client.send([PREFACE, &resets.concat()].concat()).await;
        client.rest().await;
        assert_eq!(client.age(), age, "of {most}");
        drop(rig);
    }
}

/// A request that never ends by itself, taken back at once, so many times in a second. Says how many it took, of 4,000.
async fn taken_back(rig: &Rig, each_second: u32) -> u32 {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let stuck = [&HEAD[..2], b"\x04\x06/stuck", &HEAD[3..]].concat();
    let (mut reader, mut writer) = tokio::io::split(rig.connect().pipe);
    let reading = tokio::spawn(async move { drop(reader.read_to_end(&mut Vec::new()).await) });
    writer.write_all(PREFACE).await.unwrap();
    let mut sent = 0;
    while sent < 4_000 && !reading.is_finished() {
        let stream = 2 * sent + 1;
        let both = [frame(1, 5, stream, &stuck), frame(3, 0, stream, &[0, 0, 0, 8])].concat();
        if writer.write_all(&both).await.is_err() {
            break;
        }
        sent += 1;
        pass(seconds(1) / each_second).await;
    }
    sent
}

/// One by one they are no flood for the HTTP library.
#[tokio::test(start_paused = true)]
async fn requests_may_be_taken_back_at_the_rate_of_idle_frames() {
    let rig = Rig::of(server());
    assert_eq!(taken_back(&rig, 90).await, 4_000);
    let rapid = taken_back(&rig, 500).await;
    // 250 are free, and while they last a hundred come each second.
    assert!((250..330).contains(&rapid), "{rapid}");
    drop(rig);
}

/// As grpc-go does while it measures the way: it updates a window and pings at each message, one ping at a time.
#[tokio::test(start_paused = true)]
async fn a_stream_of_small_messages_is_no_flood() {
    let rig = Rig::of(server());
    let mut client = rig.connect();
    let head = [&HEAD[..2], b"\x04\x06/ticks", &HEAD[3..]].concat();
    client.send([PREFACE, &frame(1, 5, 1, &head)].concat()).await;
    let (mut messages, mut pings) = (0, 0);
    while messages < 3_000 {
        match next_frame(&mut client).await {
            (0, _, message) => {
                messages += 1;
                let length = u32::try_from(message.len()).unwrap().to_be_bytes();
                let update = [frame(8, 0, 0, &length), frame(8, 0, 1, &length)].concat();
                client.send([update, frame(6, 0, 0, &[0; 8])].concat()).await;
            }
            (6, ..) => pings += 1,
            _ => {}
        }
    }
    assert!(pings > 2_900, "{pings}");
    drop(rig);
}

/// Who is gone without a word does not answer to pings, and holds no stream for longer.
#[tokio::test(start_paused = true)]
async fn who_answers_no_ping_is_ended() {
    let stuck = [&HEAD[..2], b"\x04\x06/stuck", &HEAD[3..]].concat();
    for (interval, age) in [(Some(3_000), 10), (Some(20_000), 27)] {
        let rig = Rig::of(server().http2(|http2| {
            http2.ping_interval_ms = interval;
            http2.ping_timeout_ms = 7_000;
        }));
        let mut client = rig.connect();
        client.send([PREFACE, &frame(1, 5, 1, &stuck)].concat()).await;
        client.rest().await;
        assert_eq!(client.age(), age);
        drop(rig);
    }
}

#[tokio::test(start_paused = true)]
async fn half_a_head_has_the_deadline_of_a_head() {
    let rig = Rig::of(server());
    let whole = frame(1, 5, 1, HEAD);
    for half in [frame(1, 1, 1, HEAD), whole[..12].to_vec()] {
        let mut client = rig.connect();
        client.send(PREFACE).await;
        pass(seconds(12)).await;
        client.send(half).await;
        client.rest().await;
        assert_eq!(client.age(), 22);
    }
    drop(rig);
}
