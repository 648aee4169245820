//! The layers keep the contract of tower, and are what clients need.

use std::fmt::Debug;

use buttress_circuit_breaker::{
    Breaker, BreakerTable, BreakerTicket, CircuitBreaker, CircuitBreakerBuilder,
    CircuitBreakerLayer, Force, KeyedBreaker, KeyedBreakerLayer, Over, Rule,
};
use buttress_core::clock::TokioTimer;
use buttress_core::key::{ByEndpoint, endpoint, path};
use buttress_testkit::contract::{Broken, Contract, Promise};
use http::Request;

#[tokio::test(start_paused = true)]
async fn of_a_closed_breaker() {
    let rate = || Rule::failure_rate(100, Over::Calls(100), 100);
    let builder = move || CircuitBreaker::after(100).or(rate());
    Contract::new(move || builder().build().unwrap()).check().await;
    Contract::new(move || builder().build().unwrap().leak()).check().await;
    let watching = move || {
        let rule = Rule::slow_rate(100, Over::Calls(100), 100);
        builder().or(rule).count_hanging(TokioTimer).build().unwrap()
    };
    Contract::new(watching).check().await;
}

#[tokio::test(start_paused = true)]
async fn of_a_table() {
    Contract::new(|| CircuitBreaker::after(100).build_table(path(), 8).unwrap()).check().await;
    // Two paths, of which one is held open.
    let layer = || {
        let layer = CircuitBreaker::after(100).build_table(path(), 8).unwrap();
        let keyer = layer.table().keyer();
        let key = keyer.key_for(&path(), &Request::get("/open").body(()).unwrap()).key();
        layer.table().force(key, Force::Open);
        layer
    };
    let refused = || Request::get("/open").body(()).unwrap();
    Contract::new(layer).refuses(refused).check().await;
}

/// It is ready without asking: so it promises nothing of the readiness inside, and all else.
#[tokio::test(start_paused = true)]
async fn of_an_open_breaker() {
    let open = || {
        let layer = CircuitBreaker::after(100).build().unwrap();
        layer.breaker().force(Force::Open);
        layer
    };
    let broken = Contract::new(open).broken().await;
    let broken: Vec<_> = broken.iter().map(Broken::promise).collect();
    for promise in [Promise::DroppedFutures, Promise::UnusedReadiness] {
        assert!(!broken.contains(&promise), "{promise:?}");
    }
}

#[test]
fn types_are_what_clients_need() {
    fn shared<T: Clone + Send + Sync + Debug + 'static>() {}
    fn sendable<T: Send + Debug + 'static>() {}
    shared::<Breaker>();
    shared::<BreakerTable>();
    shared::<CircuitBreakerLayer>();
    shared::<CircuitBreaker<()>>();
    shared::<KeyedBreakerLayer<ByEndpoint>>();
    shared::<KeyedBreaker<(), ByEndpoint>>();
    sendable::<CircuitBreakerBuilder>();
    sendable::<BreakerTicket>();
    sendable::<BreakerTicket<BreakerTable>>();
    let _ = endpoint();
    let room = [size_of::<BreakerTicket>(), size_of::<BreakerTicket<BreakerTable>>()];
    assert!(room[0] <= 32 && room[1] <= 40, "{room:?}");
}
