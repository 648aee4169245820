//! A channel of tonic behind the wall, and a client that tonic generates.

use std::net::SocketAddr;

use buttress::circuit_breaker::{State, Trip};
use buttress::prelude::*;
use tokio::net::TcpListener;
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Code as GrpcCode, Request};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::server::health_reporter;

/// A server that knows of itself alone.
async fn server() -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (_reporter, service) = health_reporter();
    let incoming = tonic::transport::server::TcpIncoming::from(listener);
    tokio::spawn(Server::builder().add_service(service).serve_with_incoming(incoming));
    address
}

fn channel(address: SocketAddr) -> Channel {
    Endpoint::from_shared(format!("http://{address}")).unwrap().connect_lazy()
}

fn wall() -> Outbound {
    Outbound::to("payments")
        .deadline(secs(30))
        .retry(Retry::up_to(3).grpc_all(true).backoff(Backoff::none()))
        .circuit_breaker(CircuitBreaker::after(1).open_for(secs(60)..=secs(60)))
        .bulkhead(8)
        .attempt_timeout(secs(5))
        .build()
        .unwrap()
}

fn check(service: &str) -> Request<HealthCheckRequest> {
    Request::new(HealthCheckRequest { service: service.to_owned() })
}

#[tokio::test]
async fn generated_clients_take_it() {
    let wall = wall();
    let mut client = HealthClient::new(wall.layer_on_tonic(channel(server().await)));
    assert_eq!(client.check(check("")).await.unwrap().into_inner().status, 1);

    // It did answer, so that is no failure.
    let unknown = client.check(check("nobody")).await.unwrap_err();
    assert_eq!((unknown.code(), wall.breaker().state()), (GrpcCode::NotFound, State::Closed));

    wall.breaker().trip(Trip::switch());
    let refused = client.check(check("")).await.unwrap_err();
    assert_eq!(refused.code(), GrpcCode::Unavailable);
    let pushback = refused.metadata().get("grpc-retry-pushback-ms").unwrap().to_str().unwrap();
    assert!((50_000..=60_000).contains(&pushback.parse().unwrap()), "{pushback}");
}

#[tokio::test]
async fn what_cannot_be_reached_opens_the_breaker() {
    let closed = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = closed.local_addr().unwrap();
    drop(closed);
    let wall = wall();
    let mut client = HealthClient::new(wall.layer_on_tonic(channel(address)));
    assert_eq!(client.check(check("")).await.unwrap_err().code(), GrpcCode::Unavailable);
    assert_eq!(wall.breaker().state(), State::Open);
    let refused = client.check(check("")).await.unwrap_err();
    assert!(refused.metadata().contains_key("grpc-retry-pushback-ms"), "{refused:?}");
}
