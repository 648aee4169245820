//! A user of Redis who may touch no other keys than the guide says.

use std::num::NonZeroU32;

use buttress_core::engine::Degrade;
use buttress_ratelimit::store::RedisStore;
use buttress_ratelimit::{Algorithm, Charge, Quota, Source};
use buttress_redis::Redis;
use buttress_testkit::redis::Server;
use buttress_testkit::until::until;

use super::{Rig, key, patient};
use crate::guide::guide;

const KEYS: [&str; 3] = ["~test:limit:*", "~test:limit-fleet:*", "~test:seed:*"];

async fn narrow(server: &Server) -> Redis {
    let redis = Redis::builder(server.url()).prefix("test");
    let redis = redis.login(Some("narrow".to_owned()), "secret").build().unwrap();
    redis.connected().await.unwrap();
    redis
}

fn rig(store: RedisStore) -> Rig {
    let window = |algorithm| Quota::per_hour(9).algorithm(algorithm);
    let quotas = [
        Quota::per_hour(9),
        window(Algorithm::FixedWindow),
        window(Algorithm::SlidingCounter),
        window(Algorithm::SlidingLog),
        Quota::at_once(9),
    ];
    Rig::new(store, &quotas.map(|quota| (quota, Degrade::Deny)))
}

#[tokio::test]
async fn a_user_needs_no_other_keys_than_the_guide_says() {
    let server = Server::start().await;
    let user = ["ACL", "SETUSER", "narrow", "on", ">secret", "+@all"].into_iter().chain(KEYS);
    server.command(user.collect::<Vec<_>>()).await;
    let guide = guide("ratelimit.md");
    for keys in KEYS {
        let told = format!("`{}`", keys.replace("test", "prefix"));
        assert!(guide.contains(&told), "the guide says {told}");
    }

    let redis = narrow(&server).await;
    assert!(redis.seed("keys").await.is_ok());
    let one = rig(patient(redis).processes(NonZeroU32::new(9).unwrap()));
    let other = rig(patient(narrow(&server).await));
    let all = [0, 1, 2, 3, 4].map(|policy| Charge::new(policy, key(1), 1));
    for charges in [&all[..1], &all[..]] {
        let verdict = one.take(charges).await;
        assert!(verdict.is_taken(), "{verdict:?}");
        assert!(verdict.standings().iter().all(|of| of.source() == Source::Store));
    }
    assert!(other.look(&all).await.is_taken());
    let counted = async || (other.store.knows_processes() == 2).then_some(());
    until("each hears of the other", counted).await;
}
