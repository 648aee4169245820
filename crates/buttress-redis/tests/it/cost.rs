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
