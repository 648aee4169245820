//! Clients that hold on to a server are ended, and nobody suffers. (2,000 of them: `scripts/test --soak`.)

use std::time::Duration;

use crate::load::attackers::withstand;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_kind_of_attack_is_ended() {
    withstand(3, Duration::from_millis(500)).await;
}
