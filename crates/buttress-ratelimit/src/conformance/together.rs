//! What is promised of several charges, and of several callers.

use std::time::Duration;

use tokio::task::JoinSet;

use super::{
    BUCKET, HELD, LOG, ROOMY, Rig, SLIDING, WINDOW, all, answered, checked, new_key, of, one,
    quotas, wait,
};
use crate::store::LimitStore;
use crate::{Charge, Quota, Verdict};

pub(super) async fn keys_and_policies_are_apart<S: LimitStore>(rig: &Rig<S>) {
    let charge = one(BUCKET);
    assert!(rig.take(&[of(charge, 5)]).await.is_taken());
    assert!(rig.take(&[of(one(BUCKET), 5)]).await.is_taken(), "another key has its own");
    for policy in [SLIDING, HELD, ROOMY] {
        let same = Charge::new(policy, charge.key(), 1);
        assert!(rig.take(&[same]).await.is_taken(), "another policy has its own");
    }
    assert!(!rig.take(&[charge]).await.is_taken());
    assert!(rig.take(&[]).await.is_taken(), "where nothing is asked nothing is refused");
}

pub(super) async fn all_or_none<S: LimitStore>(rig: &Rig<S>) {
    let (roomy, held, sliding) = (one(ROOMY), one(HELD), one(SLIDING));
    let verdict = rig.take(&[roomy, held, of(sliding, 4)]).await;
    assert_eq!(left(&verdict), [999, 1, 0], "all are taken, and stand in their order");
    for charges in [[roomy, held, sliding], [sliding, roomy, held], [held, sliding, roomy]] {
        let verdict = rig.take(&charges).await;
        assert!(!verdict.is_taken(), "one of them has no room");
        let at = charges.iter().position(|charge| *charge == sliding);
        assert_eq!(verdict.refusal().map(|(at, _)| usize::from(at)), at, "and it says which one");
    }
    assert_eq!(left(&rig.look(&[roomy, held]).await), [999, 1], "so the others lost nothing");
}

pub(super) async fn the_longest_wait_is_told<S: LimitStore>(rig: &Rig<S>) {
    let (bucket, sliding) = (one(BUCKET), one(SLIDING));
    let verdict = rig.take(&[of(bucket, 5), of(sliding, 4)]).await;
    assert!(verdict.is_taken());
    let verdict = answered(rig.store.look(&rig.limits, &all(&[bucket, sliding])).await);
    assert_eq!(verdict.refusal().map(|(at, _)| at), Some(1), "the one that waits longest");
    assert!(wait(&verdict) > Duration::from_secs(3_600));
}

pub(super) async fn what_is_tried_out_refuses_nobody<S: LimitStore>(rig: &Rig<S>) {
    let (roomy, bucket, held) = (one(ROOMY), one(BUCKET), one(HELD));
    let charges = [roomy, of(bucket, 3).optional(), held.optional()];
    let verdict = rig.take(&charges).await;
    assert_eq!(left(&verdict), [999, 2, 1], "what is tried out is taken, too");
    let verdict = rig.take(&charges).await;
    assert!(verdict.is_taken(), "one has no room, and refuses nobody");
    assert_eq!(
        (verdict.is_missed(0), verdict.is_missed(1), verdict.is_missed(2)),
        (false, true, false)
    );
    assert_eq!(left(&verdict), [998, 2, 0], "what has no room is left as it was");
    assert!(rig.take(&[of(roomy, 998)]).await.is_taken());
    let verdict = rig.take(&[roomy, of(bucket, 1).optional()]).await;
    assert!(!verdict.is_taken());
    assert_eq!(rig.remaining(of(bucket, 1)).await, 2, "nor is it taken when another refuses");
}

pub(super) async fn numbers_change_and_counters_stay<S: LimitStore>(rig: &Rig<S>) {
    let (bucket, sliding) = (one(BUCKET), one(SLIDING));
    assert!(rig.take(&[of(bucket, 5), of(sliding, 4)]).await.is_taken());
    assert!(!rig.take(&[bucket]).await.is_taken());
    let mut quotas = quotas();
    quotas[usize::from(BUCKET)] = Quota::per_hour(10);
    quotas[usize::from(SLIDING)].count = 6;
    let raised = Rig { limits: quotas.iter().map(checked).collect(), ..rig.clone() };
    // An hour's worth of five fills an hour, whatever an hour is worth.
    assert!(!raised.take(&[of(bucket, 1)]).await.is_taken(), "what was taken counts on");
    assert!(raised.take(&[of(sliding, 2)]).await.is_taken(), "there are two more now, at once");
    assert!(!raised.take(&[sliding]).await.is_taken(), "and no third");
}

/// Nobody is let through beyond the limit, however many ask at once.
pub(super) async fn callers_race<S: LimitStore>(rig: Rig<S>) {
    let raced = [BUCKET, WINDOW, SLIDING, LOG, HELD].map(one);
    let roomy = Charge::new(ROOMY, new_key(), 10);
    let mut callers = JoinSet::new();
    for _ in 0..8 {
        let rig = rig.clone();
        callers.spawn(async move {
            let mut taken = Vec::new();
            for round in 0..20 {
                taken.extend(rig.take(&[roomy]).await.is_taken().then_some(roomy));
                for charge in raced.iter().filter(|_| round < 5) {
                    taken.extend(rig.take(&[*charge]).await.is_taken().then_some(*charge));
                }
            }
            taken
        });
    }
    let taken: Vec<Charge> = callers.join_all().await.concat();
    // A burst of a thousand is a hundred tens.
    for (policy, most) in
        [(ROOMY, 100), (BUCKET, 5), (WINDOW, 3), (SLIDING, 4), (LOG, 2), (HELD, 2)]
    {
        let count = taken.iter().filter(|taken| taken.policy() == policy).count();
        assert_eq!(count, most, "no more than {most}, and no less, of {policy}");
    }
}

fn left(verdict: &Verdict) -> Vec<u32> {
    verdict.standings().iter().map(crate::Standing::remaining).collect()
}
