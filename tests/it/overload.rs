//! What bounds calls, on both sides of real connections: none holds a permit that has nothing to do, and what is given
//! up ends on the other side, too.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::routing::get;
use buttress::OutboundBuilder;
use buttress::circuit_breaker::State;
use buttress::overload::Priority;
use buttress::overload::adaptive::{Adaptive, Aimd};
use buttress::overload::bulkhead::Bulkhead;
use buttress::overload::shed::Shed;
use buttress::prelude::*;
use buttress::retry::ReplayBody;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Empty;
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tower::ServiceExt;

use crate::support::{Client, Protocol, Server, serve_axum, soon};

/// Two clients stay connected to what is for one call at a time: both are served, by turns, and nobody else is inside.
/// Then somebody `enters`, and is told by the refusal.
async fn idle_ones_hold_nothing<T>(
    protocol: Protocol,
    app: Router,
    in_flight: impl Fn() -> u32,
    enters: impl AsyncFnOnce() -> T,
    refusal: Code,
) {
    let server = serve_axum(app.layer(Inbound::builder().build().unwrap())).await;
    let mut idle = Client::connect(protocol, &server).await;
    let mut other = Client::connect(protocol, &server).await;
    for client in [&mut idle, &mut other] {
        assert_eq!(client.get("/").await.status(), 200);
        assert_eq!(in_flight(), 0, "it is served, and stays, over {protocol:?}");
    }
    for client in [&mut idle, &mut other] {
        assert_eq!(client.get("/").await.status(), 200, "while the other one is there");
    }

    let inside = enters().await;
    idle.get("/").await.assert_problem(refusal);
    drop(inside);
    assert_eq!(idle.get("/").await.status(), 200, "the same connection");
    drop((idle, other));
    server.stop().await;
}

fn hello() -> Router {
    Router::new().route("/", get(|| async { "hello" }))
}

#[tokio::test]
async fn an_idle_connection_holds_no_permit() {
    for protocol in Protocol::BOTH {
        let bulkhead = Bulkhead::of(1).build().unwrap();
        let app = hello().layer(bulkhead.layer().keep_body());
        let enters = async || bulkhead.try_enter().unwrap();
        idle_ones_hold_nothing(protocol, app, || bulkhead.in_flight(), enters, Code::SATURATED)
            .await;
    }
}

#[tokio::test]
async fn an_idle_connection_holds_no_place_of_a_shed() {
    for protocol in Protocol::BOTH {
        let shed = Shed::of(1).build().unwrap();
        let app = hello().layer(shed.layer().keep_body());
        let enters = async || shed.enter(Priority::Critical).await.unwrap();
        idle_ones_hold_nothing(protocol, app, || shed.under_way(), enters, Code::OVERLOADED).await;
    }
}

#[tokio::test]
async fn an_idle_connection_holds_no_slot_of_an_adaptive_limit() {
    for protocol in Protocol::BOTH {
        let one = Aimd::new().between(1, 1).starting_at(1);
        let limit = Adaptive::by(one).build().unwrap();
        let app = hello().layer(limit.layer().keep_body());
        let enters = async || limit.enter(Priority::Critical).unwrap();
        idle_ones_hold_nothing(protocol, app, || limit.under_way(), enters, Code::OVERLOADED).await;
    }
}

/// Says when the request that it belongs to is dropped.
struct Inside(UnboundedSender<()>);

impl Drop for Inside {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

/// Keeps so many of the first that ask for as long as they wait; and the news that one of them has gone.
async fn dependency(kept: usize) -> (Server, UnboundedReceiver<()>) {
    let (tell, gone) = unbounded_channel();
    let asked = Arc::new(AtomicUsize::new(0));
    let app = Router::new().fallback(async move || {
        if asked.fetch_add(1, Ordering::SeqCst) < kept {
            let _inside = Inside(tell.clone());
            std::future::pending::<()>().await;
        }
        "an answer"
    });
    (serve_axum(app).await, gone)
}

/// Asks it once, through this wall.
async fn ask(
    wall: OutboundBuilder,
    dependency: &Server,
    protocol: Protocol,
) -> (Outbound, Response<()>) {
    let client: HyperClient<HttpConnector, ReplayBody<Empty<Bytes>>> =
        HyperClient::builder(TokioExecutor::new())
            .http2_only(protocol == Protocol::Http2)
            .build_http();
    let wall = wall.build().unwrap();
    let request = Request::get(format!("http://{}/", dependency.address())).body(Empty::new());
    let answer = wall.layer_on(client).oneshot(request.unwrap());
    let answer = soon("an answer, or none", answer).await.unwrap();
    (wall, answer.map(drop))
}

#[tokio::test]
async fn a_hedge_wins_and_the_first_attempt_ends_on_the_other_side() {
    for protocol in Protocol::BOTH {
        let (dependency, mut gone) = dependency(1).await;
        let wall = Outbound::to("dependency")
            .retry(Retry::up_to(1).budget(Budget::percent(100)))
            .hedge(Hedge::after(ms(20)).at_most_percent(100))
            .bulkhead(2);
        let (wall, answer) = ask(wall, &dependency, protocol).await;
        assert_eq!(answer.status(), 200, "over {protocol:?}");
        soon("the loser to go", gone.recv()).await.unwrap();
        assert_eq!(wall.bulkhead().unwrap().in_flight(), 0);
    }
}

#[tokio::test]
async fn what_runs_out_of_time_ends_on_the_other_side() {
    let walls: [fn() -> OutboundBuilder; 2] = [
        || Outbound::to("dependency").attempt_timeout(ms(50)),
        || Outbound::to("dependency").deadline(ms(50)),
    ];
    for protocol in Protocol::BOTH {
        for wall in walls {
            let (dependency, mut gone) = dependency(1).await;
            let wall = wall().circuit_breaker(CircuitBreaker::after(1)).bulkhead(1);
            let (wall, answer) = ask(wall, &dependency, protocol).await;
            let problem = answer.extensions().get::<Problem>().unwrap();
            assert_eq!(problem.code(), Code::TIMED_OUT, "over {protocol:?}");
            soon("the call to go", gone.recv()).await.unwrap();
            assert_eq!(wall.bulkhead().unwrap().in_flight(), 0);
            assert_eq!(wall.breaker().state(), State::Open, "it is the dependency's fault");
        }
    }
}
