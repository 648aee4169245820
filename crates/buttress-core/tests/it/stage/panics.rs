//! A panic becomes a problem, or goes on; in neither case is anything kept.

use std::error::Error;
use std::task::{Poll, ready};

use buttress_core::render::{Format, Occasion, Render};
use buttress_core::stage::{Gate, Guarded, RequestHead, ResponseHead, Stage, gate_fn};
use buttress_core::{Code, Context, Problem};
use buttress_testkit::mock::{self, Handle};
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use tower::{Layer, ServiceExt};

use super::{Flights, Log, Named, Waits, asking, left};

#[tokio::test]
async fn a_panic_of_the_service_leaves_through_every_stage() {
    for panics in [Handle::panic_in_call, Handle::panic_in_poll] {
        let (flights, log) = (Flights::default(), Log::default());
        let stages = flights.clone().then(Context::default()).then(Named("a", log));
        let (service, inner) = mock::service::<()>();
        panics(&inner);

        let service = stages.layer().catch_panics().layer(service);
        let response = service.oneshot(Request::new(())).await.unwrap();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(left(&response), ["a"]);
        assert_eq!((flights.inside(), flights.ended()), (0, (1, 0)));

        let problem = response.extensions().get::<Problem>().unwrap().clone();
        assert_eq!(problem.code(), Code::INTERNAL);
        assert!(problem.source().unwrap().to_string().starts_with("panicked: "));

        // The context outside has settled it: one body, with the id of the request.
        let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["error"]["correlationId"], *id);
        assert_eq!(body["error"]["message"], Code::INTERNAL.default_message());
    }
}

/// Panics when it is dropped.
struct Throws;

impl Drop for Throws {
    fn drop(&mut self) {
        panic!("while it was dropped");
    }
}

#[tokio::test]
async fn what_is_thrown_may_throw() {
    let throws = || {
        gate_fn(|_: &mut dyn RequestHead| -> Result<(), Problem> { std::panic::panic_any(Throws) })
    };
    let (service, _inner) = mock::service::<()>();
    let caught = throws().layer().catch_panics().layer(service.clone());
    let guarded = Guarded::new(throws()).layer().layer(service);
    for service in [caught.boxed_clone(), guarded.boxed_clone()] {
        let response = service.oneshot(Request::new(())).await.unwrap();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    }
}

#[tokio::test]
async fn a_panic_that_is_not_caught_gives_everything_back() {
    let flights = Flights::default();
    let (service, inner) = mock::service::<()>();
    inner.panic_in_poll();
    let service = flights.clone().then(Waits("w")).layer().layer(service);

    assert!(tokio::spawn(service.oneshot(Request::new(()))).await.unwrap_err().is_panic());
    assert_eq!((flights.inside(), flights.ended()), (0, (0, 0)));
    assert_eq!(inner.counts().in_flight, 0);
}

/// Panics on the way out.
struct Falls;

impl Gate for Falls {
    type Memo = ();

    fn enter(&self, _: &mut dyn RequestHead) -> Result<(), Problem> {
        Ok(())
    }

    fn leave(&self, (): (), _: &mut dyn ResponseHead) {
        panic!("on the way out");
    }
}

#[tokio::test]
async fn a_panic_of_a_stage_is_answered_too_and_gives_everything_back() {
    let flights = Flights::default();
    let trips = gate_fn(|_: &mut dyn RequestHead| panic!("on the way in"));
    let stages = [
        flights.clone().then(trips).boxed(),
        flights.clone().then(Falls).boxed(),
        flights.clone().then(Waits("w")).boxed(),
    ];
    for stage in stages {
        let (service, inner) = mock::service();
        let service = stage.layer().catch_panics().layer(service);
        let request: Request<()> = asking("w", "panic");
        let response = service.oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(flights.inside(), 0);
        assert_eq!(inner.counts().reservations, 0);
    }
}

/// Once on the way in, after a wait, on the way out.
#[tokio::test]
async fn a_guarded_stage_that_panics_refuses() {
    let log = Log::default();
    let outer = || Context::default().then(Named("outer", log.clone()));
    let trips = gate_fn(|_: &mut dyn RequestHead| panic!("on the way in"));
    let stages = [
        outer().then(Guarded::new(trips)).boxed(),
        outer().then(Guarded::new(Waits("w"))).boxed(),
        outer().then(Guarded::new(Falls)).boxed(),
    ];
    for stage in stages {
        let (service, _inner) = mock::service();
        let request: Request<()> = asking("w", "panic");
        let response = stage.layer().layer(service).oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(left(&response), ["outer"]);
        assert!(response.extensions().get::<Problem>().unwrap().source().is_some());
        let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert!(str::from_utf8(&body).unwrap().contains(&id));
    }
}

/// Where a stage panics inside of another shell, the context outside still names the request.
#[tokio::test]
async fn a_context_around_the_shell_settles_what_a_panicking_stage_left() {
    let (service, _inner) = mock::service::<()>();
    let service = Falls.layer().catch_panics().layer(service);
    let service = Context::default().layer().layer(service);
    let response = service.oneshot(Request::new(())).await.unwrap();
    let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert!(str::from_utf8(&body).unwrap().contains(&id));
}

/// Its wait panics: the future of a store, not the stage.
struct Store;

impl Stage for Store {
    type Memo = ();
    type Wait = std::future::PollFn<fn(&mut std::task::Context<'_>) -> Poll<()>>;

    fn enter(&self, _: &mut dyn RequestHead) -> buttress_core::stage::DecisionOf<Self> {
        buttress_core::stage::Decision::Wait(std::future::poll_fn(|_| {
            ready!(Poll::Ready(()));
            panic!("the store broke")
        }))
    }

    fn resume(&self, (): (), _: &mut dyn RequestHead) -> buttress_core::stage::DecisionOf<Self> {
        buttress_core::stage::Decision::Pass(())
    }

    fn leave(&self, (): (), _: &mut dyn ResponseHead) {}
}

#[tokio::test]
async fn a_panic_while_waiting_is_answered() {
    let flights = Flights::default();
    let (service, inner) = mock::service::<()>();
    let service = flights.clone().then(Store).layer().catch_panics().layer(service);
    let response = service.oneshot(Request::new(())).await.unwrap();
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!((flights.inside(), inner.counts().reservations), (0, 0));
}

/// Not the stages alone: what writes the answer may panic too.
#[tokio::test]
async fn a_panic_of_a_format_is_answered() {
    #[derive(Debug)]
    struct Breaks;

    impl Render for Breaks {
        fn render(&self, _: &Problem, _: &Occasion<'_>) -> http::Response<bytes::Bytes> {
            panic!("no words")
        }
    }

    let format = Format::new(Breaks);
    let context = Context::builder().format(move |_| format.clone()).build().unwrap();
    let refuse = gate_fn(|_: &mut dyn RequestHead| Err(Problem::new(Code::GONE)));
    let (service, _inner) = mock::service::<()>();
    let service = context.then(refuse).layer().catch_panics().layer(service);
    let response = service.oneshot(Request::new(())).await.unwrap();
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert!(response.headers().contains_key("x-request-id"));
}
