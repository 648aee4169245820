//! State that must not be missed: asked for when told, and in any case now and then, by one at a time.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use buttress_core::clock::{Clock, SystemClock};
use buttress_redis::{Redis, RedisError, Watched};
use buttress_testkit::log::Log;
use buttress_testkit::proxy::Proxy;
use buttress_testkit::redis::Server;
use buttress_testkit::until::{until, within};
use tokio::sync::Mutex;

use crate::support::{ADD, builder, connected};

const LONG: Duration = Duration::from_secs(600);

/// How often was asked, how many ask at this moment, and how many ever did at once.
#[derive(Clone, Default)]
struct Asked {
    times: Arc<AtomicUsize>,
    now: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
    /// Held for as long as no answer is to come.
    held: Arc<Mutex<()>>,
}

impl Asked {
    fn times(&self) -> usize {
        self.times.load(SeqCst)
    }

    async fn until(&self, times: usize) {
        until("it is asked", async || (self.times() >= times).then_some(())).await;
    }

    fn watch(&self, redis: &Redis, every: Duration) -> Watched {
        let asked = self.clone();
        let question = move || {
            let Asked { times, now, most, held } = asked.clone();
            async move {
                most.fetch_max(now.fetch_add(1, SeqCst) + 1, SeqCst);
                times.fetch_add(1, SeqCst);
                drop(held.lock().await);
                now.fetch_sub(1, SeqCst);
                Ok::<_, RedisError>(())
            }
        };
        redis.watch(["state"], every, question).unwrap()
    }
}

#[tokio::test]
async fn it_asks_at_the_start_when_told_and_after_a_gap() {
    let server = Server::start().await;
    let proxy = Proxy::to(server.address()).await;
    let teller = connected(server.url()).await;
    let redis = builder(server.url_at(proxy.address())).build().unwrap();
    let asked = Asked::default();
    let watched = asked.watch(&redis, LONG);
    // At the start, and once it listens; or at once, if it listens soon enough.
    until("it listens", async || {
        let before = asked.times();
        teller.publish("state", "changed").await.unwrap();
        let told = async || (asked.times() > before).then_some(());
        within(Duration::from_millis(100), told).await
    })
    .await;
    until("the answer is there", async || watched.age().map(drop)).await;
    let before = asked.times();
    proxy.cut_all();
    asked.until(before + 1).await;
}

/// Nobody says anything, or what is said is heard by nobody: the state is asked for all the same.
#[tokio::test]
async fn a_silent_channel_costs_time_and_nothing_else() {
    let server = Server::builder().user("mute", "x", "~* resetchannels +@all").start().await;
    let mute = connected(server.url()).await;
    let log = Log::of("buttress");
    let guard = log.listen();
    let (asked, every) = (Asked::default(), Duration::from_millis(200));
    let watched = asked.watch(&mute, every);
    let began = SystemClock.now();
    asked.until(6).await;
    let took = SystemClock.now() - began;
    assert!(took >= every * 5 * 3 / 4, "it is not asked all the time: {took:?}");
    assert!(watched.age().unwrap() <= SystemClock.now() - began);
    drop(guard);
    let lines = log.take();
    let refused = |line: &String| line.contains("nothing is heard") && line.contains("permissions");
    assert!(lines.iter().any(refused), "{lines:#?}");
}

#[tokio::test]
async fn the_server_of_the_messages_may_be_gone_altogether() {
    let (server, gone) = (Server::start().await, Server::start().await);
    let state = connected(server.url()).await;
    gone.kill();
    let redis = builder(gone.url()).build().unwrap();
    let (seen, every) = (Arc::new(AtomicUsize::new(0)), Duration::from_millis(100));
    let question = {
        let (state, seen) = (state.clone(), seen.clone());
        move || {
            let (state, seen) = (state.clone(), seen.clone());
            async move {
                let now = state.run(&ADD, "t").arg(0_i64).send().await?.integer()?;
                seen.store(usize::try_from(now).unwrap(), SeqCst);
                Ok::<_, RedisError>(())
            }
        }
    };
    let _watched = redis.watch(["state"], every, question).unwrap();
    let _ = state.run(&ADD, "t").arg(7_i64).send().await.unwrap();
    until("it is seen", async || (seen.load(SeqCst) == 7).then_some(())).await;
}

/// However much is told while it asks, it asks once more; and never twice at a time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_is_one_question_more() {
    let server = Server::start().await;
    let redis = connected(server.url()).await;
    let asked = Asked::default();
    let _watched = asked.watch(&redis, LONG);
    until("it listens", async || {
        let reply = server.command(["PUBSUB", "NUMSUB", "test:state"]).await;
        (reply.items()[1] == buttress_testkit::redis::Reply::Integer(1)).then_some(())
    })
    .await;
    let quiet = async || (asked.now.load(SeqCst) == 0 && asked.times() >= 2).then_some(());
    until("it is quiet", quiet).await;
    let held = asked.held.lock().await;
    redis.publish("state", "first").await.unwrap();
    let asking = async || (asked.now.load(SeqCst) == 1).then_some(());
    until("it asks", asking).await;
    let before = asked.times();
    for _ in 0..200 {
        redis.publish("state", "more").await.unwrap();
    }
    assert_eq!(asked.times(), before, "all of it was told during one question");
    drop(held);
    asked.until(before + 1).await;
    let more = async || (asked.times() > before + 1).then_some(());
    assert!(within(Duration::from_millis(700), more).await.is_none());
    assert_eq!(asked.most.load(SeqCst), 1);
}

/// An answer that fails, panics or never comes is asked for again, soon; and told once.
#[tokio::test]
async fn a_question_that_comes_to_nothing_is_asked_again() {
    let server = Server::start().await;
    let redis = connected(server.url()).await;
    let log = Log::of("buttress");
    let guard = log.listen();
    let (turns, alive) = (Arc::new(AtomicUsize::new(0)), Arc::new(()));
    let held = Arc::downgrade(&alive);
    let question = {
        let turns = turns.clone();
        move || {
            let (turn, held) = (turns.fetch_add(1, SeqCst), alive.clone());
            async move {
                match turn {
                    0 => Err("it failed"),
                    1 => panic!("it is broken"),
                    2 => std::future::pending().await,
                    _ => {
                        assert_eq!(Arc::strong_count(&held), 2, "the one before is gone");
                        Ok(())
                    }
                }
            }
        }
    };
    let watched = redis.watch(["state"], Duration::from_millis(400), question).unwrap();
    until("it is known", async || watched.age()).await;
    assert!(turns.load(SeqCst) >= 4);
    drop(watched);
    until("nobody asks any more", async || (held.strong_count() == 0).then_some(())).await;
    drop(guard);
    let lines = log.take();
    let told = lines.iter().filter(|line| line.contains("not known")).count();
    assert_eq!(told, 1, "{lines:#?}");
}
