//! The events of a console that end a server. They reach every process of the console, so each test starts
//! itself again in one of its own.
#![allow(clippy::expect_used, clippy::unwrap_used, missing_docs, reason = "these are tests")]
#![cfg(windows)]

use std::sync::Arc;
use std::time::Duration;

use axum::{Router, routing::get};
use buttress::serve::{Report, Server, Shutdown};
use buttress_testkit::raw::Connection;
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use winconsole::console;

/// Longer than the test may take: if an event does not shorten it, the test fails.
const LONG: Duration = Duration::from_secs(600);

/// Tells a test that it was started by itself.
const STARTED_AGAIN: &str = "BUTTRESS_TEST_STARTED_AGAIN";

#[tokio::test]
async fn ctrl_c_skips_the_lead_time_and_then_the_grace() {
    in_its_own_console("ctrl_c_skips_the_lead_time_and_then_the_grace", ends_by(Key::C)).await;
}

/// The one that reaches a process group.
#[tokio::test]
async fn ctrl_break_does_the_same() {
    in_its_own_console("ctrl_break_does_the_same", ends_by(Key::Break)).await;
}

async fn ends_by(key: Key) {
    let (shutdown, _stuck, serving) = start().await;
    press(key);
    soon("closing", shutdown.closing()).await;
    assert!(!serving.is_finished(), "a request is under way");
    press(key);
    let report = soon("the end", serving).await.unwrap();
    assert_eq!((report.requests(), report.aborted_requests()), (1, 1));
}

async fn in_its_own_console(name: &str, test: impl Future<Output = ()>) {
    const CREATE_NEW_CONSOLE: u32 = 0x10;
    if std::env::var_os(STARTED_AGAIN).is_some() {
        // Who was started by a shell without a terminal has inherited that Ctrl-C is ignored.
        console::set_ctrl_handler(None, false).unwrap();
        return test.await;
    }
    let mut again = Command::new(std::env::current_exe().unwrap());
    again.args(["--exact", name, "--nocapture"]).env(STARTED_AGAIN, "yes");
    again.creation_flags(CREATE_NEW_CONSOLE).kill_on_drop(true);
    // Longer than all that is waited for in there.
    let output = timeout(Duration::from_secs(100), again.output()).await.expect("it ends").unwrap();
    let [said, failed] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{}\n{said}\n{failed}",
        output.status
    );
}

#[derive(Clone, Copy)]
enum Key {
    C,
    Break,
}

/// For all of the console.
fn press(key: Key) {
    console::generate_ctrl_event(matches!(key, Key::Break), None).unwrap();
}

/// A server that listens to the console, and a request that it never answers.
async fn start() -> (Shutdown, Connection, JoinHandle<Report>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let begun = Arc::new(Notify::new());
    let told = begun.clone();
    let stuck = move || async move {
        told.notify_one();
        std::future::pending::<&'static str>().await
    };
    let app = Router::new().route("/stuck", get(stuck));
    let server = Server::builder().lead_time(LONG).grace(LONG).build().unwrap();
    let shutdown = server.handle();
    let serving = tokio::spawn(server.serve(listener, app));
    let mut client = Connection::connect(address).await;
    client.send("GET /stuck HTTP/1.1\r\nhost: test\r\n\r\n").await;
    soon("the request", begun.notified()).await;
    (shutdown, client, serving)
}

async fn soon<F: Future>(what: &str, event: F) -> F::Output {
    let waited = timeout(Duration::from_secs(20), event).await;
    waited.unwrap_or_else(|_| panic!("{what} does not come"))
}
