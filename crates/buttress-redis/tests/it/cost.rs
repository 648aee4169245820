//! What a call costs, exactly.

use buttress_core::Key;
use buttress_redis::ErrorKind;
use buttress_testkit::allocations;
use buttress_testkit::redis::Server;
use buttress_testkit::until::until;

use crate::support::{ADD, connected};

#[tokio::test]
async fn a_call_at_a_dead_server_allocates_nothing() {
    let server = Server::start().await;
    let redis = connected(server.url()).await;
    server.kill();
    until("it is known", async || {
        let error = redis.run(&ADD, "t").arg(1_i64).send().await.err()?;
        (error.kind() == ErrorKind::Unreachable).then_some(())
    })
    .await;
    let ((), count) = allocations::of(|| {
        let call = std::pin::pin!(redis.run(&ADD, Key::from_bytes([7; 16])).arg(1_i64).send());
        let answer = buttress_testkit::poll::assert_ready(call);
        assert_eq!(answer.unwrap_err().kind(), ErrorKind::Unreachable);
    });
    assert_eq!(count.allocations(), 0);
}

/// On one thread, so that what the connection's task allocates is counted, too: the place for the answer is all.
#[test]
fn a_call_allocates_once() {
    const CALLS: u64 = 200;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (server, redis) = runtime.block_on(async {
        let server = Server::start().await;
        let redis = connected(server.url()).await;
        (server, redis)
    });
    let calls = || {
        runtime.block_on(async {
            for _ in 0..CALLS {
                let call = redis.run(&ADD, Key::from_bytes([7; 16])).arg(1_i64);
                assert!(call.send().await.is_ok());
            }
        });
    };
    calls();
    let ((), count) = allocations::of(calls);
    assert_eq!(count.allocations(), CALLS);
    drop(server);
}
