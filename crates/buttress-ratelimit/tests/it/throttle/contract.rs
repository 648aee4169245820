//! It keeps the tower contract, whether or not it has to wait.

use std::time::Duration;

use buttress_core::clock::{TokioClock, TokioTimer};
use buttress_core::key::{ByEveryone, KeyWriter, everyone};
use buttress_ratelimit::Quota;
use buttress_ratelimit::store::{Memory, Queued};
use buttress_ratelimit::throttle::{
    ByFn, ByKey, ResponseFuture, Throttle, ThrottleBuilder, ThrottleLayer,
};
use buttress_testkit::contract::Contract;
use buttress_testkit::mock::Mock;
use http::Request;
use tower::Service;

fn builder(quota: Quota) -> ThrottleBuilder<Everyone, InMemory> {
    ThrottleBuilder::http(quota, everyone())
        .engine(Memory::new().clock(TokioClock::new()))
        .timer(TokioTimer)
}

#[tokio::test(start_paused = true)]
async fn while_there_is_room() {
    Contract::new(|| builder(Quota::per_second(1_000)).build().unwrap()).check().await;
}

/// All but the first one wait.
#[tokio::test(start_paused = true)]
async fn while_requests_wait() {
    let quota = Quota::per_second(100).burst(1).queue(Duration::from_secs(60));
    Contract::new(|| builder(quota).build().unwrap()).check().await;
}

type InMemory = Queued<Memory, TokioTimer>;
type Everyone = ByKey<ByEveryone>;
type Inner = Mock<()>;
type Future = ResponseFuture<Request<()>, Inner, Everyone, InMemory>;

#[test]
fn stays_shareable_and_small() {
    fn shareable<T: Clone + Send + Sync + 'static>() {}
    fn sendable<T: Send + 'static>() {}
    shareable::<Throttle<(), Everyone, InMemory>>();
    shareable::<ThrottleLayer<ByFn<(), fn(&(), &mut KeyWriter)>, InMemory>>();
    sendable::<Future>();
    let inner = size_of::<<Inner as Service<Request<()>>>::Future>();
    assert!(size_of::<Future>() <= inner + 32, "{} around {inner}", size_of::<Future>());
}
