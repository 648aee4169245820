use tonic::{Request, Response, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_server::Health;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use super::watch::Watch;
use crate::HealthChecks;
use crate::plan::LONGEST_NAME;

/// What the service answers, in the words of its protocol.
#[derive(Clone, Debug)]
pub(super) struct Answers {
    pub(super) health: HealthChecks,
}

/// Whom somebody asks for. Not by name: a name is as long as a client likes, and a watcher keeps it. What is starting
/// has no groups, so whom it hands over to has the same.
#[derive(Clone, Copy, Debug)]
pub(super) enum Service {
    Whole,
    Group(usize),
}

impl Answers {
    /// The whole has no name; every group has its own. There are never more than at the start.
    pub(super) fn find(&self, name: &str) -> Option<Service> {
        match name {
            "" => Some(Service::Whole),
            name => self.health.inner().board.group(name).map(Service::Group),
        }
    }

    /// Whether there may soon be one of this name that there is not yet: nothing has a longer one.
    pub(super) fn may_come(&self, name: &str) -> bool {
        name.len() <= LONGEST_NAME && self.health.inner().board.is_held()
    }

    pub(super) fn status(&self, service: Service) -> ServingStatus {
        let group = match service {
            Service::Whole => None,
            Service::Group(group) => Some(group),
        };
        let inner = self.health.inner();
        let status = inner.board.status(&inner.board.verdict(inner.clock.now()), group);
        if status.is_ready() { ServingStatus::Serving } else { ServingStatus::NotServing }
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
        let name = &request.get_ref().service;
        // Asked first: who takes over after that is looked at.
        let may_come = self.may_come(name);
        match self.find(name) {
            Some(service) => Ok(Response::new(message(self.status(service)))),
            None if may_come => Ok(Response::new(message(ServingStatus::NotServing))),
            None => Err(Status::not_found("no check is in a group of this name")),
        }
    }

    async fn watch(&self, request: Request<HealthCheckRequest>) -> Result<Response<Watch>, Status> {
        match Watch::begin(self.clone(), &request.get_ref().service) {
            Some(watch) => Ok(Response::new(watch)),
            None => Err(Status::resource_exhausted("too many are watching")),
        }
    }
}
