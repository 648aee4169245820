use std::task::Waker;

/// Stands in for `atomic_waker`'s.
#[derive(Debug, Default)]
pub struct AtomicWaker(loom::future::AtomicWaker);

impl AtomicWaker {
    /// Wakes nobody.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Wakes this one from now on.
    pub fn register(&self, waker: &Waker) {
        self.0.register_by_ref(waker);
    }

    /// Wakes whoever was registered last.
    pub fn wake(&self) {
        self.0.wake();
    }
}
