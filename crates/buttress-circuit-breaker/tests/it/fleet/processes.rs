//! Real processes, of which one dies.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use buttress_circuit_breaker::fleet::Fleet;
use buttress_circuit_breaker::{Event, Force, Reason, State, Trip};
use buttress_core::clock::{Clock, SystemClock};
use buttress_core::sync::Lock;
use buttress_testkit::redis::Server;
use buttress_testkit::until::until;

use super::{Process, connected};

const CHILD: &str = "BUTTRESS_TEST_FLEET";
const TEST: &str = "fleet::processes::processes_open_together";

/// A process of its own, which says what its breaker does.
struct Member {
    child: Child,
    states: Arc<Lock<Vec<String>>>,
}

impl Member {
    /// Runs this test once more, in a process that has nothing of this one.
    fn start(url: &str) -> Self {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", TEST, "--nocapture"])
            .env(CHILD, url)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let states = Arc::new(Lock::new(Vec::new()));
        let (lines, kept) = (BufReader::new(child.stdout.take().unwrap()).lines(), states.clone());
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let Some((_, state)) = line.split_once("now ") {
                    kept.lock().push(state.to_owned());
                }
            }
        });
        Self { child, states }
    }

    async fn becomes(&self, state: &str) {
        let is = async || (self.states.lock().last()? == state).then_some(());
        until(format_args!("it is {state}, and not {:?}", self.states), is).await;
    }

    /// Its next call fails.
    fn fails(&mut self) {
        self.child.stdin.as_mut().unwrap().write_all(b"fail\n").unwrap();
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        // SIGKILL: it has no time to say that it goes.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Until it is killed, or nobody is there to tell it anything.
async fn member(url: String) {
    let process = Process::over(connected(url).await);
    let mut events = process.breaker.events(64);
    Process::have_heard(std::slice::from_ref(&process)).await;
    println!("now {}", process.state());
    let breaker = process.breaker.clone();
    std::thread::spawn(move || {
        for _ in std::io::stdin().lines().map_while(Result::ok) {
            breaker.trip(Trip::switch());
        }
        std::process::exit(0);
    });
    while let Some(Event::Moved(step)) = events.next().await {
        println!("now {}", step.to());
    }
}

#[tokio::test]
async fn processes_open_together() {
    if let Ok(url) = env::var(CHILD) {
        return member(url).await;
    }
    let server = Server::start().await;
    let here = Process::over(connected(server.url()).await);
    let (mut one, mut other) = (Member::start(&server.url()), Member::start(&server.url()));
    one.becomes("closed").await;
    other.becomes("closed").await;

    one.fails();
    one.becomes("open").await;
    let votes = "test:breakers:v1:{breakers}:votes:payments";
    let count = async || server.command(["HLEN", votes]).await.integer();
    until("it has voted", async || (count().await == 1).then_some(())).await;
    assert_eq!(here.state(), State::Closed);
    other.fails();
    here.becomes(State::Open).await;
    assert_eq!(here.reason(), Some(Reason::Fleet));

    let operator = Fleet::over(connected(server.url()).await).build().unwrap();
    let began = SystemClock.now();
    operator.force("payments", Force::Off).await.unwrap();
    one.becomes("disabled").await;
    other.becomes("disabled").await;
    here.becomes(State::Disabled).await;
    let took = SystemClock.now() - began;
    assert!(took < Duration::from_millis(500), "{took:?}");

    // Who died is missed soon, and the others go on.
    drop(one);
    operator.force("payments", Force::Open).await.unwrap();
    other.becomes("forced_open").await;
    let members = "test:breakers:v1:{breakers}:members:payments";
    let left = async || (server.command(["ZCARD", members]).await.integer() == 2).then_some(());
    until("it counts no longer", left).await;
}
