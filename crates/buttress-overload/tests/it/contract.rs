//! The layers keep the contract of tower, and are what servers need.

use std::fmt::Debug;

use buttress_core::Deadline;
use buttress_core::clock::{Moment, TokioTimer, secs};
use buttress_core::deadline::Wire;
use buttress_core::outcome::AsError;
use buttress_core::stage::Keep;
use buttress_overload::bulkhead::{
    Bulkhead, BulkheadBuilder, BulkheadLayer, Bulkheaded, Permit, ToTheEnd,
};
use buttress_overload::deadline::{DeadlineLayer, DeadlineService};
use buttress_overload::fallback::{Fallback, Instead};
use buttress_overload::timeout::{
    BodyError, BodyTimeoutLayer, TimedBody, TimedOut, Timeout, TimeoutLayer,
};
use buttress_testkit::body::Frames;
use buttress_testkit::contract::{Contract, Promise};
use buttress_testkit::mock::MockError;
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

#[tokio::test(start_paused = true)]
async fn of_a_timeout() {
    Contract::new(|| Timeout::after(secs(60), TokioTimer).layer()).check().await;
    Contract::new(|| BodyTimeoutLayer::new(TokioTimer).idle(secs(60)).whole(secs(60)))
        // Its error is another one: a body may break off for want of time.
        .except(Promise::ResponseBody)
        .check()
        .await;
}

#[tokio::test(start_paused = true)]
async fn of_a_deadline() {
    Contract::new(|| DeadlineLayer::after(secs(60), TokioTimer).tells(Wire::default()))
        .check()
        .await;
    let late = || {
        let mut request = Request::new(());
        request.extensions_mut().insert(Deadline::at(Moment::FIRST));
        request
    };
    Contract::new(|| DeadlineLayer::of_requests(TokioTimer).leak()).refuses(late).check().await;
}

#[tokio::test(start_paused = true)]
async fn of_a_fallback() {
    Contract::new(|| Fallback::value(|result| result)).check().await;
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
    shared::<Timeout<TokioTimer>>();
    shared::<TimeoutLayer<TokioTimer, Keep>>();
    shared::<TimedOut<(), TokioTimer>>();
    shared::<BodyTimeoutLayer<TokioTimer>>();
    shared::<DeadlineLayer<TokioTimer, AsError>>();
    shared::<DeadlineService<(), TokioTimer>>();
    shared::<Fallback<Instead<std::cell::Cell<u8>>>>();
    sendable::<TimedBody<Frames, TokioTimer>>();
    sendable::<BodyError<MockError>>();
    assert!(size_of::<Bulkhead>() <= 3 * size_of::<usize>());
    assert_eq!(size_of::<Permit>(), 2 * size_of::<usize>());
}
