//! A gRPC service of our own: the health service, with any check.

use std::future::Future;
use std::pin::Pin;

use tonic::codegen::tokio_stream::Stream;
use tonic::transport::Channel;
use tonic::{Request, Response, Status};
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::health_server::Health;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use super::{Server, soon};

pub(crate) struct Checks<F>(pub(crate) F);

#[tonic::async_trait]
impl<F, R> Health for Checks<F>
where
    F: Fn(Request<HealthCheckRequest>) -> R + Send + Sync + 'static,
    R: Future<Output = Result<(), Status>> + Send,
{
    type WatchStream = Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send>>;

    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        (self.0)(request).await?;
        Ok(Response::new(HealthCheckResponse::default()))
    }

    async fn watch(
        &self,
        _: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        Err(Status::unimplemented("it only checks"))
    }
}

pub(crate) async fn channel(server: &Server) -> Channel {
    let channel = Channel::from_shared(format!("http://{}", server.address())).unwrap();
    soon("a channel", channel.connect()).await.unwrap()
}

pub(crate) async fn health_client(server: &Server) -> HealthClient<Channel> {
    HealthClient::new(channel(server).await)
}
