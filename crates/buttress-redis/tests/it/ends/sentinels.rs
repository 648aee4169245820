//! The questions to sentinels end with whoever needed the answers.

use buttress_redis::Redis;
use buttress_testkit::redis::{Sentinels, Server};

use super::{gives_up_with, outlives, tasks, watches_on};

async fn connected(trio: &Sentinels) -> Redis {
    let places: Vec<_> = trio.addresses().iter().map(ToString::to_string).collect();
    let url = format!("redis+sentinel://{}/{}", places.join(","), Sentinels::NAME);
    crate::support::joined(url).await
}

#[tokio::test]
async fn a_subscription_takes_all_with_it() {
    let trio = Sentinels::start().await;
    let servers: Vec<&Server> = trio.nodes().iter().chain(trio.sentinels()).collect();
    let before = tasks();
    outlives(connected(&trio).await, &servers, before).await;
    watches_on(connected(&trio).await, &servers, before).await;
    gives_up_with(connected(&trio).await, &servers, before).await;
}
