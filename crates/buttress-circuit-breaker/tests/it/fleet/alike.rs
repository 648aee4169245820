//! Memory and Redis decide alike, whatever is asked in whatever order.

use std::time::Duration;

use buttress_circuit_breaker::Force;
use buttress_circuit_breaker::fleet::{Asked, MemoryVotes, Order, RedisVotes, Tally, Votes};
use buttress_core::Key;
use buttress_testkit::redis::Server;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::{connected, member};

const LONG: Duration = Duration::from_secs(600);
const FORCES: [Force; 5] =
    [Force::Open, Force::Closed, Force::Off, Force::MetricsOnly, Force::Release];

/// What somebody does; breakers and members by their numbers.
#[derive(Clone, Copy, Debug)]
enum Step {
    Vote(usize, usize),
    Withdraw(usize, usize),
    Leave(usize, usize),
    Force(usize, usize),
    /// Knows the order that was heard of so many steps ago, if any.
    Read {
        member: usize,
        knows: usize,
        is_young: bool,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let (breaker, member) = (0..2_usize, 0..4_usize);
    prop_oneof![
        3 => (breaker.clone(), member.clone()).prop_map(|(b, m)| Step::Vote(b, m)),
        1 => (breaker.clone(), member.clone()).prop_map(|(b, m)| Step::Withdraw(b, m)),
        1 => (breaker.clone(), member.clone()).prop_map(|(b, m)| Step::Leave(b, m)),
        1 => (breaker, 0..FORCES.len()).prop_map(|(b, force)| Step::Force(b, force)),
        3 => (member, 0..4_usize, any::<bool>())
            .prop_map(|(member, knows, is_young)| Step::Read { member, knows, is_young }),
    ]
}

/// A store that nobody else has, and the orders that were heard of.
struct Played<S> {
    store: S,
    breakers: [String; 2],
    members: [Key; 4],
    orders: Vec<Order>,
}

impl<S: Votes> Played<S> {
    fn new(store: S) -> Self {
        let breakers = [(); 2].map(|()| member().to_string());
        Self { store, breakers, members: [(); 4].map(|()| member()), orders: Vec::new() }
    }

    /// Says what was answered, without what no two stores have in common: the versions.
    async fn play(&mut self, step: Step) -> Vec<(u32, u32, bool, Option<Force>)> {
        let Self { store, breakers, members, orders } = self;
        match step {
            Step::Vote(b, m) => store.vote(&breakers[b], members[m], LONG).await.unwrap(),
            Step::Withdraw(b, m) => store.withdraw(&breakers[b], members[m]).await.unwrap(),
            Step::Leave(b, m) => store.leave(&breakers[b], members[m]).await.unwrap(),
            Step::Force(b, force) => {
                let order = store.force(&breakers[b], FORCES[force]).await.unwrap();
                // Of one breaker alone: orders of two have nothing to do with each other.
                if b == 0 {
                    orders.push(order);
                }
            }
            Step::Read { member, knows, is_young } => {
                let asked = Asked::about(&breakers[0]);
                let asked = if is_young { asked.newer_than(LONG * 2) } else { asked };
                let known = orders.iter().rev().nth(knows);
                let asked = known.map_or(asked, |order| asked.knowing(*order));
                let both = [asked, Asked::about(&breakers[1])];
                let tallies = store.read(members[member], &both).await.unwrap();
                return tallies.iter().map(told).collect();
            }
        }
        Vec::new()
    }
}

fn told(tally: &Tally) -> (u32, u32, bool, Option<Force>) {
    let force = tally.order().map(Order::force);
    (tally.members(), tally.votes(), tally.has_voted(), force)
}

#[tokio::test]
async fn memory_and_redis_decide_alike() {
    let server = Server::start().await;
    let redis = RedisVotes::new(connected(server.url()).await);
    let mut runner = TestRunner::deterministic();
    for _ in 0..40 {
        let steps = prop::collection::vec(step(), 60).new_tree(&mut runner).unwrap().current();
        let mut memory = Played::new(MemoryVotes::new());
        let mut redis = Played::new(redis.clone());
        for (at, step) in steps.iter().enumerate() {
            let (here, there) = (memory.play(*step).await, redis.play(*step).await);
            assert_eq!(here, there, "step {at} of {steps:?}");
        }
    }
}
