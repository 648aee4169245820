use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

/// Wakes a task, outside of any lock. A waker is foreign code: its panic is not that of who gives something back, and
/// whoever waits beside it is woken all the same.
pub(crate) fn wake(waker: Waker) {
    // The panic hook has said it.
    let _ = catch_unwind(AssertUnwindSafe(|| waker.wake()));
}
