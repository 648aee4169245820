//! One who publishes numbers, and one who hears them.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use buttress_core::sync::Lock;
use buttress_redis::{Event, Redis, Subscription};
use tokio::task::JoinSet;

use super::ledger::Ledger;
use super::pause;

pub(crate) struct News {
    tasks: JoinSet<()>,
    shared: Arc<Shared>,
}

struct Shared {
    ledger: Arc<Ledger>,
    /// Whether whoever listens at a server hears all that anybody tells: so it is where there is one.
    all: bool,
    next: AtomicU64,
    published: Lock<HashSet<u64>>,
    /// One more than the last that was heard.
    heard: AtomicU64,
}

impl News {
    pub(crate) fn of(redis: &Redis, ledger: &Arc<Ledger>, all: bool) -> Self {
        let shared = Arc::new(Shared {
            ledger: ledger.clone(),
            all,
            next: AtomicU64::new(0),
            published: Lock::default(),
            heard: AtomicU64::new(0),
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(shared.clone().publish(redis.clone()));
        tasks.spawn(shared.clone().hear(redis.subscribe(["news"]).unwrap()));
        Self { tasks, shared }
    }

    /// What is about to be published.
    pub(crate) fn next(&self) -> u64 {
        self.shared.next.load(Relaxed)
    }

    /// Whether that was heard, or what came later.
    pub(crate) fn is_heard(&self, number: u64) -> bool {
        self.shared.heard.load(Relaxed) > number
    }

    pub(crate) async fn settle(mut self) {
        self.tasks.shutdown().await;
    }
}

impl Shared {
    async fn publish(self: Arc<Self>, redis: Redis) {
        loop {
            let number = self.next.fetch_add(1, Relaxed);
            if redis.publish("news", number.to_string()).await.is_ok() {
                self.published.lock().insert(number);
            }
            pause(Duration::from_millis(10)).await;
        }
    }

    /// From one gap to the next nothing is heard twice, and nothing is missed that was told.
    async fn hear(self: Arc<Self>, mut subscription: Subscription) {
        let (mut heard, mut last) = (HashSet::new(), None);
        loop {
            let Event::Message { payload, .. } = subscription.next().await else {
                (heard, last) = (HashSet::new(), None);
                continue;
            };
            let number: u64 = String::from_utf8(payload).unwrap().parse().unwrap();
            if !heard.insert(number) {
                self.ledger.wrong(format!("{number} was heard twice"));
            }
            if let Some(last) = last.filter(|_| self.all) {
                let published = self.published.lock();
                for missed in (last + 1..number).filter(|missed| published.contains(missed)) {
                    self.ledger.wrong(format!("{missed} was missed without a gap"));
                }
            }
            last = last.max(Some(number));
            self.heard.fetch_max(number + 1, Relaxed);
        }
    }
}
