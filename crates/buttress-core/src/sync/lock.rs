use std::fmt;
#[expect(clippy::disallowed_types, reason = "this is the place that tames it")]
use std::sync::Mutex;
use std::sync::{MutexGuard, PoisonError};

/// A mutual exclusion that a panic does not poison.
///
/// A callback of a user may panic while a lock is held. What the lock protects is then as the callback
/// left it, and the service goes on: so keep it consistent at each step. It is for paths that are taken
/// now and then. No request waits for one, and none is held across an await.
///
/// ```
/// use buttress_core::sync::Lock;
///
/// let names = Lock::new(vec!["Ada"]);
/// names.lock().push("Grace");
/// assert_eq!(*names.lock(), ["Ada", "Grace"]);
/// ```
#[derive(Default)]
#[expect(clippy::disallowed_types, reason = "this is the place that tames it")]
pub struct Lock<T>(Mutex<T>);

impl<T> Lock<T> {
    /// Puts `value` behind a lock.
    pub const fn new(value: T) -> Self {
        #[expect(clippy::disallowed_types, reason = "this is the place that tames it")]
        Self(Mutex::new(value))
    }

    /// Waits for the lock, and holds it as long as the guard lives.
    #[must_use = "the lock is held only as long as the guard lives"]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: fmt::Debug> fmt::Debug for Lock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[test]
    fn a_panic_while_it_is_held_locks_nobody_out() {
        let lock = Lock::new(1);
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            *lock.lock() += 1;
            let _held = lock.lock();
            panic!("as a callback of a user may");
        }));
        assert!(panicked.is_err());
        assert_eq!(*lock.lock(), 2, "as it was left");
    }
}
