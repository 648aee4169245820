//! Votes: who has one, for how long, and which count.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::{LONG, Rig, SHORT, answered, counts, member, pause};
use crate::Force;
use crate::fleet::{Asked, Tally, Votes};

pub(super) async fn each_member_has_one_vote<S: Votes>(rig: &Rig<S>) {
    let (one, other, third) = (member(), member(), member());
    assert_eq!(counts(rig.read(third).await), (0, false), "nobody has voted yet");
    rig.vote(one, LONG).await;
    rig.vote(one, LONG).await;
    assert_eq!(counts(rig.read(one).await), (1, true), "a member has one vote, and knows it");
    rig.vote(other, LONG).await;
    assert_eq!(counts(rig.read(third).await), (2, false), "votes add up, and are not mine");
}

pub(super) async fn breakers_are_apart<S: Votes>(rig: &Rig<S>) {
    let (one, other) = (member(), format!("{}-other", rig.breaker));
    rig.vote(one, LONG).await;
    rig.force(Force::Open).await;
    let asked = [Asked::about(&other), Asked::about(&rig.breaker), Asked::about(&other)];
    let tallies = answered(rig.store.read(one, &asked).await);
    let votes: Vec<_> = tallies.iter().map(Tally::votes).collect();
    assert_eq!(votes, [0, 1, 0], "each breaker has votes of its own, told in their order");
    let orders: Vec<_> = tallies.iter().map(|tally| tally.order().is_some()).collect();
    assert_eq!(orders, [false, true, false], "and orders of its own");
    let none = answered(rig.store.read(one, &[]).await);
    assert!(none.is_empty(), "about nothing nothing is told");
}

pub(super) async fn a_vote_ends<S: Votes>(rig: &Rig<S>) {
    let (one, other) = (member(), member());
    rig.vote(one, SHORT).await;
    rig.vote(other, LONG).await;
    // Long before this it has ended, or it never does.
    for _ in 0..600 {
        if rig.read(one).await.votes() == 1 {
            assert_eq!(
                counts(rig.read(one).await),
                (1, false),
                "a vote ends by itself, and no other"
            );
            assert_eq!(
                counts(rig.read(other).await),
                (1, true),
                "a vote ends by itself, and no other"
            );
            return;
        }
        pause(Duration::from_millis(5)).await;
    }
    panic!("a vote for {SHORT:?} has not ended");
}

pub(super) async fn what_is_taken_back_is_gone<S: Votes>(rig: &Rig<S>) {
    let (one, other) = (member(), member());
    rig.vote(one, LONG).await;
    rig.vote(other, LONG).await;
    answered(rig.store.withdraw(&rig.breaker, one).await);
    assert_eq!(counts(rig.read(one).await), (1, false), "what was taken back counts no longer");
    answered(rig.store.withdraw(&rig.breaker, one).await);
    rig.vote(one, LONG).await;
    assert_eq!(counts(rig.read(one).await), (2, true), "a member may change its mind");
}

pub(super) async fn only_young_votes_count<S: Votes>(rig: &Rig<S>) {
    let (one, other) = (member(), member());
    rig.vote(one, LONG).await;
    pause(SHORT * 2).await;
    let young = Asked::about(&rig.breaker).newer_than(SHORT);
    assert_eq!(
        counts(rig.ask(one, young).await),
        (0, true),
        "an old vote is there, and does not count"
    );
    assert_eq!(rig.read(one).await.votes(), 1, "unless all are asked for");
    let all = Asked::about(&rig.breaker).newer_than(LONG);
    assert_eq!(rig.ask(other, all).await.votes(), 1, "one that is younger than asked for counts");
    rig.vote(one, LONG).await;
    let young = Asked::about(&rig.breaker).newer_than(SHORT * 100);
    assert_eq!(rig.ask(other, young).await.votes(), 1, "a vote that is cast again is young again");
}

pub(super) async fn members_race<S: Votes>(rig: Rig<S>) {
    let rig = Arc::new(rig);
    let mut members = JoinSet::new();
    for number in 0..8_u32 {
        let rig = rig.clone();
        members.spawn(async move {
            let me = member();
            for _ in 0..10 {
                rig.vote(me, LONG).await;
                let tally = rig.read(me).await;
                assert!(tally.has_voted() && tally.votes() >= 1, "nobody takes another's vote");
                answered(rig.store.withdraw(&rig.breaker, me).await);
            }
            if number % 2 == 0 {
                rig.vote(me, LONG).await;
            }
        });
    }
    members.join_all().await;
    let tally = rig.read(member()).await;
    assert_eq!((tally.votes(), tally.members()), (4, 9), "each vote is kept once");
}
