//! Two processes with different quotas, as while a new release is rolled out.

use std::time::Duration;

use buttress_core::engine::Degrade;
use buttress_ratelimit::store::LimitStore;
use buttress_ratelimit::{Charge, Quota, Retry};
use buttress_testkit::redis::Server;

use super::{Rig, all, connected, key, patient, record};

/// The same place, counted by these quotas.
async fn process(server: &Server, quotas: &[Quota]) -> Rig {
    let quotas: Vec<_> = quotas.iter().map(|quota| (*quota, Degrade::Deny)).collect();
    Rig::new(patient(connected(server.url()).await).remembered(0), &quotas)
}

/// What one process has counted is not forgotten because another one, of a smaller quota, refuses: alone, beside
/// another policy, or when something is counted afterwards or given back.
#[tokio::test]
async fn a_smaller_quota_that_refuses_makes_no_room_in_a_larger_one() {
    let server = Server::start().await;
    let beside = Quota::per_hour(1_000);
    let large = process(&server, &[Quota::per_hour(100), beside]).await;
    let small = process(&server, &[Quota::per_minute(10), beside]).await;
    let one = Charge::new(0, key(1), 1);
    assert!(large.take(&[Charge::new(0, key(1), 100)]).await.is_taken());
    for _ in 0..3 {
        let refused = small.take(&[one]).await;
        let Some((0, Retry::After(wait))) = refused.refusal() else { panic!("{refused:?}") };
        assert!(wait <= Duration::from_secs(120), "by its own quota: {wait:?}");
        assert!(!small.take(&[one, Charge::new(1, key(1), 1)]).await.is_taken());
        assert!(!small.look(&[one]).await.is_taken());
        small.store.count(&small.limits, &all(&[one]));
        small.store.give_back(&small.limits, &all(&[one]));
        assert!(!large.take(&[one]).await.is_taken());
        let left = server.command(["PTTL", &record('g', key(1))]).await.integer();
        assert!(left > 3_500_000, "{left}");
    }
}

/// What the first form of a record says is counted on, in the newest form.
#[tokio::test]
async fn the_first_form_is_read() {
    let server = Server::start().await;
    let rig = process(&server, &[Quota::per_minute(6).burst(3); 2]).await;
    let (one, other) = (Charge::new(0, key(2), 1), Charge::new(1, key(2), 1));
    assert!(rig.take(&[Charge::new(0, key(2), 2)]).await.is_taken());
    let name = record('g', key(2));
    let bytes = |reply| match reply {
        buttress_testkit::redis::Reply::Bulk(bytes) => bytes,
        reply => panic!("{reply:?}"),
    };
    for charges in [&[one][..], &[one, other]] {
        let newest = bytes(server.command(["GET", &name]).await);
        assert_eq!((newest.len(), newest[0]), (13, 2));
        let first = [&[1][..], &newest[1..9]].concat();
        let _ = server.command([b"SET", name.as_bytes(), &first]).await.accepted();
        assert_eq!(rig.look(charges).await.standings()[0].remaining(), 1);
        assert!(rig.take(charges).await.is_taken());
        assert!(!rig.take(charges).await.is_taken());
        rig.store.give_back(&rig.limits, &all(&[one]));
        assert_eq!(rig.look(&[one]).await.standings()[0].remaining(), 1);
    }
}
