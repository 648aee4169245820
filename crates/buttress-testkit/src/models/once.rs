use super::Lock;
use super::atomic::{AtomicBool, Ordering};

/// Stands in for std's.
#[derive(Debug)]
pub struct OnceLock<T> {
    value: std::sync::OnceLock<T>,
    /// Who sees it set, sees the value.
    is_set: AtomicBool,
    turn: Lock<()>,
}

impl<T> OnceLock<T> {
    /// An empty one.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "nobody asks for it")]
    pub fn new() -> Self {
        let value = std::sync::OnceLock::new();
        Self { value, is_set: AtomicBool::new(false), turn: Lock::new(()) }
    }

    /// The value, if this thread can know of it.
    pub fn get(&self) -> Option<&T> {
        if self.is_set.load(Ordering::Acquire) { self.value.get() } else { None }
    }

    /// The value, made by whoever comes first.
    pub fn get_or_init(&self, make: impl FnOnce() -> T) -> &T {
        let _turn = self.turn.lock();
        let value = self.value.get_or_init(make);
        self.is_set.store(true, Ordering::Release);
        value
    }
}
