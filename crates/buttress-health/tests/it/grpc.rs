//! `grpc.health.v1`, as tonic's client sees it.

use std::net::SocketAddr;
use std::time::Duration;

use buttress_core::clock::TokioTimer;
use buttress_core::stage::{Gate, RequestHead, ResponseHead, Stage};
use buttress_core::{Context, Health, Problem, RequestContext};
use buttress_health::{HealthChecks, Status};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Server};
use tonic::{Code, Streaming};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use crate::support::Dependency;

/// Tells of each request whether it was marked, after its response.
struct Log(mpsc::UnboundedSender<bool>);

impl Gate for Log {
    type Memo = RequestContext;
    fn enter(&self, request: &mut dyn RequestHead) -> Result<RequestContext, Problem> {
        Ok(request.context().unwrap().clone())
    }
    fn leave(&self, context: RequestContext, _: &mut dyn ResponseHead) {
        let _ = self.0.send(context.is_probe());
    }
}

struct Rig {
    health: HealthChecks,
    database: Dependency,
    address: SocketAddr,
    marks: mpsc::UnboundedReceiver<bool>,
    running: JoinSet<()>,
}

async fn rig(most_watchers: usize) -> Rig {
    let database = Dependency::new(Health::up());
    let every = Duration::from_millis(20);
    let health = HealthChecks::builder()
        .check(database.check("db").every(every).group("shop.v1.Orders"))
        .check(Dependency::new(Health::up()).check("mail").every(every).group("shop.v1.Mail"))
        .max_watchers(most_watchers)
        .build()
        .unwrap();
    let mut running = JoinSet::new();
    let mut changes = health.subscribe();
    health.tasks(&TokioTimer).for_each(|task| drop(running.spawn(task)));
    while health.status() != Status::Ok {
        changes.changed().await;
    }
    let (log, marks) = mpsc::unbounded_channel();
    let mut rig = serving(health, database, log).await;
    rig.marks = marks;
    rig.running.spawn(async move { while running.join_next().await.is_some() {} });
    rig
}

async fn serving(
    health: HealthChecks,
    database: Dependency,
    log: mpsc::UnboundedSender<bool>,
) -> Rig {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (mut running, marks) = (JoinSet::new(), mpsc::unbounded_channel().1);
    let wall = Context::default().then(Log(log)).then(health.stage());
    let server = Server::builder().layer(wall.layer()).add_service(health.grpc());
    let serving = server.serve_with_incoming(TcpIncoming::from(listener));
    running.spawn(async move { serving.await.unwrap() });
    Rig { health, database, address, marks, running }
}

async fn client(rig: &Rig) -> HealthClient<Channel> {
    let channel = Channel::from_shared(format!("http://{}", rig.address)).unwrap();
    HealthClient::new(channel.connect().await.unwrap())
}

fn of(service: &str) -> HealthCheckRequest {
    HealthCheckRequest { service: service.to_owned() }
}

async fn next(watch: &mut Streaming<HealthCheckResponse>) -> Option<ServingStatus> {
    let next = tokio::time::timeout(Duration::from_secs(20), watch.message());
    next.await.expect("20 s").unwrap().map(|message| message.status())
}

#[tokio::test]
async fn check_knows_every_service() {
    let mut rig = rig(10).await;
    let mut client = client(&rig).await;
    for service in ["", "shop.v1.Orders", "shop.v1.Mail"] {
        let answer = client.check(of(service)).await.unwrap().into_inner();
        assert_eq!(answer.status(), ServingStatus::Serving, "{service}");
        assert_eq!(rig.marks.recv().await, Some(true), "it is marked as a probe");
    }
    let unknown = client.check(of("shop.v1.Stock")).await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);

    rig.health.drain();
    for service in ["", "shop.v1.Orders"] {
        let answer = client.check(of(service)).await.unwrap().into_inner();
        assert_eq!(answer.status(), ServingStatus::NotServing);
    }
    rig.running.abort_all();
}

#[tokio::test]
async fn watch_hears_each_change_and_ends_when_it_drains() {
    let rig = rig(10).await;
    let mut client = client(&rig).await;
    let mut watch = async |service: &str| client.watch(of(service)).await.unwrap().into_inner();
    let (mut whole, mut orders) = (watch("").await, watch("shop.v1.Orders").await);
    let (mut mail, mut unknown) = (watch("shop.v1.Mail").await, watch("no.such").await);
    assert_eq!(next(&mut whole).await, Some(ServingStatus::Serving));
    assert_eq!(next(&mut orders).await, Some(ServingStatus::Serving));
    assert_eq!(next(&mut mail).await, Some(ServingStatus::Serving));
    assert_eq!(next(&mut unknown).await, Some(ServingStatus::ServiceUnknown));

    rig.database.set(Health::down("gone"));
    assert_eq!(next(&mut whole).await, Some(ServingStatus::NotServing));
    assert_eq!(next(&mut orders).await, Some(ServingStatus::NotServing));
    rig.database.set(Health::up());
    assert_eq!(next(&mut whole).await, Some(ServingStatus::Serving));
    assert_eq!(next(&mut orders).await, Some(ServingStatus::Serving));

    rig.health.drain();
    for watch in [&mut whole, &mut orders, &mut mail] {
        assert_eq!(next(watch).await, Some(ServingStatus::NotServing), "nothing in between");
        assert_eq!(next(watch).await, None);
    }
    assert_eq!(next(&mut unknown).await, None);

    // Who comes now hears it once.
    let mut late = client.watch(of("")).await.unwrap().into_inner();
    assert_eq!(next(&mut late).await, Some(ServingStatus::NotServing));
    assert_eq!(next(&mut late).await, None);
}

