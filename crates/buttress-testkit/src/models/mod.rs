//! Models of threads: every order in which they may run, and every value that they may see.
//!
//! A model is a unit test of shared state, in `mod models` below its code. It runs the very code that
//! ships, with the parts of this module in place of std's: a crate chooses between the two in its `parts.rs`.
//! They exist under `--cfg buttress_loom` only. `--cfg loom` is the name that others listen to, too: tokio
//! leaves out its sockets and timers under it, and half of what a model stands on would not compile.
//!
//! What stands in is never stricter about order than what it stands in for, or it would hide mistakes.
//!
//! `loom` has a blind spot: of each atomic it keeps the last access alone. Where a spawned thread loads before it
//! stores, it forgets that another one had loaded before, and does not try that one last. So let the first
//! thread do what loads and stores, and a spawned one what only loads; and break the code to see that the model
//! lives.

mod lock;
mod once;
mod swap;
mod waker;

use std::hash::{BuildHasherDefault, DefaultHasher};

pub use loom::future::block_on;
pub use loom::sync::atomic;
pub use loom::thread;

pub use self::lock::Lock;
pub use self::once::OnceLock;
pub use self::swap::{ArcSwapOption, Loaded};
pub use self::waker::AtomicWaker;

/// Without chance: a model is run again and again, and has to take the same way for the same order.
pub type RandomState = BuildHasherDefault<DefaultHasher>;

/// How often a thread is interrupted where it need not be. Mistakes are found with two, as a rule.
const PREEMPTIONS: usize = 3;

/// Runs `model` in every order of its threads, with at most three interruptions, or `LOOM_MAX_PREEMPTIONS`.
///
/// Each thread has a stripe of its own in a `Striped`, as far as there are enough.
pub fn explore(model: impl Fn() + Send + Sync + 'static) {
    buttress_core::sync::deal_stripes_by(number);
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound.get_or_insert(PREEMPTIONS);
    builder.max_branches = builder.max_branches.max(10_000);
    builder.check(model);
}

/// The number of the thread that asks: zero is the first one, which runs the model.
#[must_use]
pub fn number() -> usize {
    // Its id has no other way to tell.
    let id = format!("{:?}", thread::current().id());
    let digits = id.trim_start_matches("ThreadId(").trim_end_matches(')');
    digits.parse().expect("an id of loom is a number")
}

/// Waits for all of these, and gives what they gave.
#[expect(clippy::must_use_candidate, reason = "most of them give nothing")]
pub fn join<T, const N: usize>(threads: [thread::JoinHandle<T>; N]) -> [T; N] {
    threads.map(|thread| thread.join().expect("it does not panic"))
}
