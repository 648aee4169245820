//! The layer keeps the contract of tower, and is what servers and clients need.

use buttress_core::clock::{TokioClock, TokioTimer, secs};
use buttress_core::outcome::HttpClassify;
use buttress_retry::{
    Attempt, Backoff, Budget, Hedge, ReplayBody, Retry, RetryBuilder, RetryLayer, RetryPolicy,
};
use buttress_testkit::body::Frames;
use buttress_testkit::contract::Contract;
use http::Request;

fn layer(builder: RetryBuilder) -> RetryLayer<HttpClassify, TokioTimer> {
    builder.clock(TokioClock::new()).timer(TokioTimer).build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn of_tower() {
    examine(|| layer(Retry::api())).await;
    examine(|| layer(Retry::fast()).leak()).await;
    examine(|| layer(Retry::up_to(1))).await;
    examine(|| layer(Retry::api().keep_bodies(0, 0))).await;
    examine(|| layer(Retry::api().spans(true))).await;
}

/// Whose calls are watched, and none is slow enough.
#[tokio::test(start_paused = true)]
async fn of_who_hedges() {
    let hedge = || Hedge::after(secs(3_600));
    let get = || Request::get("/").body(()).unwrap();
    let hedged = Contract::new(|| layer(Retry::up_to(1).hedge(hedge()))).request(get);
    hedged.inner_body::<ReplayBody<Frames>>().check().await;
}

/// With requests that may be sent once only: an error of any other would be tried again.
async fn examine(layer: impl Fn() -> RetryLayer<HttpClassify, TokioTimer>) {
    let post = || Request::post("/").body(()).unwrap();
    Contract::new(layer).inner_body::<ReplayBody<Frames>>().request(post).check().await;
}

#[test]
fn types_are_what_clients_need() {
    fn shared<T: Clone + Send + Sync + std::fmt::Debug + 'static>() {}
    fn sendable<T: Send + std::fmt::Debug + 'static>() {}
    shared::<RetryLayer<HttpClassify, TokioTimer>>();
    shared::<Retry<(), HttpClassify, TokioTimer>>();
    shared::<RetryPolicy<TokioTimer>>();
    shared::<RetryBuilder>();
    shared::<Budget>();
    shared::<Backoff>();
    shared::<Attempt>();
    shared::<Hedge>();
    sendable::<ReplayBody<Frames>>();
    let room = size_of::<ReplayBody<http_body_util::Full<bytes::Bytes>>>();
    assert!(room <= 88, "{room}");
}
