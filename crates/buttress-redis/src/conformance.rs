//! The suites that every store of the family passes, in memory and in Redis, and that one of your own should.
//!
//! They need a tokio runtime, and time that passes for real.
//!
//! ```
//! use buttress_redis::conformance;
//! use buttress_redis::store::MemoryCounters;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! conformance::counters(async || MemoryCounters::new()).await;
//! # }
//! ```

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use buttress_core::clock::{Timer, TokioTimer};
use buttress_core::{Key, Keyer};
use tokio::task::JoinSet;

use crate::engine::Answered;
use crate::store::{Counted, CounterStore, Window};

/// Puts a store of counters through every promise of [`store`](crate::store).
///
/// `make` gives a store for each promise; it may be the same one, as each uses keys of its own.
///
/// # Panics
///
/// If a promise is broken, or if a store that should answer does not. The message says which.
pub async fn counters<S: CounterStore>(make: impl AsyncFn() -> S) {
    adds_up(&make().await).await;
    keys_are_apart(&make().await).await;
    zero_only_looks(&make().await).await;
    the_first_says_how_long(&make().await).await;
    a_window_ends(&make().await).await;
    the_end_of_numbers(&make().await).await;
    callers_race(make().await).await;
}

async fn adds_up<S: CounterStore>(store: &S) {
    let (key, window) = (new_key(), window(LONG));
    let mut last = window.length();
    for (by, total) in [(1, 1), (4, 5), (1, 6), (1_000_000_007, 1_000_000_013)] {
        let counted = ask(store, key, by, window).await;
        assert_eq!(counted.total(), total, "after {by} more");
        let left = counted.ends_in();
        assert!(left > Duration::ZERO && left <= last, "{left:?} are left, after {last:?}");
        last = left;
    }
}

async fn keys_are_apart<S: CounterStore>(store: &S) {
    let window = window(LONG);
    for (key, by) in [(new_key(), 2), (new_key(), 3)] {
        assert_eq!(ask(store, key, by, window).await.total(), by, "a key of its own");
    }
}

async fn zero_only_looks<S: CounterStore>(store: &S) {
    let (key, window) = (new_key(), window(LONG));
    for _ in 0..2 {
        let nothing = ask(store, key, 0, window).await;
        let nothing = (nothing.total(), nothing.ends_in());
        assert_eq!(nothing, (0, Duration::ZERO), "there is no window, and looking begins none");
    }
    assert_eq!(ask(store, key, 5, window).await.total(), 5);
    let seen = ask(store, key, 0, window).await;
    assert_eq!(seen.total(), 5, "what was counted is seen");
    assert!(seen.ends_in() > Duration::ZERO, "with its end");
}

async fn the_first_says_how_long<S: CounterStore>(store: &S) {
    let (key, short) = (new_key(), window(LONG / 10));
    let _ = ask(store, key, 1, short).await;
    let counted = ask(store, key, 1, window(LONG)).await;
    assert_eq!(counted.total(), 2, "it is the same window");
    assert!(counted.ends_in() <= short.length(), "and no longer one");
}

async fn a_window_ends<S: CounterStore>(store: &S) {
    let (key, window) = (new_key(), window(Duration::from_millis(60)));
    assert_eq!(ask(store, key, 7, window).await.total(), 7);
    // Long before this it has ended, or it never does.
    for _ in 0..4_000 {
        let seen = ask(store, key, 0, window).await;
        if seen.total() == 0 {
            let anew = ask(store, key, 2, window).await;
            assert_eq!(anew.total(), 2, "what was before is forgotten");
            return;
        }
        assert!(seen.ends_in() <= window.length(), "{seen:?}");
        TokioTimer.sleep(Duration::from_millis(5)).await;
    }
    panic!("a window of {window:?} does not end");
}

async fn the_end_of_numbers<S: CounterStore>(store: &S) {
    let (key, window) = (new_key(), window(LONG));
    let most = Counted::MOST;
    for (by, total) in
        [(most - 2, most - 2), (1, most - 1), (1, most), (1, most), (u64::MAX, most), (0, most)]
    {
        assert_eq!(ask(store, key, by, window).await.total(), total, "after {by} more");
    }
}

/// Each total is seen once: nobody's count is lost, and none is seen by two.
async fn callers_race<S: CounterStore>(store: S) {
    let (store, key, window) = (Arc::new(store), new_key(), window(LONG));
    let mut callers = JoinSet::new();
    for _ in 0..8 {
        let store = store.clone();
        callers.spawn(async move {
            let mut seen = Vec::new();
            for _ in 0..25 {
                seen.push(ask(&*store, key, 1, window).await.total());
            }
            assert!(seen.is_sorted(), "totals go back: {seen:?}");
            seen
        });
    }
    let seen: Vec<_> = callers.join_all().await.into_iter().flatten().collect();
    let seen: BTreeSet<_> = seen.into_iter().collect();
    assert_eq!(seen, (1..=200).collect(), "each total once");
}

const LONG: Duration = Duration::from_secs(600);

/// What the store itself says: the suite is about that, and not about what is said in its place.
async fn ask<S: CounterStore>(store: &S, key: Key, by: u64, window: Window) -> Counted {
    match store.count(key, by, window).await {
        Answered::Store(counted) => counted,
        other => panic!("the store does not answer, but: {other:?}"),
    }
}

/// One that nobody else has, however many suites run against one server.
fn new_key() -> Key {
    Keyer::random().writer().key()
}

fn window(length: Duration) -> Window {
    #[expect(clippy::expect_used, reason = "the lengths stand in this file")]
    Window::new(length).expect("a length that is allowed")
}
