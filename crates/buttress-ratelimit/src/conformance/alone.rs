//! What is promised of one charge.

use std::time::Duration;

use super::{
    BUCKET, HELD, HOUR, LOG, QUEUE, QUICK, Rig, SHORT, SLIDING, WINDOW, all, answered, first, of,
    one, pause, wait,
};
use crate::store::LimitStore;
use crate::{Charge, Retry, Verdict};

pub(super) async fn a_burst_and_no_more<S: LimitStore>(rig: &Rig<S>) {
    let charge = one(BUCKET);
    for left in (0..5).rev() {
        let verdict = rig.take(&[charge]).await;
        assert!(verdict.is_taken(), "a burst of five is there at once: {verdict:?}");
        assert_eq!(first(&verdict).remaining(), left, "what is left after it was taken");
        let resets = first(&verdict).resets_in();
        assert!(resets > Duration::ZERO && resets <= HOUR, "when all is there again: {resets:?}");
    }
    let verdict = rig.take(&[charge]).await;
    assert!(!verdict.is_taken(), "the sixth is one too many");
    assert_eq!(verdict.refusal().map(|(at, _)| at), Some(0), "and it says which one");
    let time = wait(&verdict);
    assert!(time > Duration::ZERO && time <= HOUR / 5, "the next one comes in: {time:?}");
}

pub(super) async fn who_waits_as_told_is_admitted<S: LimitStore>(rig: &Rig<S>) {
    for policy in [QUICK, WINDOW, LOG] {
        let charge = one(policy);
        for _ in 0..3 {
            let verdict = refused(rig, charge).await;
            pause(wait(&verdict)).await;
            let verdict = rig.take(&[charge]).await;
            assert!(verdict.is_taken(), "who waits as told is admitted by {policy}: {verdict:?}");
        }
    }
}

pub(super) async fn a_window_begins_with_its_first<S: LimitStore>(rig: &Rig<S>) {
    let charge = one(WINDOW);
    let mut last = first(&rig.take(&[charge]).await).resets_in();
    assert!(last <= SHORT, "a window ends: {last:?}");
    let verdict = refused(rig, charge).await;
    let time = wait(&verdict);
    assert!(time <= last, "the first says when it ends: {time:?} after {last:?}");
    pause(time).await;
    last = first(&rig.take(&[charge]).await).resets_in();
    assert!(last > time.min(SHORT / 2), "the next one is whole: {last:?}");
}

pub(super) async fn a_window_slides<S: LimitStore>(rig: &Rig<S>) {
    let charge = one(SLIDING);
    for left in (0..4).rev() {
        let verdict = rig.take(&[charge]).await;
        assert_eq!(first(&verdict).remaining(), left, "four in a window that slides");
    }
    let verdict = rig.take(&[charge]).await;
    let time = wait(&verdict);
    assert!(time > HOUR && time <= HOUR * 2, "not before the window has begun to leave: {time:?}");
}

pub(super) async fn a_log_is_exact<S: LimitStore>(rig: &Rig<S>) {
    let charge = one(LOG);
    let verdict = rig.take(&[of(charge, 2)]).await;
    assert_eq!((verdict.is_taken(), first(&verdict).remaining()), (true, 0), "both at once");
    let verdict = rig.take(&[charge]).await;
    if !verdict.is_taken() {
        let (time, resets) = (wait(&verdict), first(&verdict).resets_in());
        assert!(time <= SHORT, "it is free again when the first leaves: {time:?}");
        assert!(resets <= SHORT, "and all of it when the last does: {resets:?}");
    }
}

pub(super) async fn what_is_held_comes_back<S: LimitStore>(rig: &Rig<S>) {
    let charge = one(HELD);
    let (one, two) = (rig.taken(charge).await, rig.taken(charge).await);
    let verdict = rig.take(&[charge]).await;
    assert_eq!(verdict.refusal(), Some((0, Retry::Unknown)), "nobody knows when one comes back");
    rig.store.give_back(&rig.limits, &one);
    rig.until_left(charge, 1, "a permit that is given back is there again").await;
    let three = rig.taken(charge).await;
    assert!(!rig.take(&[charge]).await.is_taken(), "one came back, and no more");
    rig.store.give_back(&rig.limits, &two);
    rig.store.give_back(&rig.limits, &three);
    rig.until_left(charge, 2, "in the end nobody holds any").await;
}

pub(super) async fn too_much_is_never_admitted<S: LimitStore>(rig: &Rig<S>) {
    for (policy, most) in [(BUCKET, 5), (WINDOW, 3), (SLIDING, 4), (LOG, 2), (HELD, 2)] {
        let charge = one(policy);
        let verdict = rig.take(&[of(charge, most + 1)]).await;
        assert_eq!(verdict.refusal(), Some((0, Retry::Never)), "more than there ever is");
        let verdict = rig.take(&[of(charge, u32::MAX)]).await;
        assert_eq!(verdict.refusal(), Some((0, Retry::Never)), "as much as there can be");
        assert!(rig.take(&[of(charge, most)]).await.is_taken(), "{policy} had lost nothing by it");
    }
}

