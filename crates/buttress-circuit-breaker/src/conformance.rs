//! The suite that every store of votes passes, in memory and in Redis, and that one of your own should.
//!
//! It needs a tokio runtime, and time that passes for real.
//!
//! ```
//! use buttress_circuit_breaker::conformance;
//! use buttress_circuit_breaker::fleet::MemoryVotes;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! conformance::votes(async || MemoryVotes::new()).await;
//! # }
//! ```

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use buttress_core::clock::{Timer, TokioTimer};
use buttress_core::{Key, Keyer};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::Force;
use crate::fleet::{Asked, Order, Tally, Votes};

/// Puts a store through every promise of [`Votes`].
///
/// `make` gives a store for each promise, empty or not: each uses breakers of its own.
///
/// # Panics
///
/// If a promise is broken, or if a store that should answer does not. The message says which.
pub async fn votes<S: Votes>(make: impl AsyncFn() -> S) {
    each_member_has_one_vote(&Rig::new(&make).await).await;
    breakers_are_apart(&Rig::new(&make).await).await;
    a_vote_ends(&Rig::new(&make).await).await;
    what_is_taken_back_is_gone(&Rig::new(&make).await).await;
    only_young_votes_count(&Rig::new(&make).await).await;
    who_reads_is_there_until_they_leave(&Rig::new(&make).await).await;
    the_last_order_holds(&Rig::new(&make).await).await;
    what_was_lost_is_known_again(&Rig::new(&make).await).await;
    all_are_told(Rig::new(&make).await).await;
    members_race(Rig::new(&make).await).await;
}

const LONG: Duration = Duration::from_secs(600);
const SHORT: Duration = Duration::from_millis(60);

/// A store, and a breaker that nobody else has.
struct Rig<S> {
    store: S,
    breaker: String,
}

impl<S: Votes> Rig<S> {
    async fn new(make: &impl AsyncFn() -> S) -> Self {
        Self { store: make().await, breaker: format!("breaker-{}", member()) }
    }

    async fn vote(&self, member: Key, lasts: Duration) {
        answered(self.store.vote(&self.breaker, member, lasts).await);
    }

    async fn read(&self, member: Key) -> Tally {
        self.ask(member, Asked::about(&self.breaker)).await
    }

    async fn ask(&self, member: Key, asked: Asked<'_>) -> Tally {
        let tallies = answered(self.store.read(member, &[asked]).await);
        assert_eq!(tallies.len(), 1, "as many tallies as breakers were asked about");
        tallies.into_iter().next().unwrap_or_default()
    }

    async fn force(&self, force: Force) -> Order {
        let order = answered(self.store.force(&self.breaker, force).await);
        assert_eq!(order.force(), force, "what was ordered is what the order says");
        order
    }
}

async fn each_member_has_one_vote<S: Votes>(rig: &Rig<S>) {
    let (one, other, third) = (member(), member(), member());
    assert_eq!(counts(rig.read(third).await), (0, false), "nobody has voted yet");
    rig.vote(one, LONG).await;
    rig.vote(one, LONG).await;
    assert_eq!(counts(rig.read(one).await), (1, true), "a member has one vote, and knows it");
    rig.vote(other, LONG).await;
    assert_eq!(counts(rig.read(third).await), (2, false), "votes add up, and are not mine");
}

async fn breakers_are_apart<S: Votes>(rig: &Rig<S>) {
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

async fn a_vote_ends<S: Votes>(rig: &Rig<S>) {
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

async fn what_is_taken_back_is_gone<S: Votes>(rig: &Rig<S>) {
    let (one, other) = (member(), member());
    rig.vote(one, LONG).await;
    rig.vote(other, LONG).await;
    answered(rig.store.withdraw(&rig.breaker, one).await);
    assert_eq!(counts(rig.read(one).await), (1, false), "what was taken back counts no longer");
    answered(rig.store.withdraw(&rig.breaker, one).await);
    rig.vote(one, LONG).await;
    assert_eq!(counts(rig.read(one).await), (2, true), "a member may change its mind");
}

async fn only_young_votes_count<S: Votes>(rig: &Rig<S>) {
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

async fn who_reads_is_there_until_they_leave<S: Votes>(rig: &Rig<S>) {
    let (one, other) = (member(), member());
    assert_eq!(rig.read(one).await.members(), 1, "who reads is there");
    assert_eq!(rig.read(other).await.members(), 2, "and so is the next one");
    assert_eq!(rig.read(one).await.members(), 2, "each is there once");
    rig.vote(other, LONG).await;
    answered(rig.store.leave(&rig.breaker, other).await);
    let tally = rig.read(one).await;
    assert_eq!((tally.members(), tally.votes()), (1, 0), "who leaves takes its vote along");
}

async fn the_last_order_holds<S: Votes>(rig: &Rig<S>) {
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

async fn what_was_lost_is_known_again<S: Votes>(rig: &Rig<S>) {
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

async fn all_are_told<S: Votes>(rig: Rig<S>) {
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

async fn members_race<S: Votes>(rig: Rig<S>) {
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

fn counts(tally: Tally) -> (u32, bool) {
    (tally.votes(), tally.has_voted())
}

async fn until(asked: &AtomicU64, times: u64, what: &str) {
    for _ in 0..600 {
        if asked.load(Ordering::SeqCst) >= times {
            return;
        }
        pause(Duration::from_millis(5)).await;
    }
    panic!("{what}");
}

fn answered<T, E: std::error::Error>(answer: Result<T, E>) -> T {
    answer.unwrap_or_else(|error| panic!("the store does not answer: {error}"))
}

fn member() -> Key {
    Keyer::random().writer().key()
}

async fn pause(time: Duration) {
    TokioTimer.sleep(time).await;
}
