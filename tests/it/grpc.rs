//! gRPC through the wall, as tonic's client sees it.

use buttress::Health;
use buttress::health::{Check, HealthChecks};
use buttress::prelude::*;
use buttress::stage::gate_fn;
use std::time::Duration;
use tonic::{Code as GrpcCode, Request, Status};
use tonic_health::ServingStatus as Reported;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_server::HealthServer;
use tonic_health::server::{HealthReporter, HealthService};

use crate::support::{
    Answer, Checks, Client, Protocol, Server, health_client, http2, prompt, serve_ours,
    serve_tonic, soon, wall,
};

async fn health() -> (HealthReporter, Server) {
    let reporter = HealthReporter::new();
    let server = serve_tonic(wall(), HealthService::from_health_reporter(reporter.clone())).await;
    (reporter, server)
}

fn of(service: &str) -> Request<HealthCheckRequest> {
    Request::new(HealthCheckRequest { service: service.to_owned() })
}

fn id(metadata: &tonic::metadata::MetadataMap) -> &str {
    metadata.get("x-request-id").unwrap().to_str().unwrap()
}

#[tokio::test]
async fn a_call_passes() {
    let (_reporter, server) = health().await;
    let mut client = health_client(&server).await;
    let response = soon("an answer", client.check(of(""))).await.unwrap();
    assert_eq!(id(response.metadata()).len(), 36);
    assert_eq!(response.into_inner().status(), ServingStatus::Serving);

    // An error of the service itself is not touched.
    let status = soon("a status", client.check(of("unknown"))).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (GrpcCode::NotFound, "service not registered"));
    assert_eq!(id(status.metadata()).len(), 36);
    drop(client);
    server.stop().await;
}

/// What the client sees as a status is a trailer on the wire.
#[tokio::test]
async fn the_status_is_a_trailer() {
    let (_reporter, server) = health().await;
    let mut sender = http2(&server).await;
    let uri = format!("http://{}/grpc.health.v1.Health/Check", server.address());
    let request = http::Request::post(uri).header("content-type", "application/grpc");
    let body = buttress_testkit::body::Frames::new().data(&b"\0\0\0\0\0"[..]);
    let asking = sender.send_request(request.header("te", "trailers").body(body).unwrap());
    let answer = Answer::of(soon("an answer", asking).await.unwrap()).await;
    assert_eq!(answer.body(), [0, 0, 0, 0, 2, 8, 1]);
    assert_eq!((answer.header("grpc-status"), answer.trailer("grpc-status")), (None, Some("0")));
    drop(sender);
    server.stop().await;
}

#[tokio::test]
async fn a_stream_comes_message_by_message() {
    let (reporter, server) = health().await;
    let mut client = health_client(&server).await;
    let response = soon("the head", client.watch(of(""))).await.unwrap();
    assert_eq!(id(response.metadata()).len(), 36);

    let mut states = response.into_inner();
    let mut next = async || soon("a state", states.message()).await.unwrap().unwrap().status();
    assert_eq!(next().await, ServingStatus::Serving);
    // Each is told before the next is known.
    reporter.set_service_status("", Reported::NotServing).await;
    assert_eq!(next().await, ServingStatus::NotServing);
    reporter.set_service_status("", Reported::Serving).await;
    assert_eq!(next().await, ServingStatus::Serving);
    drop((states, client));
    server.stop().await;
}

/// tonic's services are routes as others are, so our own server has them, too.
#[tokio::test]
async fn calls_and_streams_pass_our_own_server() {
    let reporter = HealthReporter::new();
    let service = HealthServer::new(HealthService::from_health_reporter(reporter.clone()));
    let routes = tonic::service::Routes::new(service).into_axum_router();
    let (server, _) = serve_ours(prompt(), routes.layer(wall())).await;
    let mut client = health_client(&server).await;
    let response = soon("an answer", client.check(of(""))).await.unwrap();
    assert_eq!(id(response.metadata()).len(), 36);
    let unknown = soon("a status", client.check(of("unknown"))).await.unwrap_err();
    assert_eq!(unknown.code(), GrpcCode::NotFound);

    let mut states = soon("the head", client.watch(of(""))).await.unwrap().into_inner();
    let mut next = async || soon("a state", states.message()).await.unwrap().unwrap().status();
    assert_eq!(next().await, ServingStatus::Serving);
    reporter.set_service_status("", Reported::NotServing).await;
    assert_eq!(next().await, ServingStatus::NotServing);
    drop((states, client));
    server.stop().await;
}

/// Only the end of the stream lets the server end in time: it would wait ten minutes for it.
#[tokio::test]
async fn who_watches_hears_of_the_end_and_does_not_hold_it_up() {
    let database = Check::of("database", || async { Health::up() }).group("shop.v1.Orders");
    let health = HealthChecks::builder().check(database).build().unwrap();
    let (mut changes, _running) = (health.subscribe(), health.spawn());
    while !health.status().is_ready() {
        soon("readiness", changes.changed()).await;
    }
    let ten_minutes = Duration::from_secs(600);
    let builder = buttress::serve::Server::builder().health(&health).lead_time(ten_minutes);
    let routes = tonic::service::Routes::new(health.grpc()).into_axum_router();
    let wall = Inbound::builder().health(&health).build().unwrap();
    let (server, shutdown) = serve_ours(builder.grace(ten_minutes), routes.layer(wall)).await;

    let mut client = health_client(&server).await;
    let mut whole = soon("the head", client.watch(of(""))).await.unwrap().into_inner();
    let mut orders =
        soon("the head", client.watch(of("shop.v1.Orders"))).await.unwrap().into_inner();
    for watch in [&mut whole, &mut orders] {
        let first = soon("a state", watch.message()).await.unwrap().unwrap();
        assert_eq!(first.status(), ServingStatus::Serving);
    }

    shutdown.begin();
    for watch in [&mut whole, &mut orders] {
        let last = soon("a state", watch.message()).await.unwrap().unwrap();
        assert_eq!(last.status(), ServingStatus::NotServing);
        assert!(soon("the end", watch.message()).await.unwrap().is_none(), "a clean end");
    }
    // In the lead time everybody is told, over the same connection, too.
    let told = soon("an answer", client.check(of(""))).await.unwrap().into_inner();
    assert_eq!(told.status(), ServingStatus::NotServing);
    for protocol in Protocol::BOTH {
        let ready = Client::connect(protocol, &server).await.get("/ready").await;
        assert_eq!((ready.status(), &ready.json()["status"]), (503, &"draining".into()));
    }
    // Shortens the lead time. It ends with a report that nothing was cut off, or this panics.
    server.stop().await;
}