/// Where a store has a shorter way for a charge that is alone, it decides the same there; where it says nothing, it has
/// done nothing.
pub(super) async fn the_shorter_way_leads_to_the_same<S: LimitStore>(rig: &Rig<S>) {
    for policy in [BUCKET, SLIDING, HELD] {
        let (short, long) = (one(policy), one(policy));
        for turn in 0..7 {
            let by_itself = match rig.store.take_one(&rig.limits, &short) {
                Some(checked) => (checked.retry(), checked.standing().remaining()),
                None => told(&rig.take(&[short]).await),
            };
            let expected = told(&rig.take(&[long]).await);
            let alike = by_itself.0.is_none() == expected.0.is_none();
            assert!(alike, "{turn}: {by_itself:?} and {expected:?} by {policy}");
            assert_eq!(by_itself.1, expected.1, "what is left in turn {turn} by {policy}");
        }
    }
}

fn told(verdict: &Verdict) -> (Option<Retry>, u32) {
    (verdict.refusal().map(|(_, retry)| retry), first(verdict).remaining())
}

pub(super) async fn looking_takes_nothing<S: LimitStore>(rig: &Rig<S>) {
    let charge = one(BUCKET);
    for _ in 0..10 {
        let verdict = rig.look(&[of(charge, 3)]).await;
        assert!(verdict.is_taken(), "three might be taken");
        assert_eq!(first(&verdict).remaining(), 5, "and none was");
    }
    assert!(rig.take(&[of(charge, 3)]).await.is_taken());
    let verdict = rig.look(&[of(charge, 3)]).await;
    assert!(!verdict.is_taken(), "three more could not be taken");
    assert_eq!(first(&verdict).remaining(), 2, "but two could");
    assert!(rig.look(&[of(charge, 2)]).await.is_taken(), "as one sees");
}

pub(super) async fn what_is_given_back_is_there_again<S: LimitStore>(rig: &Rig<S>) {
    for (policy, most) in [(BUCKET, 5), (SLIDING, 4)] {
        let charge = one(policy);
        let taken = rig.taken(of(charge, 2)).await;
        assert!(rig.take(&[of(charge, most - 2)]).await.is_taken());
        assert!(!rig.take(&[charge]).await.is_taken(), "nothing is left of {policy}");
        rig.store.give_back(&rig.limits, &taken);
        rig.until_left(charge, 2, "what is given back is there again").await;
        assert!(rig.take(&[of(charge, 2)]).await.is_taken(), "at once, also after a refusal");
    }
}

pub(super) async fn nothing_comes_back_twice<S: LimitStore>(rig: &Rig<S>) {
    for (policy, most) in [(BUCKET, 5), (SLIDING, 4), (HELD, 2)] {
        let charge = one(policy);
        let taken = rig.taken(charge).await;
        for _ in 0..3 {
            rig.store.give_back(&rig.limits, &taken);
        }
        rig.until_left(charge, most, "it comes back").await;
        pause(Duration::from_millis(20)).await;
        assert!(rig.take(&[of(charge, most)]).await.is_taken(), "all of {policy} is there");
        assert!(!rig.take(&[charge]).await.is_taken(), "and no more than ever was");
    }
}

pub(super) async fn what_is_counted_may_be_too_much<S: LimitStore>(rig: &Rig<S>) {
    for (policy, most) in [(BUCKET, 5), (SLIDING, 4)] {
        let charge = one(policy);
        rig.store.count(&rig.limits, &all(&[of(charge, most + 1)]));
        rig.until_left(charge, 0, "what is counted counts").await;
        let verdict = rig.take(&[charge]).await;
        assert!(!verdict.is_taken(), "nothing is left of {policy}");
        assert!(matches!(verdict.refusal(), Some((0, Retry::After(_)))), "it ends some time");
    }
}

pub(super) async fn what_is_forgotten_never_was<S: LimitStore>(rig: &Rig<S>) {
    for (policy, most) in [(BUCKET, 5), (SLIDING, 4), (HELD, 2)] {
        let charge = one(policy);
        assert!(rig.take(&[of(charge, most)]).await.is_taken());
        assert!(!rig.take(&[charge]).await.is_taken());
        let _ = rig.store.forget(&rig.limits, &all(&[charge])).await;
        assert_eq!(rig.remaining(charge).await, most, "it stands as if it had never asked");
        assert!(rig.take(&[of(charge, most)]).await.is_taken(), "{policy} knows nothing of it");
    }
}

pub(super) async fn a_turn_comes_later<S: LimitStore>(rig: &Rig<S>) {
    let charge = one(QUEUE);
    let verdict = rig.take(&[charge]).await;
    assert_eq!((verdict.is_taken(), verdict.delay()), (true, Duration::ZERO), "the first goes on");
    let mut last = Duration::ZERO;
    for _ in 0..100 {
        let verdict = rig.take(&[charge]).await;
        if !verdict.is_taken() {
            assert!(last > Duration::from_millis(500), "some had to wait first: {last:?}");
            assert!(wait(&verdict) <= Duration::from_secs(1), "there is room when one has gone on");
            return;
        }
        last = verdict.delay();
        assert!(last <= Duration::from_secs(1), "nobody waits longer than the queue: {last:?}");
    }
    panic!("a queue has an end");
}

/// Takes until it is refused.
async fn refused<S: LimitStore>(rig: &Rig<S>, charge: Charge) -> crate::Verdict {
    for _ in 0..1_000 {
        let verdict = answered(rig.store.take(&rig.limits, &all(&[charge])).await);
        if !verdict.is_taken() {
            return verdict;
        }
    }
    panic!("{charge:?} is never refused");
}
