//! The same wall before a gRPC service: `cargo run --example grpc`.
//!
//! A refusal by the wall reaches a gRPC client as what it understands: a status.

use buttress::Health;
use buttress::health::{Check, HealthChecks};
use buttress::prelude::*;
use buttress::stage::gate_fn;
use buttress_examples::{Failure, Options};
use http::Extensions;
use std::net::SocketAddr;
use tonic::metadata::MetadataValue;
use tonic::transport::server::{TcpConnectInfo, TcpIncoming};
use tonic::transport::{Channel, Server};
use tonic::{Code as GrpcCode, Request};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let options = Options::from_command_line()?;
    let listener = buttress_examples::listen(options, &[]).await?;
    let address = listener.local_addr()?;
    println!(
        "  # the state of the service, for clients with a key (and has the .proto of gRPC's health checks)\n  {}\n",
        grpcurl(address)
    );

    // A group is a service of gRPC. `health.spawn()` runs the checks.
    let stock = Check::of("stock", || async { Health::up() }).degrading().group("shop.v1.Orders");
    let health = HealthChecks::builder().check(stock).build()?;
    let _running = health.spawn();
    let keys = gate_fn(|request: &mut dyn RequestHead| match request.headers().get("x-key") {
        Some(_) => Ok(()),
        None => Err(Problem::new(Code::UNAUTHENTICATED).with_message("Bring a key.")),
    });
    let known = gate_fn(|request: &mut dyn RequestHead| {
        let client = request.context().and_then(RequestContext::client);
        client.map(drop).ok_or_else(|| Problem::new(Code::INTERNAL).with_source("who is calling?"))
    });
    let peer = |extensions: &Extensions| extensions.get::<TcpConnectInfo>()?.remote_addr();
    let wall = Inbound::builder().context(|context| context.peer(peer)).health(&health);
    let wall = wall.then(keys).then(known).build()?;
    let server = Server::builder().layer(wall).add_service(health.grpc());
    let server = server.serve_with_incoming(TcpIncoming::from(listener));

    buttress_examples::run(options, server, smoke(address, health)).await
}

fn grpcurl(address: SocketAddr) -> String {
    let method = "grpc.health.v1.Health/Check";
    format!(
        "grpcurl -plaintext -proto grpc/health/v1/health.proto -H 'x-key: 7' {address} {method}"
    )
}

async fn smoke(address: SocketAddr, health: HealthChecks) -> Result<(), Failure> {
    let channel = Channel::from_shared(format!("http://{address}"))?.connect().await?;
    let mut client = HealthClient::new(channel);

    let response = client.check(with_key("shop.v1.Orders")).await?;
    expect(response.metadata().contains_key("x-request-id"), "there is an id")?;
    let status = response.into_inner().status();
    expect(status == ServingStatus::Serving, "the service is serving")?;

    let Err(status) = client.check(HealthCheckRequest::default()).await else {
        return Err("a call without a key was let in".into());
    };
    expect(status.code() == GrpcCode::Unauthenticated, "the status is gRPC's")?;
    expect(status.message() == "Bring a key.", "the message is told")?;
    expect(status.metadata().contains_key("x-request-id"), "a refusal has an id too")?;

    let mut watch = client.watch(with_key("")).await?.into_inner();
    let first = watch.message().await?.map(|told| told.status());
    expect(first == Some(ServingStatus::Serving), "who watches hears how it is")?;
    // As `buttress::serve::Server` does by itself before it stops.
    health.drain();
    let last = watch.message().await?.map(|told| told.status());
    expect(last == Some(ServingStatus::NotServing), "and that it will stop")?;
    expect(watch.message().await?.is_none(), "and does not hold it up")
}

fn with_key(service: &str) -> Request<HealthCheckRequest> {
    let mut request = Request::new(HealthCheckRequest { service: service.to_owned() });
    request.metadata_mut().insert("x-key", MetadataValue::from_static("7"));
    request
}

fn expect(holds: bool, words: &str) -> Result<(), Failure> {
    if !holds {
        return Err(format!("expected that {words}").into());
    }
    println!("ok: {words}");
    Ok(())
}
