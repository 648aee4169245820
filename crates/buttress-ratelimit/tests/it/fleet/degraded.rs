//! Without Redis, limits that count here or let all through are degraded, and not down; and well again by themselves.

use buttress_core::HealthStatus;
use buttress_core::engine::Degrade;
use buttress_ratelimit::store::LimitStore;
use buttress_ratelimit::{Charge, Quota, Source};
use buttress_testkit::redis::Server;
use buttress_testkit::until::until;

use super::{Rig, connected, first, key, patient};

#[tokio::test]
async fn who_counts_here_or_allows_is_degraded_while_redis_is_gone() {
    for (degrade, source) in [(Degrade::Local, Source::Local), (Degrade::Allow, Source::Allowed)] {
        let server = Server::start().await;
        let store = patient(connected(server.url()).await);
        let rig = Rig::new(store, &[(Quota::per_hour(10), degrade)]);
        let charge = Charge::new(0, key(1), 1);
        assert_eq!(first(&rig.take(&[charge]).await), (9, Source::Store));
        assert_eq!(rig.store.health().status(), HealthStatus::Up, "{degrade}");

        server.kill();
        let verdict = rig.take(&[charge]).await;
        assert!(verdict.is_taken() && first(&verdict).1 == source, "{verdict:?}");
        let health = rig.store.health();
        assert_eq!(health.status(), HealthStatus::Degraded, "{degrade}");

        server.restart().await;
        let back = async || (first(&rig.take(&[charge]).await).1 == Source::Store).then_some(());
        until("it is asked again", back).await;
        let up = async || (rig.store.health().status() == HealthStatus::Up).then_some(());
        until("it is well", up).await;
    }
}
