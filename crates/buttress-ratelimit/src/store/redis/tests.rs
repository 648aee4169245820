//! What Redis decides is what memory decides at the same time: so the scripts have the properties that are proved of
//! the algorithms.

mod schedule;

use std::sync::Arc;
use std::time::Duration;

use buttress_core::Keyer;
use buttress_core::clock::{Clock, ManualClock, Moment, Timer, TokioTimer};
use buttress_core::engine::{Degrade, Step};
use buttress_core::metrics::Metrics;
use buttress_testkit::redis::{Engine, Server};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, TestRunner};

use self::schedule::{Act, Asked, others, quotas, schedule};
use super::RedisStore;
use super::script::Operation;
use super::state::State;
use crate::store::{LimitStore, Memory, Terms};
use crate::{Charge, Charges, Limit, Limits, Quota, Retry, Standing, Verdict};

fn limits(quotas: &[Quota; 8]) -> Limits {
    quotas.iter().map(|quota| quota.check().unwrap()).collect()
}

fn charges(asked: &[Asked], keyer: &Keyer) -> Charges {
    let mut charges = Charges::new();
    for (policy, key, cost, optional) in asked {
        let charge = Charge::new(*policy, keyer.key_of([[*key]]), *cost);
        assert!(charges.push(if *optional { charge.optional() } else { charge }));
    }
    charges
}

/// Redis and memory side by side. Memory is told the time at which Redis had decided.
struct Both {
    redis: RedisStore,
    memory: Memory,
    clock: ManualClock,
    limits: [Limits; 2],
    now: usize,
    taken: Vec<(Charges, Charges)>,
}

impl Both {
    fn new(redis: RedisStore) -> Self {
        let limits = [limits(&quotas()), limits(&others())];
        let terms = limits[0].all().iter().enumerate().map(|(at, limit): (usize, &Limit)| {
            Terms::new(at.to_string(), *limit).degrade(Degrade::Deny)
        });
        let terms: Vec<_> = terms.collect();
        let (clock, none) = (ManualClock::new(), Metrics::default());
        let redis = redis.remembered(0).bind(&terms, None, &none).unwrap();
        let memory = Memory::with_capacity(1_024).clock(clock.clone());
        let memory = memory.bind(&terms, None, &none).unwrap();
        Self { redis, memory, clock, limits, now: 0, taken: Vec::new() }
    }

    fn state(&self) -> &Arc<State> {
        self.redis.begun().unwrap()
    }

    async fn act(&mut self, act: &Act, keyer: &Keyer) {
        let limits = self.limits[self.now].clone();
        match act {
            Act::Take(asked) => {
                let charges = charges(asked, keyer);
                let theirs = self.asked(Operation::Take, &charges).await;
                self.taken(&charges, &theirs, act);
            }
            Act::Crowd(crowd) => {
                let crowd = crowd.iter().map(|asked| {
                    let charges = charges(asked, keyer);
                    let step = self.state().ask(Operation::Take, &limits, &charges, Moment::FIRST);
                    // One thread runs them in turn, so they ask in turn.
                    (charges, tokio::spawn(verdict(step)))
                });
                for (charges, theirs) in crowd.collect::<Vec<_>>() {
                    let theirs = theirs.await.unwrap();
                    self.set(&theirs);
                    self.taken(&charges, &theirs, act);
                }
            }
            Act::Look(asked) => {
                let charges = charges(asked, keyer);
                let theirs = self.asked(Operation::Look, &charges).await;
                same(&theirs, &ours(self.memory.look(&limits, &charges)), act);
            }
            Act::Count(asked) => {
                let charges = charges(asked, keyer);
                let _ = self.asked(Operation::Count, &charges).await;
                self.memory.count(&limits, &charges);
            }
            Act::GiveBack(which) => {
                if self.taken.is_empty() {
                    return;
                }
                let (there, here) = self.taken.swap_remove(which.index(self.taken.len()));
                if let Some(ask) = self.state().back(&limits, &there) {
                    let verdict = verdict(self.state().send(ask)).await;
                    self.set(&verdict);
                    self.memory.give_back(&limits, &here);
                }
            }
            Act::Forget(asked) => {
                let charges = charges(asked, keyer);
                let theirs = self.asked(Operation::Forget, &charges).await;
                let ours = ours(self.memory.forget(&limits, &charges));
                assert_eq!(theirs.standings(), ours.standings(), "{act:?}");
            }
            Act::Change => self.now = 1 - self.now,
            Act::Wait(millis) => TokioTimer.sleep(Duration::from_millis(*millis)).await,
        }
    }

    /// What Redis decided memory decides, too.
    fn taken(&mut self, charges: &Charges, theirs: &Verdict, act: &Act) {
        let ours = ours(self.memory.take(&self.limits[self.now], charges));
        same(theirs, &ours, act);
        if theirs.is_taken() {
            let (mut there, mut here) = (*charges, *charges);
            there.stamp(theirs);
            here.stamp(&ours);
            self.taken.push((there, here));
        }
    }