#[tokio::test]
async fn who_watches_what_is_starting_hears_of_its_heir() {
    let early = HealthChecks::starting();
    let (log, _marks) = mpsc::unbounded_channel();
    let mut rig = serving(early.clone(), Dependency::new(Health::up()), log).await;
    let mut client = client(&rig).await;
    let mut watch = async |service: &str| client.watch(of(service)).await.unwrap().into_inner();
    let (mut whole, mut orders, mut odd) =
        (watch("").await, watch("shop.v1.Orders").await, watch(&"x".repeat(1_000)).await);
    let mut stock = watch("shop.v1.Stock").await;
    assert_eq!(next(&mut whole).await, Some(ServingStatus::NotServing));
    assert_eq!(next(&mut orders).await, Some(ServingStatus::NotServing), "as readiness says");
    assert_eq!(next(&mut stock).await, Some(ServingStatus::NotServing));
    assert_eq!(next(&mut odd).await, Some(ServingStatus::ServiceUnknown));

    let check = rig.database.check("db").every(Duration::from_millis(20)).group("shop.v1.Orders");
    let later = HealthChecks::builder().check(check).max_watchers(1).build().unwrap();
    early.hand_over_to(&later).unwrap();
    later.tasks(&TokioTimer).for_each(|task| drop(rig.running.spawn(task)));
    assert_eq!(next(&mut whole).await, Some(ServingStatus::Serving));
    assert_eq!(next(&mut orders).await, Some(ServingStatus::Serving));
    assert_eq!(next(&mut stock).await, Some(ServingStatus::ServiceUnknown), "there is none");
    assert_eq!(client.watch(of("")).await.unwrap_err().code(), Code::ResourceExhausted);

    later.drain();
    for watch in [&mut whole, &mut orders] {
        assert_eq!(next(watch).await, Some(ServingStatus::NotServing));
        assert_eq!(next(watch).await, None);
    }
    assert_eq!(next(&mut odd).await, None);
}

/// A probe of Kubernetes names its group from the first second on.
#[tokio::test]
async fn what_is_starting_serves_no_group_yet_and_knows_of_each() {
    let early = HealthChecks::starting();
    let (log, _marks) = mpsc::unbounded_channel();
    let rig = serving(early.clone(), Dependency::new(Health::up()), log).await;
    let mut client = client(&rig).await;
    for service in ["", "shop.v1.Orders"] {
        let answer = client.check(of(service)).await.unwrap().into_inner();
        assert_eq!(answer.status(), ServingStatus::NotServing, "{service}");
    }
    let odd = client.check(of(&"x".repeat(1_000))).await.unwrap_err();
    assert_eq!(odd.code(), Code::NotFound, "no group has such a name");

    early.hand_over_to(&HealthChecks::default()).unwrap();
    let unknown = client.check(of("shop.v1.Orders")).await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
}

#[tokio::test]
async fn only_so_many_watch_and_a_place_is_given_back() {
    let rig = rig(2).await;
    let mut client = client(&rig).await;
    let mut first = client.watch(of("")).await.unwrap().into_inner();
    let _second = client.watch(of("")).await.unwrap();
    assert_eq!(next(&mut first).await, Some(ServingStatus::Serving));
    let refused = client.watch(of("")).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);

    drop(first);
    // The server hears of it soon after.
    let again = async {
        while client.watch(of("")).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), again).await.expect("a place");
}

/// A probe passes limits, so nothing else may look like one.
#[test]
fn nothing_is_a_probe_but_a_call_of_its_methods() {
    let health = HealthChecks::default();
    let service = health.grpc();
    let wall = Context::default().then(health.stage());
    let is_probe = |method: &str, path: &str, kind: &str| {
        let request = http::Request::builder().method(method).header("content-type", kind);
        let mut request = request.uri(path).body(tonic::body::Body::empty()).unwrap();
        drop(wall.enter(&mut request));
        let context = request.extensions().get::<RequestContext>().unwrap().clone();
        let by_stage = context.is_probe();

        let request = http::Request::builder().method(method).header("content-type", kind);
        let bare = Context::default();
        let mut request = request.uri(path).body(tonic::body::Body::empty()).unwrap();
        drop(Stage::enter(&bare, &mut request));
        let context = request.extensions().get::<RequestContext>().unwrap().clone();
        drop(tower::Service::call(&mut service.clone(), request));
        assert_eq!(context.is_probe(), by_stage, "{method} {path} {kind}");
        by_stage
    };
    for method in ["Check", "List", "Watch"] {
        let path = format!("/grpc.health.v1.Health/{method}");
        assert!(is_probe("POST", &path, "application/grpc"), "{path}");
        assert!(is_probe("POST", &path, "application/grpc+proto"), "{path}");
        assert!(!is_probe("GET", &path, "application/grpc"), "{path}");
        assert!(!is_probe("POST", &path, "application/json"), "{path}");
    }
    for path in ["", "/", "/check", "/Check/", "/Check/x", "/Watchful", "/Other"] {
        let path = format!("/grpc.health.v1.Health{path}");
        assert!(!is_probe("POST", &path, "application/grpc"), "{path}");
    }
}
