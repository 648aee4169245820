//! One suite for every store, which sees what is wrong with a broken one.

use buttress_ratelimit::conformance;
use buttress_ratelimit::store::{Engine, Memory};
use buttress_testkit::redis::{Engine as Server, Server as Servers};

use crate::fleet::{connected, joined, patient};

#[tokio::test]
async fn in_memory() {
    conformance::limits(async || Memory::new()).await;
    conformance::limits(async || Engine::from(Memory::with_capacity(512))).await;
}

#[tokio::test]
async fn in_redis() {
    for engine in Server::all() {
        let server = Servers::builder().engine(engine).start().await;
        conformance::limits(async || patient(connected(server.url()).await)).await;
        let one = connected(server.url()).await;
        conformance::limits(async || Engine::from(patient(one.clone()))).await;
    }
}

#[tokio::test]
async fn in_a_cluster() {
    for engine in Server::all() {
        let cluster = Servers::builder().engine(engine).cluster().await;
        let redis = joined(&cluster).await;
        // Each name is the tag of another slot.
        for name in ["a", "b"] {
            conformance::limits(async || patient(redis.clone()).named(name)).await;
        }
    }
}
