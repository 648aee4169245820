use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use buttress_core::clock::{Clock, Moment, SystemClock};
use buttress_core::metrics::Metrics;
use buttress_redis::Redis;
use buttress_testkit::page::Page;
use buttress_testkit::redis::Server;
use buttress_testkit::until::until;
use tokio::runtime::Handle;

use super::callers::{Crowd, How, KEYS, rush};
use super::chance::Chance;
use super::ledger::{Heard, Ledger, Tally};
use super::news::News;
use super::{SOON, TIMEOUT, pause};

/// Servers that can be broken.
pub(crate) trait Fleet: Sized {
    type Fault: Debug;

    /// Whether all that is published reaches whoever listens there.
    const TELLS_ALL: bool;

    async fn start() -> Self;

    /// What the handle is given.
    fn url(&self) -> String;

    /// All that may run scripts.
    fn servers(&self) -> Vec<&Server>;

    /// What is to break next, and how.
    fn fault(chance: &mut Chance) -> Self::Fault;

    async fn strike(&self, fault: &Self::Fault);

    /// Ends the fault, or waits until the fleet has got over it.
    async fn mend(&self, fault: &Self::Fault);

    /// Waits until each key has a server, as all of them say, and returns who that is.
    async fn reachable(&self) -> String;

    /// Waits until it can stand another fault.
    async fn whole(&self);

    /// Whether no connection of ours is left.
    async fn is_left(&self) -> bool;
}

/// Some faults in a row, with one handle.
pub(crate) struct Leg {
    pub(crate) seed: u64,
    pub(crate) rounds: usize,
    pub(crate) ends: Moment,
    pub(crate) callers: u64,
    /// How many call at once, now and then.
    pub(crate) rush: u64,
}

impl Leg {
    pub(crate) async fn run<F: Fleet>(&self) -> Tally {
        println!("seed {}", self.seed);
        let fleet = F::start().await;
        fleet.whole().await;
        let (page, ledger) = (Page::default(), Arc::new(Ledger::default()));
        let tasks = || Handle::current().metrics().num_alive_tasks();
        let before = tasks();
        let redis = Redis::builder(fleet.url()).prefix("storm").response_timeout(TIMEOUT);
        let redis = redis.metrics(&Metrics::new(page.clone())).build().unwrap();
        until("it is connected", async || redis.connected().await.ok()).await;
        let crowd = Crowd::of(self.callers, &redis, &ledger, self.seed);
        let news = News::of(&redis, &ledger, F::TELLS_ALL);
        let mut scene = Scene { fleet, redis, ledger, news, slowest: Duration::ZERO };
        scene.play(self).await;
        crowd.settle().await;
        let Scene { fleet, redis, ledger, news, slowest } = scene;
        news.settle().await;
        assert_eq!(page.of("buttress_redis_in_flight"), Some(0.0));
        drop(redis);
        until("the tasks end", async || (tasks() <= before).then_some(())).await;
        until("the connections end", async || fleet.is_left().await.then_some(())).await;
        let (tally, latest) = (ledger.agree_with(&fleet.servers()), ledger.latest());
        println!("{tally:?}; {latest:?} after a deadline, {slowest:?} until all was well, at most");
        tally
    }
}

struct Scene<F> {
    fleet: F,
    redis: Redis,
    ledger: Arc<Ledger>,
    news: News,
    /// How long it took at most until all was well again.
    slowest: Duration,
}

impl<F: Fleet> Scene<F> {
    async fn play(&mut self, leg: &Leg) {
        let mut chance = Chance::new(leg.seed);
        for round in 0..leg.rounds {
            if SystemClock.now() >= leg.ends {
                break;
            }
            self.ledger.begin(round);
            let (fault, holds) = (F::fault(&mut chance), chance.millis(50..1_500));
            let (calm, rushes) = (chance.millis(0..500), chance.one_in(8));
            println!("{round}: {fault:?} for {holds:?}{}", if rushes { ", a rush" } else { "" });
            self.fleet.strike(&fault).await;
            pause(holds).await;
            if rushes {
                rush(leg.rush, &self.redis, &self.ledger).await;
            }
            self.fleet.mend(&fault).await;
            self.slowest = self.slowest.max(self.resumes().await);
            self.ledger.assert_right();
            self.fleet.whole().await;
            pause(calm).await;
        }
    }

    /// Waits until all is well, and returns how long that took. If it takes too long, the servers must have changed
    /// their minds.
    async fn resumes(&self) -> Duration {
        let mut who = self.fleet.reachable().await;
        loop {
            let (began, news) = (SystemClock.now(), self.news.next());
            let took = || SystemClock.now() - began;
            let bound = || SOON + self.ledger.stalled(began, SystemClock.now());
            while took() <= bound() {
                if self.all_served().await && self.news.is_heard(news) {
                    return took();
                }
                pause(Duration::from_millis(5)).await;
            }
            self.ledger.assert_right();
            let (heard, now) = (self.news.is_heard(news), self.fleet.reachable().await);
            assert_ne!(who, now, "not all are served {:?} later; news are: {heard}", took());
            who = now;
        }
    }

    /// Stops at the first key that is not served, so that others do not hide it.
    async fn all_served(&self) -> bool {
        for key in 0..KEYS {
            let how = How { key, within: TIMEOUT, stays: None };
            if self.ledger.call(&self.redis, how).await != Heard::Done {
                return false;
            }
        }
        true
    }
}
