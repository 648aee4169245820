//! Calls that wait at the server.

use buttress_testkit::redis::Sentinels;
use buttress_testkit::until::{DEADLINE, until};

use super::{connected, usurp};
use crate::support::{ADD, sum};

#[tokio::test]
async fn calls_that_wait_go_to_the_new_master() {
    let trio = Sentinels::start().await;
    let redis = connected(&trio).await;
    let blocking = redis.blocking(1).unwrap();
    let add = async || blocking.run(&ADD, "t").arg(1_i64).within(DEADLINE).await;
    assert!(add().await.is_ok());
    let (_, new) = usurp(&trio).await;
    until("the new one is asked", async || {
        let _ = add().await;
        (sum(new, "t").await > 1).then_some(())
    })
    .await;
}
