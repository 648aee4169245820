//! A server that is replaced while it serves: `cargo run --example restart`, then follow what it prints.
//!
//! Two processes listen to one port (`SO_REUSEPORT`). The old one is told to stop with SIGTERM: it says no
//! to readiness, serves on for the lead time, finishes what it has, and says by its exit status whether
//! something was cut off. With `--smoke` it does all that with children of its own, under load, and cuts one off.

#[path = "restart/client.rs"]
mod client;

use std::net::SocketAddr;
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Router, routing::get};
use buttress::serve::Server;
use buttress_examples::{Failure, Options};
use socket2::{Domain, Socket, Type};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{interval, timeout};

use self::client::{Kept, ask};

#[tokio::main]
async fn main() -> Result<ExitCode, Failure> {
    let options = Options::from_command_line()?;
    if options.smoke() {
        smoke().await?;
        return Ok(ExitCode::SUCCESS);
    }
    let socket = share(options.port())?;
    socket.listen(1_024)?;
    socket.set_nonblocking(true)?;
    let listener = TcpListener::from_std(socket.into())?;
    let (address, process) = (listener.local_addr()?, std::process::id());
    println!("process {process} listens on http://{address}, try:\n");
    println!("  curl -i http://{address}        # which process answers?");
    println!(
        "  cargo run --example restart -- --port {}   # a second one, beside it",
        address.port()
    );
    println!("  kill -TERM {process}             # and the first goes down\n");
    serve(listener).await
}

// ANCHOR: serve
async fn serve(listener: TcpListener) -> Result<ExitCode, Failure> {
    let ready = Arc::new(AtomicBool::new(true));
    let drain = ready.clone();
    let server = Server::builder()
        .lead_time(Duration::from_secs(2))
        .grace(Duration::from_secs(10))
        .on_drain(move || drain.store(false, Ordering::Release))
        .hook("flush telemetry", || async { println!("flushed") })
        .build()?;
    let report = server.serve(listener, app(ready)).await;
    println!("process {}: {report}", std::process::id());
    Ok(report.exit_code())
}
// ANCHOR_END: serve

fn app(ready: Arc<AtomicBool>) -> Router {
    let health = |State(ready): State<Arc<AtomicBool>>| async move {
        if ready.load(Ordering::Acquire) { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
    };
    Router::new()
        .route("/", get(|| async { std::process::id().to_string() }))
        .route("/ready", get(health))
        .route("/never", get(std::future::pending::<()>)) // to be cut off
        .with_state(ready)
}

/// A socket on a port that other processes may have as well.
fn share(port: u16) -> std::io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    #[cfg(unix)]
    socket.set_reuse_port(true)?;
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], port)).into())?;
    Ok(socket)
}

/// Two restarts under load: every request is answered, and every process ends well. The last one ends with a request
/// that it never answers, and says so.
async fn smoke() -> Result<(), Failure> {
    // Holds the port, and is no listener.
    let held = share(0)?;
    let address = held.local_addr()?.as_socket().ok_or("no address")?;
    let mut present = Process::start(address).await?;
    for restart in 1..=2 {
        let next = Process::start(address).await?;
        let mut old = std::mem::replace(&mut present, next);
        old.terminate()?;
        let (answered, again) = load_until(&mut old, address).await?;
        println!(
            "ok: restart {restart} under load, {answered} requests answered, {again} of them at the second try"
        );
    }
    println!("all 2 restarts went as expected");
    let status = cut_off(&mut present, address).await?;
    if status.code() != Some(1) {
        return Err(format!("a request was cut off, and it ended with {status}").into());
    }
    println!("ok: a request was cut off, and the exit status says so");
    Ok(())
}

/// Tells it to stop until it does, while it has a request that it never answers.
async fn cut_off(process: &mut Process, address: SocketAddr) -> Result<ExitStatus, Failure> {
    let mut asking = TcpStream::connect(address).await?;
    asking.write_all(b"GET /never HTTP/1.1\r\nhost: test\r\n\r\n").await?;
    // It answers a later one, so it has begun that one.
    ask(address).await?;
    let mut turns = interval(Duration::from_millis(20));
    for _ in 0..1_000 {
        // The second time shortens the lead time, the third one the grace period; two at once would count as one.
        process.terminate()?;
        turns.tick().await;
        if let Some(status) = process.child.try_wait()? {
            return Ok(status);
        }
    }
    Err("it does not end".into())
}

struct Process {
    child: Child,
}

impl Process {
    /// Starts one, and waits until it answers.
    async fn start(address: SocketAddr) -> Result<Self, Failure> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["--port", &address.port().to_string()]).stdout(Stdio::null());
        let process = Self { child: command.spawn()? };
        let id = process.child.id().to_string();
        let mut turns = interval(Duration::from_millis(20));
        let answers = async {
            loop {
                turns.tick().await;
                // The system chooses who answers, so it may take some tries.
                if let Ok(answer) = ask(address).await
                    && answer == id
                {
                    return;
                }
            }
        };
        timeout(Duration::from_secs(20), answers)
            .await
            .map_err(|_| "the next one never answered")?;
        Ok(process)
    }

    fn terminate(&self) -> Result<(), Failure> {
        let told = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status()?;
        if told.success() { Ok(()) } else { Err("SIGTERM could not be sent".into()) }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It has ended already, unless something went wrong.
        let _ = self.child.kill();
    }
}

/// How many of one restart may need a second try. A closing socket loses only who is just being connected.
const MOST_AGAIN: u32 = 5;

/// Asks all the time, until `old` has ended: over a connection for each request, and over one that is kept for as long
/// as the server likes. Says how often, and how often it took a second try.
async fn load_until(old: &mut Process, address: SocketAddr) -> Result<(u32, u32), Failure> {
    let mut turns = interval(Duration::from_millis(5));
    let (mut answered, mut again) = (0, 0);
    let mut kept = Kept::open(address).await?;
    loop {
        turns.tick().await;
        if ask(address).await.is_err() {
            ask(address).await.map_err(|error| format!("request {answered}: {error}"))?;
            again += 1;
        }
        again += kept.ask().await.map_err(|error| format!("kept, {answered}: {error}"))?;
        answered += 2;
        if again > MOST_AGAIN {
            return Err(format!("{again} of {answered} requests took a second try").into());
        }
        match old.child.try_wait()? {
            None if answered > 20_000 => return Err("it does not end".into()),
            None => {}
            Some(status) if status.success() => return Ok((answered, again)),
            Some(status) => return Err(format!("it ended with {status}").into()),
        }
    }
}
