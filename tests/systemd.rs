//! What a service manager does for a service, and hears of it. Sockets are handed over when a process
//! starts, so this is a program of its own, with one test: it plays the manager, and starts itself as the service.
#![allow(clippy::expect_used, clippy::unwrap_used, missing_docs, reason = "these are tests")]
#![cfg(target_os = "linux")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use axum::{Router, routing::get};
use buttress::serve::{Server, systemd};

const SERVICE: &str = "BUTTRESS_TEST_SERVICE";
const NAME: &str = "a_socket_is_handed_over_and_the_manager_hears_how_it_goes";

#[test]
fn a_socket_is_handed_over_and_the_manager_hears_how_it_goes() {
    if std::env::var_os(SERVICE).is_some() {
        return service();
    }
    let path = std::env::temp_dir().join(format!("buttress-manager-{}", std::process::id()));
    drop(std::fs::remove_file(&path));
    let manager = UnixDatagram::bind(&path).unwrap();
    manager.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    // Who comes before the service is there waits in the queue.
    let early = ask(address);
    let mut service = start(socket, path.to_str().unwrap());

    assert_eq!(heard(&manager, "READY=1"), "READY=1");
    assert_eq!(heard(&manager, "WATCHDOG=1"), "WATCHDOG=1");
    assert_eq!(heard(&manager, "WATCHDOG=1"), "WATCHDOG=1", "again and again");
    for stream in [early, ask(address)] {
        assert!(answer(stream).ends_with("hello"));
    }
    let told = Command::new("kill").args(["-TERM", &service.0.id().to_string()]).status();
    assert!(told.unwrap().success());
    assert_eq!(heard(&manager, "STOPPING=1"), "STOPPING=1");
    assert!(service.0.wait().unwrap().success());
    drop(std::fs::remove_file(path));
}

/// What the manager starts.
fn service() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listeners = systemd::tcp_listeners().unwrap();
        assert_eq!(listeners.len(), 1, "one socket was handed over");
        assert!(systemd::tcp_listeners().unwrap().is_empty(), "once");
        let server = Server::builder().lead_time(Duration::ZERO).build().unwrap();
        let app = Router::new().route("/", get(|| async { "hello" }));
        let report = server.serve(listeners, app).await;
        assert!(report.is_clean() && report.requests() == 2, "{report}");
    });
}

/// Ends with the test, however that ends.
struct Service(Child);

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.0.kill();
    }
}

/// The shell gives the socket the number that the protocol asks for, and knows whose number it will be.
fn start(socket: TcpListener, manager: &str) -> Service {
    let script =
        "exec 3<&0; LISTEN_PID=$$; WATCHDOG_PID=$$; export LISTEN_PID WATCHDOG_PID; exec \"$@\"";
    let child = Command::new("sh")
        .args(["-c", script, "sh"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", NAME, "--nocapture"])
        .stdin(OwnedFd::from(socket))
        .stdout(Stdio::null())
        .envs([(SERVICE, "1"), ("LISTEN_FDS", "1"), ("WATCHDOG_USEC", "100000")])
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

fn ask(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let ask = b"GET / HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n";
    stream.write_all(ask).unwrap();
    stream
}

fn answer(mut stream: TcpStream) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
