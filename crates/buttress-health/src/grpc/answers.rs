use tonic::{Request, Response, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_server::Health;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use super::watch::Watch;
use crate::HealthChecks;

/// What the service answers, in the words of its protocol.
#[derive(Clone, Debug)]
pub(super) struct Answers {
    pub(super) health: HealthChecks,
}

impl Answers {
    /// The whole has no name; every group has its own.
    pub(super) fn status(&self, service: &str) -> Option<ServingStatus> {
        let status = match service {
            "" => Some(self.health.status()),
            name => self.health.group_status(name),
        };
        status.map(|status| {
            if status.is_ready() { ServingStatus::Serving } else { ServingStatus::NotServing }
        })
    }
}

pub(super) fn message(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse { status: status.into() }
}

#[tonic::async_trait]
impl Health for Answers {
    type WatchStream = Watch;

    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        match self.status(&request.get_ref().service) {
            Some(status) => Ok(Response::new(message(status))),
            None => Err(Status::not_found("no check is in a group of this name")),
        }
    }

    async fn watch(&self, request: Request<HealthCheckRequest>) -> Result<Response<Watch>, Status> {
        let service = request.into_inner().service;
        match Watch::begin(self.clone(), service) {
            Some(watch) => Ok(Response::new(watch)),
            None => Err(Status::resource_exhausted("too many are watching")),
        }
    }
}
