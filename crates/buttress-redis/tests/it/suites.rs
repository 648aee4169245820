//! One suite for every engine, which sees what is wrong with a broken one.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use buttress_core::Key;
use buttress_core::clock::{Clock, Moment, SystemClock, TokioClock};
use buttress_core::sync::Lock;
use buttress_redis::conformance;
use buttress_redis::engine::{Answered, Degrade, Fallback, Step};
use buttress_redis::store::{
    Counted, CounterStore, Counters, MemoryCounters, RedisCounters, Window,
};
use buttress_testkit::redis::{Engine, Server};

use crate::support::connected;

#[tokio::test]
async fn counters_in_memory() {
    conformance::counters(async || MemoryCounters::new()).await;
    conformance::counters(async || MemoryCounters::with_clock(1, TokioClock::new())).await;
    conformance::counters(async || Counters::from(MemoryCounters::new())).await;
}

#[tokio::test]
async fn counters_in_redis() {
    for engine in Engine::all() {
        let server = Server::builder().engine(engine).start().await;
        let make = async || {
            let redis = connected(server.url()).await;
            RedisCounters::new(
                Fallback::new(redis, "t", Degrade::Deny),
                MemoryCounters::with_capacity(8),
            )
        };
        conformance::counters(make).await;
        conformance::counters(async || Counters::from(make().await)).await;
    }
}

/// Two processes of a fleet.
#[tokio::test]
async fn handles_count_together() {
    let server = Server::start().await;
    let window = Window::new(Duration::from_secs(60)).unwrap();
    for total in 1..=3 {
        let fallback = Fallback::new(connected(server.url()).await, "t", Degrade::Deny);
        let counters = RedisCounters::new(fallback, MemoryCounters::with_capacity(8));
        let counted = counters.count(Key::from_bytes([7; 16]), 1, window).await;
        assert_eq!(counted.value().unwrap().total(), total);
    }
}

/// What may be wrong with a store, and what the suite says of it.
const FAULTS: [(Fault, &str); 8] = [
    (Fault::None, ""),
    (Fault::MixesKeys, "a key of its own"),
    (Fault::LookingCounts, "looking begins none"),
    (Fault::CountsMoveTheEnd, "no longer one"),
    (Fault::LengthBeginsAnew, "it is the same window"),
    (Fault::GoesBeyondTheEnd, "after 1 more"),
    (Fault::ReadsThenWrites, "each total once"),
    (Fault::DoesNotAnswer, "the store does not answer"),
];

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Fault {
    None,
    MixesKeys,
    LookingCounts,
    CountsMoveTheEnd,
    LengthBeginsAnew,
    GoesBeyondTheEnd,
    ReadsThenWrites,
    DoesNotAnswer,
}

/// Its first length, its end, its total.
type Records = HashMap<Key, (Window, Moment, u64)>;

/// A store of its own, with a fault.
#[derive(Clone)]
struct Faulty {
    fault: Fault,
    counters: Arc<Lock<Records>>,
}

impl Faulty {
    async fn answer(self, key: Key, by: u64, window: Window) -> Answered<Counted> {
        let is = |fault| self.fault == fault;
        let now = SystemClock.now();
        let fresh = now + window.length();
        let key = if is(Fault::MixesKeys) { Key::from_bytes([0; 16]) } else { key };
        let by = if is(Fault::LookingCounts) { by.max(1) } else { by };
        let stands = self.counters.lock().get(&key).copied();
        if is(Fault::ReadsThenWrites) {
            tokio::task::yield_now().await;
        }
        let running = stands.filter(|(length, until, _)| {
            *until > now && (!is(Fault::LengthBeginsAnew) || *length == window)
        });
        if is(Fault::DoesNotAnswer) {
            return Answered::Allow;
        }
        let (length, mut until, total) = running.unwrap_or((window, fresh, 0));
        if is(Fault::CountsMoveTheEnd) {
            until = fresh;
        }
        let most = if is(Fault::GoesBeyondTheEnd) { u64::MAX } else { Counted::MOST };
        let total = total.saturating_add(by).min(most);
        if by > 0 {
            self.counters.lock().insert(key, (length, until, total));
        }
        Answered::Store(Counted::new(total, if total > 0 { until - now } else { Duration::ZERO }))
    }
}

impl CounterStore for Faulty {
    type Wait = Pin<Box<dyn Future<Output = Answered<Counted>> + Send>>;

    fn count(&self, key: Key, by: u64, window: Window) -> Step<Answered<Counted>, Self::Wait> {
        Step::Later(Box::pin(self.clone().answer(key, by, window)))
    }
}

#[test]
fn the_suite_sees_what_is_wrong() {
    for (fault, expected) in FAULTS {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let suite = conformance::counters(async || Faulty { fault, counters: Arc::default() });
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
