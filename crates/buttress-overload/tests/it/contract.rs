//! The layers keep the contract of tower, and are what servers need.

use std::fmt::Debug;

use buttress_core::clock::{TokioTimer, secs};
use buttress_overload::bulkhead::{
    Bulkhead, BulkheadBuilder, BulkheadLayer, Bulkheaded, Permit, ToTheEnd,
};
use buttress_testkit::contract::Contract;
use http::Request;

fn queued() -> Bulkhead<TokioTimer> {
    Bulkhead::of(64).queue(9, secs(1), TokioTimer).build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn of_a_bulkhead() {
    Contract::new(|| queued().layer()).check().await;
    Contract::new(|| queued().leak().layer().until_body_ends()).check().await;
    let narrow = || Bulkhead::of(1).queue(32, secs(1), TokioTimer).build().unwrap();
    Contract::new(move || narrow().layer()).concurrency(1).check().await;
}

#[tokio::test(start_paused = true)]
async fn of_a_full_bulkhead() {
    let full = || {
        let bulkhead = Bulkhead::of(1).build().unwrap();
        std::mem::forget(bulkhead.try_enter().unwrap());
        bulkhead
    };
    let refused = full();
    let mut service = tower::Layer::layer(&refused.layer(), buttress_testkit::mock::service().0);
    tower::ServiceExt::<Request<()>>::ready(&mut service).await.unwrap();
    let answer = tower::Service::call(&mut service, Request::new(())).await.unwrap();
    assert_eq!(answer.status(), 503);
}

#[test]
fn types_are_what_servers_need() {
    fn shared<T: Clone + Send + Sync + Debug + 'static>() {}
    fn sendable<T: Send + Debug + 'static>() {}
    shared::<Bulkhead<TokioTimer>>();
    shared::<BulkheadLayer<ToTheEnd, TokioTimer>>();
    shared::<Bulkheaded<()>>();
    sendable::<Permit>();
    sendable::<BulkheadBuilder>();
}
