//! Members and orders: who is there, what holds, and how soon that is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::time::timeout;

use super::{LONG, Rig, SHORT, answered, member, until};
use crate::Force;
use crate::fleet::{Asked, Order, Votes};

pub(super) async fn who_reads_is_there_until_they_leave<S: Votes>(rig: &Rig<S>) {
    let (one, other) = (member(), member());
    assert_eq!(rig.read(one).await.members(), 1, "who reads is there");
    assert_eq!(rig.read(other).await.members(), 2, "and so is the next one");
    assert_eq!(rig.read(one).await.members(), 2, "each is there once");
    rig.vote(other, LONG).await;
    answered(rig.store.leave(&rig.breaker, other).await);
    let tally = rig.read(one).await;
    assert_eq!((tally.members(), tally.votes()), (1, 0), "who leaves takes its vote along");
}

pub(super) async fn the_last_order_holds<S: Votes>(rig: &Rig<S>) {
    let one = member();
    assert_eq!(rig.read(one).await.order(), None, "nobody has ordered anything");
    let mut last: Option<Order> = None;
    for force in [Force::Open, Force::Closed, Force::Off, Force::MetricsOnly, Force::Release] {
        let order = rig.force(force).await;
        let version = last.map_or(0, Order::version);
        assert!(order.version() > version, "each order is later than the one before");
        assert_eq!(rig.read(one).await.order(), Some(order), "and holds until the next");
        last = Some(order);
    }
}

pub(super) async fn what_was_lost_is_known_again<S: Votes>(rig: &Rig<S>) {
    let (one, other) = (member(), member());
    let first = rig.force(Force::Open).await;
    let later = Order::new(first.version() + 7, Force::Closed);
    let told = rig.ask(one, Asked::about(&rig.breaker).knowing(later)).await;
    assert_eq!(told.order(), Some(later), "who knows a later order is told nothing older");
    assert_eq!(rig.read(other).await.order(), Some(later), "and the others learn it");
    let stale = rig.ask(one, Asked::about(&rig.breaker).knowing(first)).await;
    assert_eq!(stale.order(), Some(later), "an older order changes nothing");
    let next = rig.force(Force::Release).await;
    assert!(next.version() > later.version(), "the next one is later than that");
}

pub(super) async fn all_are_told<S: Votes>(rig: Rig<S>) {
    let asked = Arc::new(AtomicU64::new(0));
    let question = {
        let asked = asked.clone();
        move || {
            asked.fetch_add(1, Ordering::SeqCst);
            std::future::ready(Ok(()))
        }
    };
    let watch = answered(rig.store.watch(LONG, question));
    until(&asked, 1, "it is asked at the start").await;
    // Whoever begins to listen may miss what is told meanwhile.
    for change in 0..3_u64 {
        let before = asked.load(Ordering::SeqCst);
        for _ in 0..20 {
            match change {
                0 => drop(rig.force(Force::Release).await),
                _ => rig.vote(member(), LONG).await,
            }
            if timeout(SHORT * 2, until(&asked, before + 1, "")).await.is_ok() {
                break;
            }
        }
        assert!(asked.load(Ordering::SeqCst) > before, "what changes is told");
    }
    drop(watch);
    let quiet = answered(rig.store.watch(SHORT, {
        let asked = Arc::clone(&asked);
        move || {
            asked.fetch_add(1, Ordering::SeqCst);
            std::future::ready(Ok(()))
        }
    }));
    let before = asked.load(Ordering::SeqCst);
    until(&asked, before + 3, "it is asked now and then").await;
    drop(quiet);
}
