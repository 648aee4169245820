//! Wherever limits may be shared: each engine that the tests have, alone and as a cluster.

use buttress_redis::Redis;
use buttress_testkit::redis::{Cluster, Engine, Server};

use super::{connected, joined};

/// Where a process of a fleet joins it.
pub trait Place {
    async fn join(&self) -> Redis;
}

impl Place for Server {
    async fn join(&self) -> Redis {
        connected(self.url()).await
    }
}

impl Place for Cluster {
    async fn join(&self) -> Redis {
        joined(self).await
    }
}

/// Servers of every engine.
pub async fn servers() -> Vec<Server> {
    let mut servers = Vec::new();
    for engine in Engine::all() {
        servers.push(Server::builder().engine(engine).start().await);
    }
    servers
}

/// A cluster of every engine.
pub async fn clusters() -> Vec<Cluster> {
    let mut clusters = Vec::new();
    for engine in Engine::all() {
        clusters.push(Server::builder().engine(engine).cluster().await);
    }
    clusters
}