    async fn asked(&self, operation: Operation, charges: &Charges) -> Verdict {
        let (state, limits) = (self.state(), &self.limits[self.now]);
        let verdict = verdict(state.ask(operation, limits, charges, Moment::FIRST)).await;
        self.set(&verdict);
        verdict
    }

    fn set(&self, verdict: &Verdict) {
        let now = Moment::from_nanos(verdict.decided_at());
        self.clock.advance(now - self.clock.now());
    }
}

async fn verdict(step: super::state::Asked) -> Verdict {
    let verdict = step.await;
    assert!(verdict.decided_at() < u64::MAX, "Redis decides: {verdict:?}");
    verdict
}

fn ours(step: Step<Verdict, buttress_core::stage::Never>) -> Verdict {
    let Step::Now(verdict) = step;
    verdict
}

fn same(theirs: &Verdict, ours: &Verdict, act: &Act) {
    let missed = |verdict: &Verdict| (0..8).map(|at| verdict.is_missed(at)).collect::<Vec<_>>();
    let standings: Vec<Standing> = ours.standings().to_vec();
    assert_eq!(theirs.standings(), standings, "{act:?}");
    assert_eq!(theirs.refusal(), ours.refusal().map(whole), "{act:?}");
    assert_eq!(missed(theirs), missed(ours), "{act:?}");
    if ours.is_taken() {
        assert_eq!(theirs.delay(), ours.delay(), "{act:?}");
    }
}

/// Redis has no finer time than microseconds.
fn whole((at, retry): (u8, Retry)) -> (u8, Retry) {
    match retry {
        Retry::After(time) => {
            let micros = u64::try_from(time.as_nanos()).unwrap().div_ceil(1_000);
            (at, Retry::After(Duration::from_micros(micros)))
        }
        retry => (at, retry),
    }
}

#[test]
fn what_redis_decides_memory_decides() {
    for engine in Engine::all() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let server = runtime.block_on(Server::builder().engine(engine).start());
        let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
        runtime.block_on(async {
            let redis = buttress_redis::Redis::builder(server.url());
            let redis = redis.response_timeout(Duration::from_secs(5)).build().unwrap();
            redis.connected().await.unwrap();
            for _ in 0..24 {
                let schedule = schedule().new_tree(&mut runner).unwrap().current();
                let store = RedisStore::new(redis.clone()).within(Duration::from_secs(5));
                let (mut both, keyer) = (Both::new(store), Keyer::random());
                // Who has to bring a script is answered later than those who come after.
                for policies in [&[0][..], &[3], &[4], &[5], &[6], &[3, 4]] {
                    let asked = policies.iter().map(|policy| (*policy, 0, 0, false));
                    both.act(&Act::Look(asked.collect()), &keyer).await;
                }
                for act in &schedule {
                    both.act(act, &keyer).await;
                }
            }
        });
        drop(server);
    }
}

/// Whatever a script answers that it should not is no decision.
#[tokio::test]
async fn wrong_answers_are_none() {
    // Of the right shape are three numbers in one string.
    const WRONG: [&str; 15] = [
        "1",
        "'0'",
        "''",
        "{}",
        "{ 0, 1, 2 }",
        "{ struct.pack('>i8i8i8', 0, 1, 2) }",
        "struct.pack('>i8i8', 0, 1)",
        "struct.pack('>i8i8i8i8', 0, 1, 2, 3)",
        "struct.pack('>i8i8i8i4', 0, 1, 2, 3)",
        "struct.pack('>i8i8i8', 0, 1, -2)",
        "struct.pack('>i8i8i8', 0, -1, 2)",
        "struct.pack('>i8i8i8', -2, 1, 2)",
        "struct.pack('>i8i8i8', 2, 1, 2)",
        "struct.pack('>i8i8i8', 512, 1, 2)",
        "struct.pack('>i8i8i8', 65536, 1, 2)",
    ];
    let server = Server::start().await;
    let redis = buttress_redis::Redis::builder(server.url()).build().unwrap();
    redis.connected().await.unwrap();
    let limits: Limits = [Quota::per_hour(5).check().unwrap()].into_iter().collect();
    let charges = {
        let mut charges = Charges::new();
        charges.push(Charge::new(0, Keyer::random().key_of(["x"]), 1));
        charges
    };
    let read = async |answer: &str| {
        let source: &'static str = Box::leak(format!("return {answer}").into_boxed_str());
        let script: &'static _ = Box::leak(Box::new(buttress_redis::Script::new("t", 1, source)));
        let reply = redis.run(script, "t").send().await.unwrap();
        super::reading::read(&reply, 1, Operation::Take, &limits, &charges)
    };
    for answer in WRONG {
        assert!(read(answer).await.is_err(), "{answer}");
    }
    let right = read("struct.pack('>i8i8i8', 256, 1, 2)").await.unwrap();
    assert_eq!((right.verdict.is_taken(), right.leased), (true, 1));
    let refused = read("struct.pack('>i8i8i8', -1, 1, 3600000000000)").await.unwrap().verdict;
    assert_eq!(refused.refusal(), Some((0, Retry::After(Duration::from_secs(720)))));
}
