//! The counter store: its script alone, and memory and Redis beside each other.

use std::num::NonZeroUsize;
use std::time::Duration;

use buttress_core::clock::{Clock, ManualClock, SystemClock};
use buttress_core::{Key, Keyer};
use buttress_redis::engine::{Answered, Degrade, Fallback};
use buttress_redis::store::{Counted, CounterStore, MemoryCounters, RedisCounters, Window};
use buttress_testkit::redis::{Engine, Reply, Server};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::support::connected;

const COUNT: &str = include_str!("../../src/store/count.lua");
const MOST: u64 = Counted::MOST;

pub(crate) fn seconds(seconds: u64) -> Window {
    Window::new(Duration::from_secs(seconds)).unwrap()
}

async fn in_redis(server: &Server) -> RedisCounters {
    let fallback = Fallback::new(connected(server.url()).await, "counters", Degrade::Deny);
    RedisCounters::new(fallback, MemoryCounters::with_capacity(8))
}

async fn eval(server: &Server, by: u64, window: u64) -> Reply {
    let (by, window) = (by.to_string(), window.to_string());
    server.command(["EVAL", COUNT, "1", "k", &by, &window]).await
}

fn numbers(reply: Reply) -> (i64, i64) {
    match reply {
        Reply::Array(parts) => match &parts[..] {
            [Reply::Integer(total), Reply::Integer(left)] => (*total, *left),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_script_alone() {
    for engine in Engine::all() {
        let server = Server::builder().engine(engine).start().await;
        assert_eq!(numbers(eval(&server, 0, 60_000).await), (0, 0));
        assert_eq!(
            server.command(["EXISTS", "k"]).await,
            Reply::Integer(0),
            "looking writes nothing"
        );

        assert_eq!(numbers(eval(&server, 5, 60_000).await), (5, 60_000));
        let (total, left) = numbers(eval(&server, 2, 1).await);
        assert!(total == 7 && (1..=60_000).contains(&left), "{total} {left}");
        let record = server.command(["GET", "k"]).await.text();
        let parts: Vec<_> = record.split(' ').collect();
        let [version, until, total] = parts[..] else { panic!("{record}") };
        assert_eq!((version, total), ("1", "7"));
        let Reply::Integer(left) = server.command(["PTTL", "k"]).await else { panic!() };
        let until: i64 = until.parse().unwrap();
        let ends = i64::try_from(SystemClock.wall().as_millis()).unwrap() + left;
        assert!((until - ends).abs() < 5_000, "{until} {ends}");
    }
}

/// A record that another release wrote is left as it is; one that is over and still stands is nobody's.
#[tokio::test]
async fn the_script_and_odd_records() {
    for engine in Engine::all() {
        let server = Server::builder().engine(engine).start().await;
        for record in ["2 99999999999999 7", "", "1 7", "1 -5 7", "1 99999999999999 7 8", "x"] {
            let _ = server.command(["SET", "k", record]).await;
            for by in [0, 1] {
                let refused = eval(&server, by, 1_000).await;
                assert!(
                    refused.is_error() && refused.text().contains("RECORD"),
                    "{record}: {refused:?}"
                );
            }
            assert_eq!(server.command(["GET", "k"]).await.text(), record);
        }
        let _ = server.command(["SET", "k", "1 1700000000000 7"]).await;
        assert_eq!(numbers(eval(&server, 0, 1_000).await), (0, 0));
        assert_eq!(numbers(eval(&server, 3, 1_000).await), (3, 1_000));
    }
}

#[tokio::test]
async fn the_script_counts_exactly_to_the_end_of_numbers() {
    for engine in Engine::all() {
        let server = Server::builder().engine(engine).start().await;
        let most = i64::try_from(MOST).unwrap();
        for (by, total) in
            [(MOST - 3, most - 3), (1, most - 2), (1, most - 1), (1, most), (MOST, most)]
        {
            assert_eq!(numbers(eval(&server, by, 60_000).await).0, total);
            let record = server.command(["GET", "k"]).await.text();
            assert!(record.ends_with(&format!(" {total}")), "{record}");
        }
    }
}

#[tokio::test]
async fn its_key_has_the_version_and_no_secret() {
    let server = Server::start().await;
    let counters = in_redis(&server).await;
    let key = Key::from_bytes([7; 16]);
    let _ = counters.count(key, 1, seconds(60)).await;
    let name = format!("test:count:v1:{{{}}}", "07".repeat(16));
    assert_eq!(server.command(["EXISTS", &name]).await, Reply::Integer(1));
    let _ = server.command(["SET", &name, "2 99999999999999 7"]).await;
    let answer = counters.count(key, 1, seconds(60)).await;
    assert_eq!(answer, Answered::Deny, "what it cannot read is no answer");
}

/// The same questions, the same totals: whatever is counted for whom, within one window.
#[test]
fn memory_and_redis_agree() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for engine in Engine::all() {
        let (server, counters) = runtime.block_on(async {
            let server = Server::builder().engine(engine).start().await;
            let counters = in_redis(&server).await;
            (server, counters)
        });
        let by = prop_oneof![8 => 0_u64..100, 1 => MOST - 100..MOST + 100, 1 => any::<u64>()];
        let steps = prop::collection::vec((0_u8..6, by), 1..60);
        let mut runner =
            TestRunner::new(Config { cases: 32, failure_persistence: None, ..Config::default() });
        let run = runner.run(&steps, |steps| {
            let (memory, keyer) = (MemoryCounters::new(), Keyer::random());
            runtime.block_on(async {
                for (of, by) in steps {
                    let key = keyer.key_of([[of]]);
                    let ours = memory.count(key, by, seconds(600));
                    let theirs = counters.count(key, by, seconds(600)).await.value();
                    prop_assert_eq!(theirs.map(Counted::total), Some(ours.total()));
                    prop_assert_eq!(
                        theirs.is_none_or(|all| all.ends_in().is_zero()),
                        ours.ends_in().is_zero()
                    );
                }
                Ok(())
            })
        });
        run.unwrap();
        drop(server);
    }
}

#[test]
fn memory_goes_by_its_clock() {
    let clock = ManualClock::new();
    let memory = MemoryCounters::with_clock(100, clock.clone());
    let key = Key::from_bytes([7; 16]);
    assert_eq!(memory.count(key, 3, seconds(10)).ends_in(), Duration::from_secs(10));
    clock.advance(Duration::from_millis(9_999));
    let counted = memory.clone().count(key, 1, seconds(10));
    assert_eq!((counted.total(), counted.ends_in()), (4, Duration::from_millis(1)));
    clock.advance(Duration::from_millis(1));
    assert_eq!(memory.count(key, 1, seconds(10)).total(), 1);
}

/// A million strangers take no more room than there was, and what was counted much is still known.
#[test]
fn memory_is_bounded() {
    let memory = MemoryCounters::with_capacity(1_000);
    assert_eq!(memory.capacity(), 1_000);
    let keyer = Keyer::random();
    let heavy = keyer.key_of(["heavy"]);
    let _ = memory.count(heavy, 1_000, seconds(3_600));
    let ((), asked) = buttress_testkit::allocations::of(|| {
        for stranger in 0..1_000_000_u64 {
            let _ = memory.count(keyer.writer().number(stranger).key(), 1, seconds(3_600));
        }
    });
    assert_eq!(asked.allocations(), 0);
    assert_eq!(memory.count(heavy, 0, seconds(1)).total(), 1_000);
}

/// The documentation's figure: a quarter full, about one key in a thousand is forgotten.
#[test]
fn memory_with_room_forgets_few() {
    let (memory, keyer) = (MemoryCounters::with_capacity(40_000), Keyer::random());
    let keys: Vec<_> = (0..10_000_u64).map(|of| keyer.writer().number(of).key()).collect();
    for key in &keys {
        let _ = memory.count(*key, 1, seconds(3_600));
    }
    let forgotten =
        keys.iter().filter(|key| memory.count(**key, 0, seconds(1)).total() == 0).count();
    assert!(forgotten < 30, "{forgotten}");
}

#[test]
fn all_places_are_used() {
    for counters in [0, 1, 8, 9, 65_536] {
        let memory = MemoryCounters::with_capacity(counters);
        let wanted = NonZeroUsize::new(counters.div_ceil(8)).map_or(8, |eights| eights.get() * 8);
        assert_eq!(memory.capacity(), wanted);
        assert_eq!(memory.count(Key::from_bytes([255; 16]), 1, seconds(1)).total(), 1);
        assert_eq!(memory.count(Key::from_bytes([0; 16]), 1, seconds(1)).total(), 1);
    }
}

#[test]
fn threads_lose_no_count() {
    let memory = MemoryCounters::with_capacity(8);
    let key = Key::from_bytes([7; 16]);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..10_000 {
                    let _ = memory.count(key, 1, seconds(3_600));
                }
            });
        }
    });
    assert_eq!(memory.count(key, 0, seconds(1)).total(), 40_000);
}
