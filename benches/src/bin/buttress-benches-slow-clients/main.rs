//! What honest clients notice of hostile ones: our server beside axum's with its defaults, in one run.
//!
//! `cargo run --release -p buttress-benches --bin buttress-benches-slow-clients -- [--attackers N] [--seconds N] [--kind NAME]`
//!
//! Server and honest clients have a thread each. The attackers are a process of their own, whose work gives way
//! (`nice`) to that of the others: they would come from other machines, and what they spend there costs a server
//! nothing. An attacker whose connection was ended comes back after a second: all of them in the same moment, or one by
//! one. In the control they attack another server on the same machine, so what is seen there is not the attacked
//! server's.

mod attackers;
mod honest;

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use attackers::{attack, enemies};
use axum::Router;
use axum::body::Body;
use axum::routing::{get, post};
use buttress::serve::Server;
use bytes::Bytes;
use honest::honest;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

type Failure = Box<dyn Error + Send + Sync>;

/// Which server it is.
#[derive(Clone, Copy, PartialEq)]
enum Served {
    Axum,
    Ours,
    /// By a runtime that asks the system for news after each task, and not after up to 61 of them.
    OursEager,
}

/// How the attackers come.
#[derive(Clone, Copy, PartialEq)]
enum Crowd {
    Nobody,
    AtOnce,
    OneByOne,
    /// At once, to another server.
    Elsewhere,
}

const ROWS: [(Served, Crowd); 9] = [
    (Served::Axum, Crowd::Nobody),
    (Served::Axum, Crowd::AtOnce),
    (Served::Axum, Crowd::OneByOne),
    (Served::Ours, Crowd::Nobody),
    (Served::Ours, Crowd::AtOnce),
    (Served::Ours, Crowd::OneByOne),
    (Served::Ours, Crowd::Elsewhere),
    (Served::OursEager, Crowd::Nobody),
    (Served::OursEager, Crowd::AtOnce),
];

/// What the command line says.
#[derive(Default)]
struct Options {
    attackers: usize,
    seconds: u64,
    kind: String,
    /// Whom the process of the attackers attacks, and within how many milliseconds all of them come.
    attacked: Option<SocketAddr>,
    within: u64,
}

fn main() -> Result<(), Failure> {
    let mut options = Options { attackers: 2_000, seconds: 10, ..Options::default() };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let value = arguments.next().ok_or("each option has a value")?;
        match &*argument {
            "--attackers" => options.attackers = value.parse()?,
            "--seconds" => options.seconds = value.parse()?,
            "--kind" => options.kind = value,
            "--attack" => options.attacked = Some(value.parse()?),
            "--within" => options.within = value.parse()?,
            other => return Err(format!("what is `{other}`?").into()),
        }
    }
    match options.attacked {
        Some(address) => attack(address, &options),
        None => compare(&options),
    }
}

fn compare(options: &Options) -> Result<(), Failure> {
    println!("| server | attackers | requests | failed | p50 µs | p99 µs | attacks ended |");
    println!("|---|---|--:|--:|--:|--:|--:|");
    for (served, crowd) in ROWS {
        let name = match served {
            Served::Axum => "axum::serve, as it comes",
            Served::Ours => "buttress::serve",
            Served::OursEager => "buttress::serve, `event_interval(1)`",
        };
        let how = match crowd {
            Crowd::Nobody => "none",
            Crowd::AtOnce => "at once",
            Crowd::OneByOne => "one by one",
            Crowd::Elsewhere => "at once, elsewhere",
        };
        let Row { requests, failed, p50, p99, ended } = measure(served, crowd, options)?;
        println!("| {name} | {how} | {requests} | {failed} | {p50} | {p99} | {ended} |");
    }
    Ok(())
}

struct Row {
    requests: usize,
    failed: usize,
    p50: u128,
    p99: u128,
    ended: usize,
}

fn measure(by: Served, crowd: Crowd, options: &Options) -> Result<Row, Failure> {
    let (server, other, clients) = (runtime(by)?, runtime(by)?, runtime(Served::Axum)?);
    let address = start(&server, by)?;
    let attacked = if crowd == Crowd::Elsewhere { start(&other, by)? } else { address };
    let enemies = enemies(attacked, crowd, options)?;
    let lasts = Duration::from_secs(options.seconds);
    let (mut latencies, failed) = clients.block_on(honest(address, lasts));
    latencies.sort_unstable();
    let quantile = |share: usize| latencies.get(latencies.len() * share / 100).copied();
    let micros = |share| quantile(share).unwrap_or_default().as_micros();
    // Ends them, as it closes what they listen to.
    let ended = String::from_utf8(enemies.wait_with_output()?.stdout)?.trim().parse()?;
    server.shutdown_background();
    other.shutdown_background();
    Ok(Row { requests: latencies.len(), failed, p50: micros(50), p99: micros(99), ended })
}

fn runtime(by: Served) -> std::io::Result<Runtime> {
    let mut builder = Builder::new_multi_thread();
    if by == Served::OursEager {
        builder.event_interval(1);
    }
    builder.worker_threads(1).enable_all().build()
}

fn start(runtime: &Runtime, by: Served) -> Result<SocketAddr, Failure> {
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?;
    let app = Router::new()
        .route("/", get(|| async { "hello" }))
        .route("/echo", post(|body: Bytes| async { body }))
        .route("/endless", get(|| async { Body::new(Endless) }));
    if by == Served::Axum {
        runtime.spawn(async move { drop(axum::serve(listener, app).await) });
    } else {
        let server =
            Server::builder().uncounted_addresses(["127.0.0.0/8"]).signals(false).build()?;
        runtime.spawn(server.serve(listener, app));
    }
    Ok(address)
}

struct Endless;

impl http_body::Body for Endless {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        let data = http_body::Frame::data(Bytes::from_static(&[b'x'; 16_384]));
        std::task::Poll::Ready(Some(Ok(data)))
    }
}
