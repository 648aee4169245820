//! A server that is replaced under load drops nothing. (200 restarts: `scripts/test --soak`.)

use crate::load::restarts::roll;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_restarts_drop_nothing() {
    roll(3).await;
}
