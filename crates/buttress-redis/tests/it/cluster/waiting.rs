//! Calls that wait at the server.

use buttress_core::Key;
use buttress_testkit::redis::Cluster;
use buttress_testkit::until::{DEADLINE, until};

use super::{connected, other, slot_of};
use crate::support::{ADD, sum};

#[tokio::test]
async fn calls_that_wait_go_to_the_primary_of_their_tag() {
    let cluster = Cluster::start().await;
    let redis = connected(&cluster).await;
    let blocking = redis.blocking(1).unwrap();
    for byte in 0..=15 {
        let key = Key::from_bytes([byte; 16]);
        let reply = blocking.run(&ADD, key).arg(1_i64).within(DEADLINE).await.unwrap();
        assert_eq!(reply.integer().unwrap(), 1);
    }
    assert!(blocking.command("PING").within(DEADLINE).await.is_ok(), "at any");

    let slot = slot_of(&cluster, "t").await;
    let new = other(&cluster, slot).await;
    cluster.move_slot(slot, new).await;
    let _ = until("it is found", async || {
        let call = blocking.run(&ADD, "t").arg(1_i64).within(DEADLINE);
        call.await.inspect_err(|error| assert!(!error.may_have_run(), "{error}")).ok()
    })
    .await;
    assert_eq!(sum(new, "t").await, 1);
}
