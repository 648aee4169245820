//! Answers for which nobody waits any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use buttress_redis::{Call, ErrorKind, Redis};
use buttress_testkit::poll;
use buttress_testkit::redis::Server;
use buttress_testkit::until::until;

use crate::support::{ADD, add, connected, sum};

/// What was heard late, added up.
#[derive(Clone, Default)]
struct Heard(Arc<AtomicI64>);

impl Heard {
    /// A call that adds one, within this time.
    fn add<'a>(&self, redis: &'a Redis) -> Call<'a> {
        let heard = self.0.clone();
        redis.run(&ADD, "t").arg(1_i64).within(BUDGET).or_late(move |reply| {
            heard.fetch_add(reply.integer().unwrap_or(1_000), Ordering::SeqCst);
        })
    }

    fn sum(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

const BUDGET: Duration = Duration::from_millis(50);

#[tokio::test]
async fn what_is_in_time_is_not_late() {
    let server = Server::start().await;
    let (redis, heard) = (connected(server.url()).await, Heard::default());
    // The first one brings the script.
    for nth in 1..=3 {
        let slow = heard.add(&redis).within(Duration::from_secs(5));
        assert_eq!(slow.send().await.unwrap().integer().unwrap(), nth);
    }
    assert_eq!(heard.sum(), 0);
}

#[tokio::test]
async fn what_comes_when_nobody_waits_is_heard_once() {
    let server = Server::start().await;
    let (redis, heard) = (connected(server.url()).await, Heard::default());
    let _ = add(&redis).await;
    server.freeze();
    let too_late = heard.add(&redis).send().await;
    assert_eq!(too_late.unwrap_err().kind(), ErrorKind::Ambiguous);
    let mut gone = Box::pin(heard.add(&redis).send());
    poll::assert_pending(gone.as_mut());
    drop(gone);
    assert_eq!(heard.sum(), 0);
    server.thaw();
    until("both were heard", async || (heard.sum() == 2 + 3).then_some(())).await;
    assert_eq!(sum(&server, "t").await, 3);
}

/// Whoever has to undo it undoes only what was done.
#[tokio::test]
async fn what_did_not_run_is_never_heard() {
    let server = Server::start().await;
    let (redis, heard) = (connected(server.url()).await, Heard::default());
    server.flush_scripts().await;
    server.freeze();
    let unknown = heard.add(&redis).send().await;
    assert_eq!(unknown.unwrap_err().kind(), ErrorKind::Ambiguous);
    server.thaw();
    let again = async || add(&redis).await.ok();
    assert_eq!(until("it answers", again).await, 1);

    server.freeze();
    assert!(heard.add(&redis).send().await.is_err());
    server.kill();
    server.restart().await;
    let again = async || add(&redis).await.ok();
    let _ = until("it answers", again).await;
    assert_eq!(heard.sum(), 0);
}
