//! Servers end with the test, however it ends.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use buttress_testkit::redis::{Client, Server};
use buttress_testkit::until::until;

const CHILD: &str = "BUTTRESS_TEST_CHILD";

/// Runs this test once more in a process of its own, which starts a server and is then killed, with all that is in
/// its group, as runners of tests do.
async fn is_killed(name: &str, frozen: bool) {
    if env::var_os(CHILD).is_some() {
        starts_a_server(frozen).await;
        return;
    }
    let child = Command::new(env::current_exe().unwrap())
        .args(["--exact", &format!("redis::outlive::{name}"), "--nocapture"])
        .env(CHILD, "1")
        .process_group(0)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut child = Reaped(child);
    let mut lines = BufReader::new(child.0.stdout.take().unwrap()).lines().map_while(Result::ok);
    let line = lines.find_map(|line| line.split_once("started ").map(|(_, told)| told.to_owned()));
    let line = line.expect("the child says what it started");
    let (address, folder) = line.split_once(' ').unwrap();
    let (address, folder) = (address.parse().unwrap(), Path::new(folder));
    assert!(folder.exists());
    assert!(Client::connect(address).await.is_ok(), "the server listens");

    let group = format!("-{}", child.0.id());
    let killing = Command::new("sh").args(["-c", "kill -KILL $1", "sh", &group]).status();
    assert!(killing.unwrap().success());
    until("the server to end", async || Client::connect(address).await.err()).await;
    until("its folder to go", async || (!folder.exists()).then_some(())).await;
}

/// Whatever the test finds, its child does not stay.
struct Reaped(Child);

impl Drop for Reaped {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Never returns.
async fn starts_a_server(frozen: bool) {
    let server = Server::start().await;
    if frozen {
        server.freeze();
    }
    println!("started {} {}", server.address(), server.socket().parent().unwrap().display());
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn a_server_ends_with_a_test_that_is_killed() {
    is_killed("a_server_ends_with_a_test_that_is_killed", false).await;
}

#[tokio::test]
async fn a_frozen_server_ends_with_a_test_that_is_killed() {
    is_killed("a_frozen_server_ends_with_a_test_that_is_killed", true).await;
}

#[tokio::test]
async fn a_server_ends_with_a_test_that_panics() {
    let test = tokio::spawn(async {
        let server = Server::start().await;
        std::panic::panic_any((server.address(), server.socket()));
    });
    let panic = test.await.unwrap_err().into_panic();
    let (address, socket) =
        *panic.downcast::<(std::net::SocketAddr, std::path::PathBuf)>().unwrap();
    assert!(Client::connect(address).await.is_err());
    assert!(fs::metadata(socket.parent().unwrap()).is_err());
}
