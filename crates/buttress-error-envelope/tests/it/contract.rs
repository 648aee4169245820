//! What a server may ask of the service.

use std::convert::Infallible;

use buttress_core::{Problem, stage::Stage};
use buttress_error_envelope::{ErrorEnvelope, ErrorEnvelopeLayer, ErrorsLayer, ResponseFuture};
use buttress_testkit::contract::Contract;
use buttress_testkit::mock::{self, MockError};
use buttress_testkit::poll;
use http::Request;
use tower::{Layer, Service, ServiceBuilder};

#[tokio::test]
async fn the_script_of_promises_is_kept() {
    Contract::new(ErrorEnvelopeLayer::default).check().await;
    Contract::new(|| ErrorEnvelopeLayer::default().leak()).check().await;
    let context = || buttress_core::Context::default().layer();
    Contract::new(|| {
        ServiceBuilder::new().layer(context()).layer(ErrorEnvelopeLayer::default()).into_inner()
    })
    .check()
    .await;
}

#[test]
fn dropping_the_future_drops_that_of_the_service() {
    let (service, inner) = mock::service();
    let mut service = ErrorEnvelopeLayer::default().layer(service);
    poll::assert_ready(std::future::poll_fn(|cx| service.poll_ready(cx))).unwrap();
    inner.hold();
    let mut future = Box::pin(service.call(Request::new(())));
    poll::assert_pending(&mut future);
    let call = inner.take_call().unwrap();
    drop(future);
    assert!(call.is_abandoned());
}

#[tokio::test]
async fn errors_become_answers_and_readiness_too() {
    let layer = ErrorsLayer::new(|error: MockError| Problem::dependency_failed("stock", error));
    let (service, inner) = mock::service();
    let mut service = layer.layer(service);

    inner.fail_readiness("it is not ready");
    poll::assert_ready(std::future::poll_fn(|cx| service.poll_ready(cx))).unwrap();
    let response: Result<_, Infallible> = service.call(Request::new(())).await;
    assert_eq!(response.unwrap().status(), 502);
    assert_eq!(inner.counts().calls, 0, "what is not ready is not called");
}

#[test]
fn types_are_shareable() {
    fn shareable<T: Clone + Send + Sync + 'static>() {}
    fn sendable<T: Send + 'static>() {}
    shareable::<ErrorEnvelopeLayer>();
    shareable::<ErrorEnvelope<()>>();
    sendable::<ResponseFuture<(), buttress_core::stage::Keep>>();
    assert!(size_of::<ResponseFuture<(), buttress_core::stage::Keep>>() <= 160);
}