#[tokio::test]
async fn a_refusal_is_a_status() {
    let refuses = gate_fn(|_: &mut dyn RequestHead| {
        Err(Problem::new(Code::RATE_LIMITED)
            .with_message("Später – „50%20“ sind verbraucht.")
            .with_retry_after(Duration::from_millis(1_500)))
    });
    let wall = Inbound::builder().then(refuses).build().unwrap();
    let server = serve_tonic(wall, Checks(|_| async { Ok(()) })).await;
    let mut client = health_client(&server).await;
    let checked = soon("a status", client.check(of(""))).await.unwrap_err();
    let watched = soon("a status", client.watch(of(""))).await.unwrap_err();
    for status in [&checked, &watched] {
        assert_eq!(status.code(), GrpcCode::ResourceExhausted);
        assert_eq!(status.message(), "Später – „50%20“ sind verbraucht.");
        assert_eq!(status.metadata().get("x-error-code").unwrap(), "RATE_LIMITED");
        assert_eq!(status.metadata().get("grpc-retry-pushback-ms").unwrap(), "1500");
    }
    assert_ne!(id(checked.metadata()), id(watched.metadata()));

    // Who does not speak gRPC is refused in JSON, by the same server.
    let mut plain = Client::connect(Protocol::Http2, &server).await;
    plain.get("/").await.assert_problem(Code::RATE_LIMITED);
    drop((client, plain));
    server.stop().await;
}

#[tokio::test]
async fn a_problem_of_the_service_is_a_status_too() {
    let checks = Checks(|request: Request<HealthCheckRequest>| async move {
        let id = request.extensions().get::<RequestContext>().unwrap().id().to_string();
        let problem = Problem::new(Code::NOT_FOUND).with_message(id);
        Err(Status::from(problem.with_source(std::io::Error::other("db7 refused"))))
    });
    let server = serve_tonic(Inbound::builder().build().unwrap(), checks).await;
    let mut client = health_client(&server).await;
    let status = soon("a status", client.check(of(""))).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (GrpcCode::NotFound, id(status.metadata())));
    assert_eq!(status.metadata().get("x-error-code").unwrap(), "NOT_FOUND");
    assert!(!format!("{status:?}").contains("db7 refused"), "the source stays inside");

    // On the client's side it is a problem again.
    assert_eq!(Problem::from(status).code(), Code::NOT_FOUND);
    drop(client);
    server.stop().await;
}

/// With all that the wall says of any other problem.
#[tokio::test]
async fn a_problem_of_the_service_has_the_details_of_the_wall() {
    let checks = Checks(|_| async {
        let too_small = Detail::body("/amount", "too_small", "must be at least 1");
        let problem = Problem::validation([too_small])
            .with_retry_after(Duration::from_secs(7))
            .with_header(http::header::ETAG, http::HeaderValue::from_static("\"7\""));
        Err(Status::from(problem))
    });
    let german = |problem: &Problem, _: &str| {
        (problem.code() == Code::VALIDATION_FAILED).then(|| "So geht das nicht.".into())
    };
    let wall = Inbound::builder().error_envelope(|envelope| envelope);
    let wall = wall.context(|context| context.answers(|answers| answers.localise(german)));
    let server = serve_tonic(wall.build().unwrap(), checks).await;
    let mut client = health_client(&server).await;
    let status = soon("a status", client.check(of(""))).await.unwrap_err();
    assert_eq!(
        (status.code(), status.message()),
        (GrpcCode::InvalidArgument, "So geht das nicht.")
    );
    let metadata = status.metadata();
    assert_eq!(metadata.get("etag").unwrap(), "\"7\"");
    assert_eq!(metadata.get("grpc-retry-pushback-ms").unwrap(), "7000");
    assert_eq!(metadata.get_all("etag").iter().count(), 1);
    let details = String::from_utf8_lossy(status.details());
    let told = ["BadRequest", "RetryInfo", "RequestInfo", "ErrorInfo", "amount", id(metadata)];
    for told in told {
        assert!(details.contains(told), "{told}: {details:?}");
    }
    drop(client);
    server.stop().await;
}

#[tokio::test]
async fn a_panic_is_a_status() {
    let checks = Checks(|request: Request<HealthCheckRequest>| async move {
        assert!(request.get_ref().service.is_empty(), "the service panicked");
        Ok(())
    });
    let server = serve_tonic(wall(), checks).await;
    let mut client = health_client(&server).await;
    let status = soon("a status", client.check(of("odd"))).await.unwrap_err();
    assert_eq!(status.code(), GrpcCode::Internal);
    assert_eq!(status.message(), Code::INTERNAL.default_message());
    assert_eq!(id(status.metadata()).len(), 36);

    // The connection goes on.
    assert!(soon("an answer", client.check(of(""))).await.is_ok());
    drop(client);
    server.stop().await;
}
