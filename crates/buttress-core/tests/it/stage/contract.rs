//! Every form of the shell keeps the tower contract.

use buttress_core::stage::{BoxStage, Hot, RequestHead, Stage, StageList, gate_fn};
use buttress_core::{Context, Reply};
use buttress_testkit::body::Frames;
use buttress_testkit::contract::Contract;
use bytes::Bytes;

use super::{Flights, Log, Named, Waits};

fn six() -> impl Stage {
    let log = Log::default();
    Flights::default()
        .then(Context::default())
        .then(Named("a", log.clone()))
        .then(Some(Named("b", log)))
        .then(None::<Named>)
        .then(gate_fn(|_: &mut dyn RequestHead| Ok(())))
}

fn waiting_everywhere() -> impl Stage {
    let right = Waits("r1").then(Flights::default()).then(Waits("r2"));
    Waits("l1").then(Hot::new(Waits("l2"))).then(Context::default()).then(Some(right))
}

fn list() -> StageList {
    let log = Log::default();
    let stages: Vec<BoxStage> = vec![
        Flights::default().boxed(),
        Waits("l").boxed(),
        Named("n", log).boxed(),
        Waits("m").boxed(),
    ];
    stages.into_iter().collect()
}

#[tokio::test(start_paused = true)]
async fn of_one_stage() {
    Contract::new(|| Context::default().layer()).check().await;
    Contract::new(|| ().layer()).check().await;
}

#[tokio::test(start_paused = true)]
async fn of_stages_that_decide_at_once() {
    Contract::new(|| six().layer()).check().await;
    Contract::new(|| six().layer().leak()).check().await;
}

#[tokio::test(start_paused = true)]
async fn of_stages_that_wait() {
    Contract::new(|| waiting_everywhere().layer()).check().await;
    Contract::new(|| Waits("w").boxed().layer()).check().await;
    Contract::new(|| list().layer()).check().await;
}

#[tokio::test(start_paused = true)]
async fn of_a_shell_that_catches_panics() {
    Contract::new(|| six().layer().catch_panics()).catches_panics().check().await;
    Contract::new(|| waiting_everywhere().layer().catch_panics()).catches_panics().check().await;
}

#[tokio::test(start_paused = true)]
async fn of_shells_in_shells() {
    Contract::new(|| {
        let inner = waiting_everywhere().layer();
        tower::layer::layer_fn(move |service| {
            use tower::Layer;
            six().layer().layer(inner.layer(service))
        })
    })
    .check()
    .await;
}

/// `.keep_body()` wants a body that can be made from bytes; a `Reply` can.
#[tokio::test(start_paused = true)]
async fn of_a_shell_that_keeps_the_body() {
    for catches in [false, true] {
        let contract = Contract::new(move || {
            let outer = six().layer();
            // In either order.
            let outer = if catches { outer.catch_panics().keep_body() } else { outer.keep_body() };
            tower::layer::layer_fn(move |service| {
                use tower::Layer;
                outer.layer(().layer().layer(service))
            })
        });
        if catches { contract.catches_panics().check().await } else { contract.check().await }
    }
}

#[test]
fn services_and_futures_are_what_servers_need() {
    fn shareable<T: Clone + Send + Sync + 'static>(_: &T) {}
    fn kept<B: From<Bytes>>() {}
    use tower::Layer;

    let (service, _inner) = buttress_testkit::mock::service::<Frames>();
    shareable(&waiting_everywhere().layer().layer(service));
    kept::<Reply<Frames>>();
}
