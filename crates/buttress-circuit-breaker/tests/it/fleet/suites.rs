//! One suite for every store of votes, which sees what is wrong with a broken one.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use buttress_circuit_breaker::Force;
use buttress_circuit_breaker::conformance;
use buttress_circuit_breaker::fleet::{
    Asked, MemoryVotes, MemoryWatch, Order, RedisVotes, Tally, Votes,
};
use buttress_core::clock::TokioClock;
use buttress_core::{BuildError, Key};
use buttress_redis::Redis;
use buttress_testkit::redis::{Engine, Server};
use buttress_testkit::until::until;

use super::connected;

#[tokio::test]
async fn in_memory() {
    conformance::votes(async || MemoryVotes::new()).await;
    let one = MemoryVotes::with_clock(TokioClock::new());
    conformance::votes(async || one.clone()).await;
}

#[tokio::test]
async fn in_redis() {
    for engine in Engine::all() {
        let server = Server::builder().engine(engine).start().await;
        conformance::votes(async || RedisVotes::new(connected(server.url()).await)).await;
        let one = RedisVotes::new(connected(server.url()).await).named("shop");
        conformance::votes(async || one.clone()).await;
    }
}

#[tokio::test]
async fn in_a_cluster() {
    for engine in Engine::all() {
        let cluster = Server::builder().engine(engine).cluster().await;
        let places: Vec<_> = cluster.addresses().iter().map(ToString::to_string).collect();
        let redis = Redis::builder(format!("redis+cluster://{}", places.join(",")));
        let redis = redis.response_timeout(Duration::from_secs(5)).build().unwrap();
        until("all are connected", async || redis.connected().await.ok()).await;
        // Each name is the tag of another slot.
        for name in ["a", "b"] {
            conformance::votes(async || RedisVotes::new(redis.clone()).named(name)).await;
        }
    }
}

/// What may be wrong with a store, and what the suite says of it.
const FAULTS: [(Fault, &str); 13] = [
    (Fault::None, ""),
    (Fault::MixesBreakers, "each breaker has votes of its own"),
    (Fault::MixesMembers, "votes add up"),
    (Fault::VotesNeverEnd, "has not ended"),
    (Fault::ForgetsToTakeBack, "what was taken back"),
    (Fault::CountsOldVotes, "an old vote is there"),
    (Fault::CountsNobody, "who reads is there"),
    (Fault::KeepsTheVoteOfWhoLeaves, "takes its vote along"),
    (Fault::RepeatsVersions, "each order is later"),
    (Fault::LearnsNothing, "and the others learn it"),
    (Fault::BelievesOldOrders, "an older order changes nothing"),
    (Fault::TellsNobody, "what changes is told"),
    (Fault::AsksOnce, "it is asked now and then"),
];

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Fault {
    None,
    MixesBreakers,
    MixesMembers,
    VotesNeverEnd,
    ForgetsToTakeBack,
    CountsOldVotes,
    CountsNobody,
    KeepsTheVoteOfWhoLeaves,
    RepeatsVersions,
    LearnsNothing,
    BelievesOldOrders,
    TellsNobody,
    AsksOnce,
}

/// A memory with a fault.
#[derive(Clone, Debug)]
struct Faulty {
    fault: Fault,
    votes: MemoryVotes,
}

const LONG: Duration = Duration::from_secs(3_600);

