//! Not one too many, whatever the algorithm: told by limits of which nothing comes back meanwhile.

use super::{BUCKET, HELD, HOUR, LOG, QUEUE, QUICK, Rig, SLIDING, WINDOW, first, of, one, wait};
use crate::store::LimitStore;

/// Of every algorithm, one by one and at once.
pub(super) async fn so_many_and_no_more<S: LimitStore>(rig: &Rig<S>) {
    for (policy, most) in [(BUCKET, 5), (QUICK, 2), (WINDOW, 3), (SLIDING, 4), (LOG, 2), (HELD, 2)]
    {
        let (single, whole) = (one(policy), one(policy));
        for left in (0..most).rev() {
            let verdict = rig.take(&[single]).await;
            assert!(verdict.is_taken(), "{most} are there of {policy}: {verdict:?}");
            assert_eq!(first(&verdict).remaining(), left, "what is left of {policy}");
        }
        assert!(rig.take(&[of(whole, most)]).await.is_taken(), "all of {policy} at once");
        for charge in [single, whole, single] {
            let verdict = rig.take(&[charge]).await;
            assert!(!verdict.is_taken(), "no more than {most} are there of {policy}: {verdict:?}");
            assert_eq!(first(&verdict).remaining(), 0, "and nothing is left of {policy}");
        }
        let nearly = one(policy);
        assert!(rig.take(&[nearly]).await.is_taken());
        let verdict = rig.take(&[of(nearly, most)]).await;
        assert!(!verdict.is_taken(), "no more than {most} are there of {policy}: {verdict:?}");
        assert!(rig.take(&[of(nearly, most - 1)]).await.is_taken(), "and none was lost by it");
    }
}

/// One goes on, and four wait, a quarter of an hour each.
pub(super) async fn so_many_turns_and_no_more<S: LimitStore>(rig: &Rig<S>) {
    // Who gives turns lets that time pass.
    if rig.store.gives_turns() {
        return;
    }
    let (charge, quarter) = (one(QUEUE), HOUR / 4);
    for before in 0..5 {
        let verdict = rig.take(&[charge]).await;
        assert!(verdict.is_taken(), "there is a turn for who waits an hour: {verdict:?}");
        let (turn, delay) = (quarter * before, verdict.delay());
        assert!(delay <= turn && delay + quarter / 2 > turn, "a turn after {before}: {delay:?}");
    }
    let verdict = rig.take(&[charge]).await;
    assert!(!verdict.is_taken(), "no more than four wait: {verdict:?}");
    assert!(wait(&verdict) <= quarter, "there is room when one has gone on");
}
