//! A stage over any engine: what it waits for, what it has room for, and what it allocates.

use std::convert::Infallible;
use std::time::Duration;

use buttress_core::stage::{Decision, DecisionOf, Never, RequestHead, ResponseHead, Stage, Waited};
use buttress_core::{Code, Key, Problem};
use buttress_redis::engine::{Answered, Asking, Degrade, Fallback, Step, StepFuture};
use buttress_redis::store::{Counted, CounterStore, Counters, MemoryCounters, RedisCounters};
use buttress_testkit::redis::Server;
use buttress_testkit::{allocations, poll};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tower::{Layer, ServiceExt, service_fn};

use crate::counters::seconds;
use crate::support::connected;

struct Limit<S> {
    store: S,
    most: u64,
}

impl<S: CounterStore> Limit<S> {
    fn decide(&self, answer: Answered<Counted>) -> DecisionOf<Self> {
        match answer {
            Answered::Store(counted) | Answered::Local(counted) if counted.total() > self.most => {
                Decision::Refuse(Problem::new(Code::RATE_LIMITED), None)
            }
            Answered::Deny => Decision::Refuse(Problem::new(Code::UNAVAILABLE), None),
            Answered::Store(_) | Answered::Local(_) | Answered::Allow => Decision::Pass(()),
        }
    }
}

impl<S: CounterStore> Stage for Limit<S> {
    type Memo = ();
    type Wait = S::Wait;

    fn enter(&self, _: &mut dyn RequestHead) -> DecisionOf<Self> {
        match self.store.count(Key::from_bytes([7; 16]), 1, seconds(60)) {
            Step::Now(answer) => self.decide(answer),
            Step::Later(wait) => Decision::Wait(wait),
        }
    }

    fn resume(&self, waited: Waited<Self>, _: &mut dyn RequestHead) -> DecisionOf<Self> {
        self.decide(waited.into())
    }

    fn leave(&self, (): (), _: &mut dyn ResponseHead) {}
}

async fn statuses<S: CounterStore>(limit: Limit<S>) -> Vec<u16> {
    let app = service_fn(|_: Request<()>| async {
        Ok::<_, Infallible>(Response::new(Full::new(Bytes::new())))
    });
    let service = limit.layer().layer(app);
    let mut statuses = Vec::new();
    for _ in 0..3 {
        let response = service.clone().oneshot(Request::new(())).await.unwrap();
        statuses.push(response.status().as_u16());
    }
    statuses
}

fn redis_counters(redis: buttress_redis::Redis, degrade: Degrade) -> RedisCounters {
    RedisCounters::new(Fallback::new(redis, "t", degrade), MemoryCounters::with_capacity(8))
}

#[tokio::test]
async fn one_stage_over_every_engine() {
    let memory = Limit { store: MemoryCounters::new(), most: 2 };
    assert_eq!(statuses(memory).await, [200, 200, 429]);
    let memory = Limit { store: Counters::from(MemoryCounters::new()), most: 2 };
    assert_eq!(statuses(memory).await, [200, 200, 429]);

    let server = Server::start().await;
    let redis = redis_counters(connected(server.url()).await, Degrade::Deny);
    let first = redis.count(Key::from_bytes([8; 16]), 1, seconds(60));
    assert!(matches!(first, Step::Later(_)), "Redis is asked");
    let redis = Limit { store: Counters::from(redis), most: 2 };
    assert_eq!(statuses(redis).await, [200, 200, 429]);
}

/// Nobody listens there.
#[tokio::test]
async fn refused_as_the_settings_say() {
    let nowhere = || buttress_redis::Redis::builder("redis://127.0.0.1:1").build().unwrap();
    for (degrade, expected) in [
        (Degrade::Allow, [200, 200, 200]),
        (Degrade::Deny, [503, 503, 503]),
        (Degrade::Local, [200, 200, 429]),
    ] {
        let limit = Limit { store: redis_counters(nowhere(), degrade), most: 2 };
        assert_eq!(statuses(limit).await, expected, "{degrade}");
    }
}

#[test]
fn memory_has_no_room_for_a_wait() {
    fn never<T: Stage<Wait = Never>>() {}
    fn asking<T: Stage<Wait = Asking<Counted>>>() {}
    never::<Limit<MemoryCounters>>();
    asking::<Limit<Counters>>();
    asking::<Limit<RedisCounters>>();

    let answer = size_of::<Option<Answered<Counted>>>();
    assert_eq!(size_of::<Step<Answered<Counted>, Never>>(), size_of::<Answered<Counted>>());
    assert_eq!(size_of::<StepFuture<Answered<Counted>, Never>>(), answer);
    assert!(size_of::<Asking<Counted>>() <= 2 * size_of::<usize>());
}

#[test]
fn memory_allocates_nothing() {
    let memory = MemoryCounters::new();
    let engine = Counters::from(MemoryCounters::new());
    let limit = Limit { store: Counters::from(MemoryCounters::new()), most: 1 };
    let mut request = Request::new(());
    allocations::assert_exactly(0, || {
        for of in 0..100 {
            let key = Key::from_bytes([of; 16]);
            assert_eq!(memory.count(key, 1, seconds(60)).total(), 1);
            let answer = poll::assert_ready(engine.count(key, 1, seconds(60)).into_future());
            assert_eq!(answer.value().map(Counted::total), Some(1));
        }
        assert!(matches!(limit.enter(&mut request), Decision::Pass(())));
    });
}

#[tokio::test]
async fn what_redis_costs() {
    let server = Server::start().await;
    let counters = redis_counters(connected(server.url()).await, Degrade::Local);
    let key = Key::from_bytes([7; 16]);
    let _ = counters.count(key, 1, seconds(60)).await;
    let (step, asked) = allocations::of(|| counters.count(key, 1, seconds(60)));
    assert_eq!(asked.allocations(), 1, "the box of the wait");
    assert_eq!(step.await.value().map(Counted::total), Some(2));
}

/// Whoever never polls has asked nothing; whoever goes away loses nothing but the answer.
#[tokio::test]
async fn a_wait_may_be_dropped() {
    let server = Server::start().await;
    let counters = redis_counters(connected(server.url()).await, Degrade::Deny);
    let key = Key::from_bytes([7; 16]);
    drop(counters.count(key, 1, seconds(60)));
    let mut wait = Box::pin(counters.count(key, 1, seconds(60)).into_future());
    assert!(poll::Wakes::new().enter(|cx| wait.as_mut().poll(cx)).is_pending());
    drop(wait);
    let total = counters.count(key, 1, seconds(60)).await.value().unwrap().total();
    assert!((1..=2).contains(&total), "{total}");
    assert!(Duration::ZERO < counters.count(key, 0, seconds(60)).await.value().unwrap().ends_in());
}
