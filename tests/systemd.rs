//! What a service manager does for a service, and hears of it. Sockets are handed over when a process
//! starts, so this is a program of its own, with one test: it plays the manager, and starts itself as the service.
#![allow(clippy::expect_used, clippy::unwrap_used, missing_docs, reason = "these are tests")]
#![cfg(target_os = "linux")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;

use axum::{Router, routing::get};
use buttress::serve::{Both, Server, systemd};

const SERVICE: &str = "BUTTRESS_TEST_SERVICE";
const NAME: &str = "sockets_are_handed_over_and_the_manager_hears_how_it_goes";

#[test]
fn sockets_are_handed_over_and_the_manager_hears_how_it_goes() {
    if std::env::var_os(SERVICE).is_some() {
        return service();
    }
    let (path, unix_path) = (free("manager"), free("service"));
    let manager = UnixDatagram::bind(&path).unwrap();
    manager.set_read_timeout(PATIENCE).unwrap();
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let unix = UnixListener::bind(&unix_path).unwrap();
    // Who comes before the service is there waits in the queue.
    let early = ask(tcp(address));
    let early_too = ask(local(&unix_path));
    let mut service = start(socket.into(), unix.into(), path.to_str().unwrap());

    assert_eq!(heard(&manager, "READY=1"), "READY=1");
    assert_eq!(heard(&manager, "WATCHDOG=1"), "WATCHDOG=1");
    assert_eq!(heard(&manager, "WATCHDOG=1"), "WATCHDOG=1", "again and again");
    assert!(answer(early).ends_with("hello") && answer(early_too).ends_with("hello"));
    assert!(answer(ask(tcp(address))).ends_with("hello"));
    assert!(answer(ask(local(&unix_path))).ends_with("hello"));
    let told = Command::new("kill").args(["-TERM", &service.0.id().to_string()]).status();
    assert!(told.unwrap().success());
    assert_eq!(heard(&manager, "STOPPING=1"), "STOPPING=1");
    assert!(service.0.wait().unwrap().success());
    drop((std::fs::remove_file(path), std::fs::remove_file(unix_path)));
}

/// A path at which there is nothing.
fn free(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("buttress-{name}-{}", std::process::id()));
    drop(std::fs::remove_file(&path));
    path
}

/// What the manager starts.
fn service() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (tcp, unix) = systemd::listeners().unwrap();
        assert_eq!((tcp.len(), unix.len()), (1, 1), "the datagrams are left out");
        assert!(systemd::tcp_listeners().unwrap().is_empty(), "once");
        let server = Server::builder().lead_time(Duration::ZERO).build().unwrap();
        beside().await;
        let app = Router::new().route("/", get(|| async { "hello" }));
        let report = server.serve(Both::new(tcp, unix), app).await;
        assert!(report.is_clean() && report.requests() == 4, "{report}");
    });
}

/// Another one, which comes and goes: the manager hears of the service alone.
async fn beside() {
    let server = Server::builder().lead_time(Duration::ZERO).service_manager(false);
    let server = server.signals(false).build().unwrap();
    server.handle().begin();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    assert!(server.serve(listener, Router::new()).await.is_clean());
}

/// Ends with the test, however that ends.
struct Service(Child);

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.0.kill();
    }
}

/// The shell gives the sockets the numbers that the protocol asks for, and knows whose they will be. Between them
/// stands one that the server has no use for.
fn start(socket: OwnedFd, unix: OwnedFd, manager: &str) -> Service {
    let script = "exec 3<&0 4<&2 5<&1 1>/dev/null 2>/dev/null; \
        LISTEN_PID=$$; WATCHDOG_PID=$$; export LISTEN_PID WATCHDOG_PID; exec \"$@\"";
    let child = Command::new("sh")
        .args(["-c", script, "sh"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", NAME, "--nocapture"])
        .stdin(socket)
        .stdout(unix)
        .stderr(OwnedFd::from(UnixDatagram::unbound().unwrap()))
        .envs([(SERVICE, "1"), ("LISTEN_FDS", "3"), ("WATCHDOG_USEC", "100000")])
        .env("NOTIFY_SOCKET", manager)
        .spawn();
    Service(child.unwrap())
}

/// The next word that is not `WATCHDOG=1`, unless that is awaited.
fn heard(manager: &UnixDatagram, awaited: &str) -> String {
    let mut bytes = [0; 64];
    loop {
        let count = manager.recv(&mut bytes).expect("a word within 20 s");
        let word = str::from_utf8(&bytes[..count]).unwrap();
        if word == awaited || word != "WATCHDOG=1" {
            return word.to_owned();
        }
    }
}

const PATIENCE: Option<Duration> = Some(Duration::from_secs(20));

fn tcp(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(PATIENCE).unwrap();
    stream
}

fn local(path: &Path) -> UnixStream {
    let stream = UnixStream::connect(path).unwrap();
    stream.set_read_timeout(PATIENCE).unwrap();
    stream
}

fn ask<S: Write>(mut stream: S) -> S {
    let ask = b"GET / HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n";
    stream.write_all(ask).unwrap();
    stream
}

fn answer(mut stream: impl Read) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
