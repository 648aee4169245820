//! A script that counts how often it ran, and handles that are tuned for tests.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use buttress_core::clock::{Clock, SystemClock, Timer, TokioTimer};
use buttress_redis::{Redis, RedisBuilder, RedisError, Script};
use buttress_testkit::redis::{Reply, Server};
use buttress_testkit::until::until;
use tokio::task::JoinSet;

/// Adds a number to what stands there.
pub(crate) static ADD: Script =
    Script::new("add", 1, "return redis.call('INCRBY', KEYS[1], ARGV[1])");

/// The key of [`ADD`] for this tag.
pub(crate) fn key_of(tag: &str) -> String {
    format!("test:add:v1:{{{tag}}}")
}

pub(crate) fn builder(url: impl Into<String>) -> RedisBuilder {
    Redis::builder(url).prefix("test").response_timeout(Duration::from_millis(300))
}

/// One that is connected.
pub(crate) async fn connected(url: impl Into<String>) -> Redis {
    let redis = builder(url).build().unwrap();
    redis.connected().await.unwrap();
    redis
}

/// One that is connected to a fleet, which on a busy machine may be about to replace its master.
pub(crate) async fn joined(url: impl Into<String>) -> Redis {
    let redis = builder(url).build().unwrap();
    until("all are connected", async || redis.connected().await.ok()).await;
    redis
}

/// What [`ADD`] has added up, as the server knows it.
pub(crate) async fn sum(server: &Server, tag: &str) -> i64 {
    match server.command(["GET", &key_of(tag)]).await {
        Reply::Nil => 0,
        Reply::Bulk(bytes) => String::from_utf8(bytes).unwrap().parse().unwrap(),
        other => panic!("{other:?}"),
    }
}

/// Adds one.
pub(crate) async fn add(redis: &Redis) -> Result<i64, RedisError> {
    redis.run(&ADD, "t").arg(1_i64).send().await?.integer()
}

/// Asks until it is answered; the server is back, so that must be soon.
pub(crate) async fn is_back_soon(redis: &Redis) {
    let began = SystemClock.now();
    until("it comes back", async || add(redis).await.ok()).await;
    let took = SystemClock.now() - began;
    assert!(took < Duration::from_secs(2), "it took {took:?}");
}

/// Notes who was there: each call has a number of its own.
static NOTE: Script = Script::new("note", 1, "return redis.call('RPUSH', KEYS[1], ARGV[1])");

/// Callers who call as fast as they can, and note what they hear.
pub(crate) struct Crowd {
    callers: JoinSet<Heard>,
    served: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
}

/// What callers heard of their calls, by number.
#[derive(Default)]
pub(crate) struct Heard {
    served: Vec<u64>,
    refused: Vec<u64>,
}

impl Crowd {
    pub(crate) fn of(callers: u64, redis: &Redis, tag: &'static str) -> Self {
        let (served, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let calls = (0..callers).map(|caller| {
            let (redis, served, stop) = (redis.clone(), served.clone(), stop.clone());
            async move {
                let mut heard = Heard::default();
                for number in (caller..).step_by(usize::try_from(callers).unwrap()) {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    match redis.run(&NOTE, tag).arg(number).send().await {
                        Ok(_) => {
                            served.fetch_add(1, Ordering::Relaxed);
                            heard.served.push(number);
                        }
                        Err(error) if error.may_have_run() => {}
                        Err(_) => {
                            heard.refused.push(number);
                            // A server that is down is known to be at once: a thousand times a second is enough.
                            TokioTimer.sleep(Duration::from_millis(1)).await;
                        }
                    }
                }
                heard
            }
        });
        let callers = calls.collect();
        Self { callers, served, stop }
    }

    /// Waits until some more calls were answered.
    pub(crate) async fn is_served(&self) {
        let enough = self.served.load(Ordering::Relaxed) + 100;
        let more = async || (self.served.load(Ordering::Relaxed) >= enough).then_some(());
        until("they are served", more).await;
    }

    pub(crate) async fn is_served_within(&self, bound: Duration) {
        let began = SystemClock.now();
        self.is_served().await;
        let took = SystemClock.now() - began;
        assert!(took < bound, "it took {took:?}");
    }

    /// Lets them stop, and gathers what they heard.
    pub(crate) async fn settle(self) -> Heard {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Heard::default();
        for heard in self.callers.join_all().await {
            all.served.extend(heard.served);
            all.refused.extend(heard.refused);
        }
        all
    }
}

impl Heard {
    /// What `server` knows was done once, and nothing of it was refused. Tells which of those that were answered are
    /// missing: a replica takes over without what it had not copied.
    pub(crate) async fn agree_with(self, server: &Server, tag: &str) -> Vec<u64> {
        let key = format!("test:note:v1:{{{tag}}}");
        let notes = server.command(["LRANGE", &key, "0", "-1"]).await.accepted();
        let mut ran: Vec<_> =
            notes.items().iter().map(|note| note.integer().cast_unsigned()).collect();
        let count = ran.len();
        ran.sort_unstable();
        ran.dedup();
        assert_eq!(ran.len(), count, "some ran twice");
        let ran: HashSet<_> = ran.into_iter().collect();
        assert!(!self.refused.iter().any(|number| ran.contains(number)), "a refusal was none");
        self.served.into_iter().filter(|number| !ran.contains(number)).collect()
    }
}
