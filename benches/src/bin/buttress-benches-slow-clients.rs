//! What honest clients notice of hostile ones: our server beside axum's with its defaults, in one run.
//!
//! `cargo run --release -p buttress-benches --bin buttress-benches-slow-clients -- [--attackers N] [--seconds N]`
//!
//! Server and honest clients have a thread each. The attackers are a process of their own, whose work gives way (`nice`)
//! to that of the others: they would come from other machines, and what they spend there costs a server nothing. An
//! attacker whose connection was ended comes back after a second.

use std::error::Error;
use std::io::{Read, stdin};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::{get, post};
use buttress::clock::{Clock, SystemClock};
use buttress::serve::Server;
use buttress_testkit::hostile::Attack;
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

type Failure = Box<dyn Error + Send + Sync>;

const CLIENTS: usize = 20;
const EVERY: Duration = Duration::from_millis(10);

fn main() -> Result<(), Failure> {
    let (mut attackers, mut seconds, mut attacked) = (2_000, 10, None);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let value = arguments.next().ok_or("each option has a value")?;
        match &*argument {
            "--attackers" => attackers = value.parse()?,
            "--seconds" => seconds = value.parse()?,
            "--attack" => attacked = Some(value.parse()?),
            other => return Err(format!("what is `{other}`?").into()),
        }
    }
    match attacked {
        Some(address) => attack(address, attackers),
        None => compare(attackers, Duration::from_secs(seconds)),
    }
}

fn compare(attackers: usize, lasts: Duration) -> Result<(), Failure> {
    println!("| server | attackers | requests | failed | p50 µs | p99 µs | attacks ended |");
    println!("|---|--:|--:|--:|--:|--:|--:|");
    for (name, ours) in [("axum::serve, as it comes", false), ("buttress::serve", true)] {
        for attackers in [0, attackers] {
            let row = measure(ours, attackers, lasts)?;
            let Row { requests, failed, p50, p99, ended } = row;
            println!("| {name} | {attackers} | {requests} | {failed} | {p50} | {p99} | {ended} |");
        }
    }
    Ok(())
}

/// What the process of the attackers does, until nobody listens any more. Says at last how many attacks were ended.
fn attack(address: SocketAddr, attackers: usize) -> Result<(), Failure> {
    let enemies = runtime()?;
    let ended = Arc::new(AtomicUsize::new(0));
    for number in 0..attackers {
        let attack = Attack::ALL[number % Attack::ALL.len()];
        let ended = ended.clone();
        enemies.spawn(async move {
            let mut pauses = interval(Duration::from_secs(1));
            loop {
                pauses.tick().await;
                attack.run(address, Duration::from_millis(500)).await;
                ended.fetch_add(1, Relaxed);
            }
        });
    }
    stdin().read_to_end(&mut Vec::new())?;
    println!("{}", ended.load(Relaxed));
    enemies.shutdown_background();
    Ok(())
}

/// Starts that process.
fn enemies(address: SocketAddr, attackers: usize) -> Result<Child, Failure> {
    let mut command = Command::new("nice");
    command.arg("-n19").arg(std::env::current_exe()?);
    command.args(["--attack", &address.to_string(), "--attackers", &attackers.to_string()]);
    Ok(command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?)
}

struct Row {
    requests: usize,
    failed: usize,
    p50: u128,
    p99: u128,
    ended: usize,
}

fn measure(ours: bool, attackers: usize, lasts: Duration) -> Result<Row, Failure> {
    let (server, clients) = (runtime()?, runtime()?);
    let address = start(&server, ours)?;
    let enemies = enemies(address, attackers)?;
    let (mut latencies, failed) = clients.block_on(honest(address, lasts));
    latencies.sort_unstable();
    let quantile = |share: usize| latencies.get(latencies.len() * share / 100).copied();
    let micros = |share| quantile(share).unwrap_or_default().as_micros();
    // Ends them, as it closes what they listen to.
    let ended = String::from_utf8(enemies.wait_with_output()?.stdout)?.trim().parse()?;
    server.shutdown_background();
    Ok(Row { requests: latencies.len(), failed, p50: micros(50), p99: micros(99), ended })
}

fn runtime() -> std::io::Result<Runtime> {
    Builder::new_multi_thread().worker_threads(1).enable_all().build()
}

fn start(runtime: &Runtime, ours: bool) -> Result<SocketAddr, Failure> {
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?;
    let app = Router::new()
        .route("/", get(|| async { "hello" }))
        .route("/echo", post(|body: Bytes| async { body }))
        .route("/endless", get(|| async { Body::new(Endless) }));
    if ours {
        let server =
            Server::builder().uncounted_addresses(["127.0.0.0/8"]).signals(false).build()?;
        runtime.spawn(server.serve(listener, app));
    } else {
        runtime.spawn(async move { drop(axum::serve(listener, app).await) });
    }
    Ok(address)
}

/// How long each request took, and how many failed.
async fn honest(address: SocketAddr, lasts: Duration) -> (Vec<Duration>, usize) {
    let stop = Arc::new(AtomicBool::new(false));
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        clients.spawn(client(address, stop.clone()));
    }
    // The attackers need a moment to arrive; what was measured meanwhile counts all the same.
    let mut end = interval(lasts);
    end.tick().await;
    end.tick().await;
    stop.store(true, Relaxed);
    let (mut latencies, mut failed) = (Vec::new(), 0);
    while let Some(client) = clients.join_next().await {
        match client {
            Ok((mut seen, broken)) => {
                latencies.append(&mut seen);
                failed += broken;
            }
            Err(_) => failed += 1,
        }
    }
    (latencies, failed)
}

async fn client(address: SocketAddr, stop: Arc<AtomicBool>) -> (Vec<Duration>, usize) {
    let (mut latencies, mut failed) = (Vec::new(), 0);
    let mut turns = interval(EVERY);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while !stop.load(Relaxed) {
        let connected = async {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
            tokio::spawn(connection);
            Ok::<_, Failure>(sender)
        };
        let Ok(mut sender) = connected.await else {
            failed += 1;
            continue;
        };
        while !stop.load(Relaxed) && sender.ready().await.is_ok() {
            turns.tick().await;
            let began = SystemClock.now();
            match ask(&mut sender).await {
                Ok(()) => latencies.push(SystemClock.now() - began),
                Err(_) => failed += 1,
            }
        }
    }
    (latencies, failed)
}

async fn ask(sender: &mut http1::SendRequest<Full<Bytes>>) -> Result<(), Failure> {
    let request = Request::get("/").header("host", "test").body(Full::default())?;
    sender.send_request(request).await?.into_body().collect().await?;
    Ok(())
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
