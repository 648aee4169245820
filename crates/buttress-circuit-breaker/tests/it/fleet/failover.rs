//! The server is replaced by its replica.

use std::time::Duration;

use buttress_circuit_breaker::{Force, State};
use buttress_redis::Redis;
use buttress_testkit::redis::Sentinels;
use buttress_testkit::until::until;

use super::{Process, builder};

async fn connected(trio: &Sentinels) -> Redis {
    let places: Vec<_> = trio.addresses().iter().map(ToString::to_string).collect();
    let url = format!("redis+sentinel://{}/{}", places.join(","), Sentinels::NAME);
    let redis = builder(url).response_timeout(Duration::from_secs(5)).build().unwrap();
    until("it is connected", async || redis.connected().await.ok()).await;
    redis
}

/// An order that the replica had not heard of is told it by those who had.
#[tokio::test]
async fn an_order_survives_a_failover() {
    let trio = Sentinels::start().await;
    let one = Process::over(connected(&trio).await);
    one.fleet.force("payments", Force::Open).await.unwrap();
    one.becomes(State::ForcedOpen).await;
    trio.fail_over().await;
    // As if it had been lost on the way.
    let order = "test:breakers:v1:{breakers}:order:payments";
    let new = trio.master().await;
    let _ = new.command(["DEL", order]).await.accepted();
    let known = async || (new.command(["EXISTS", order]).await.integer() == 1).then_some(());
    until("the order is known again", known).await;
    let late = Process::over(connected(&trio).await);
    late.becomes(State::ForcedOpen).await;
    let release = async || late.fleet.force("payments", Force::Release).await.ok();
    until("it can be told", release).await;
    one.becomes(State::Closed).await;
}