impl Faulty {
    fn is(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    fn breaker<'a>(&self, name: &'a str) -> &'a str {
        if self.is(Fault::MixesBreakers) { "all" } else { name }
    }

    fn member(&self, member: Key) -> Key {
        if self.is(Fault::MixesMembers) { Key::from_bytes([7; 16]) } else { member }
    }

    fn asked<'a>(&self, asked: &Asked<'a>) -> Asked<'a> {
        let mut changed = Asked::about(self.breaker(asked.breaker()));
        if let Some(age) = asked.age().filter(|_| !self.is(Fault::CountsOldVotes)) {
            changed = changed.newer_than(age);
        }
        match asked.known().filter(|_| !self.is(Fault::LearnsNothing)) {
            Some(order) => changed.knowing(order),
            None => changed,
        }
    }

    fn tally(&self, asked: &Asked<'_>, tally: Tally) -> Tally {
        let members = if self.is(Fault::CountsNobody) { 0 } else { tally.members() };
        let changed = Tally::new(members, tally.votes()).voted(tally.has_voted());
        let known = asked.known().filter(|_| self.fault == Fault::LearnsNothing);
        let order = known.or(tally.order()).map(|order| match self.fault {
            Fault::BelievesOldOrders => asked.known().unwrap_or(order),
            _ => order,
        });
        order.map_or(changed, |order| changed.ordered(order))
    }
}

impl Votes for Faulty {
    type Error = BuildError;
    type Watch = MemoryWatch;

    async fn vote(&self, breaker: &str, member: Key, lasts: Duration) -> Result<(), BuildError> {
        let lasts = if self.is(Fault::VotesNeverEnd) { LONG } else { lasts };
        self.votes.vote(self.breaker(breaker), self.member(member), lasts).await
    }

    async fn withdraw(&self, breaker: &str, member: Key) -> Result<(), BuildError> {
        if self.is(Fault::ForgetsToTakeBack) {
            return Ok(());
        }
        self.votes.withdraw(self.breaker(breaker), self.member(member)).await
    }

    async fn leave(&self, breaker: &str, member: Key) -> Result<(), BuildError> {
        self.votes.leave(self.breaker(breaker), self.member(member)).await?;
        if self.is(Fault::KeepsTheVoteOfWhoLeaves) {
            self.vote(breaker, member, LONG).await?;
        }
        Ok(())
    }

    async fn read(&self, member: Key, asked: &[Asked<'_>]) -> Result<Vec<Tally>, BuildError> {
        let changed: Vec<_> = asked.iter().map(|asked| self.asked(asked)).collect();
        let tallies = self.votes.read(self.member(member), &changed).await?;
        Ok(asked.iter().zip(tallies).map(|(asked, tally)| self.tally(asked, tally)).collect())
    }

    async fn force(&self, breaker: &str, force: Force) -> Result<Order, BuildError> {
        let order = self.votes.force(self.breaker(breaker), force).await?;
        Ok(if self.is(Fault::RepeatsVersions) { Order::new(1, force) } else { order })
    }

    fn watch<Q, F>(&self, every: Duration, mut question: Q) -> Result<MemoryWatch, BuildError>
    where
        Q: FnMut() -> F + Send + 'static,
        F: Future<Output = Result<(), BuildError>> + Send + 'static,
    {
        let deaf = MemoryVotes::new();
        match self.fault {
            Fault::TellsNobody => {
                // As long as the question lives: a store that nobody has tells nothing more.
                let kept = deaf.clone();
                deaf.watch(every, move || {
                    let _ = &kept;
                    question()
                })
            }
            Fault::AsksOnce => self.votes.watch(LONG, question),
            _ => self.votes.watch(every, question),
        }
    }
}

#[test]
fn the_suite_sees_what_is_wrong() {
    for (fault, expected) in FAULTS {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let suite = conformance::votes(async || Faulty { fault, votes: MemoryVotes::new() });
        let seen = catch_unwind(AssertUnwindSafe(|| runtime.block_on(suite)));
        let said = seen.err().map(|panic| match panic.downcast::<String>() {
            Ok(said) => *said,
            Err(panic) => (*panic.downcast::<&str>().unwrap()).to_owned(),
        });
        match said {
            None => assert_eq!(fault, Fault::None),
            Some(said) => {
                assert!(said.contains(expected) && !expected.is_empty(), "{fault:?}: {said}");
            }
        }
    }
}
