//! How long a readiness probe takes over loopback while fifty dependencies hang, beside a handler that always
//! says the same, in one run.
//!
//! `cargo run --release -p buttress-benches --bin buttress-benches-probes -- [PROBES]`
//!
//! One connection asks again and again; the two servers take turns, a thousand probes each.

use std::error::Error;
use std::future::pending;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use buttress_core::clock::{Clock, SystemClock, TokioTimer};
use buttress_core::stage::Stage;
use buttress_health::{Check, HealthChecks};
use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;

type Failure = Box<dyn Error + Send + Sync>;

const TURN: usize = 1_000;

fn main() -> Result<(), Failure> {
    let probes: usize = std::env::args().nth(1).unwrap_or("100000".into()).parse()?;
    let servers = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let health = {
        let _on_the_runtime = servers.enter();
        hanging()?
    };
    let hello = Router::new().route("/", get(|| async { "hello" }));
    let ours = servers.block_on(start(hello.layer(health.stage().layer().keep_body())))?;
    let constant = servers.block_on(start(Router::new().route("/health/ready", get(always))))?;

    let clients = Builder::new_current_thread().enable_all().build()?;
    let [constant, ours] = clients.block_on(async {
        let mut sides = [
            Side::of(constant, StatusCode::OK).await?,
            Side::of(ours, StatusCode::SERVICE_UNAVAILABLE).await?,
        ];
        for _ in 0..probes.div_ceil(TURN) {
            for side in &mut sides {
                side.turn().await?;
            }
        }
        Ok::<_, Failure>(sides)
    })?;
    println!("| server | probes | p50 µs | p99 µs | p99.9 µs |");
    println!("|---|--:|--:|--:|--:|");
    println!("| axum, a constant | {constant} |");
    println!("| ours, 50 checks hang | {ours} |");
    Ok(())
}

fn hanging() -> Result<HealthChecks, Failure> {
    let checks = (0..50).map(|at| Check::of(format!("db{at}"), pending));
    let health = HealthChecks::builder().checks(checks).build()?;
    for task in health.tasks(&TokioTimer) {
        tokio::spawn(task);
    }
    Ok(health)
}

async fn always() -> impl axum::response::IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], r#"{"status":"ok"}"#)
}

async fn start(app: Router) -> Result<SocketAddr, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { drop(axum::serve(listener, app).await) });
    Ok(address)
}

/// One server, and how long its answers took.
struct Side {
    connection: SendRequest<Full<Bytes>>,
    says: StatusCode,
    seen: Vec<Duration>,
}

impl Side {
    async fn of(address: SocketAddr, says: StatusCode) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (connection, driver) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(driver);
        Ok(Self { connection, says, seen: Vec::new() })
    }

    async fn turn(&mut self) -> Result<(), Failure> {
        let clock = SystemClock;
        for _ in 0..TURN {
            let request = Request::get("/health/ready").header(header::HOST, "test");
            let began = clock.now();
            let response = self.connection.send_request(request.body(Full::default())?).await?;
            let status = response.status();
            response.into_body().collect().await?;
            self.seen.push(clock.now() - began);
            if status != self.says {
                return Err(format!("it says {status}").into());
            }
        }
        Ok(())
    }
}

impl std::fmt::Display for Side {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut seen = self.seen.clone();
        seen.sort_unstable();
        let at = |share: usize| seen.get(seen.len() * share / 1_000).map_or(0, Duration::as_micros);
        write!(f, "{} | {} | {} | {}", seen.len(), at(500), at(990), at(999))
    }
}
