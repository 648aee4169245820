use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use buttress_core::sync::Lock;

use super::atomic::{AtomicUsize, Ordering};

/// Stands in for `arc_swap`'s: a pointer that is read with `Acquire` and exchanged with `AcqRel`.
///
/// It keeps all values that it ever had, and what is exchanged is the number of one. So an old one can be
/// seen for as long as the orderings allow it, as of a pointer.
pub struct ArcSwapOption<T> {
    /// No part of the model: each is there before its number is.
    values: Lock<Vec<Option<Arc<T>>>>,
    current: AtomicUsize,
}

impl<T> ArcSwapOption<T> {
    /// Points to nothing.
    #[must_use]
    pub fn empty() -> Self {
        Self { values: Lock::new(vec![None]), current: AtomicUsize::new(0) }
    }

    /// What it points to.
    pub fn load(&self) -> Loaded<T> {
        Loaded(self.value(self.current.load(Ordering::Acquire)))
    }

    /// Lets it point to `value`.
    pub fn store(&self, value: Option<Arc<T>>) {
        self.swap(value);
    }

    /// Lets it point to `value`, and gives what it pointed to.
    pub fn swap(&self, value: Option<Arc<T>>) -> Option<Arc<T>> {
        let number = self.keep(value);
        self.value(self.current.swap(number, Ordering::AcqRel))
    }

    fn keep(&self, value: Option<Arc<T>>) -> usize {
        let mut values = self.values.lock();
        values.push(value);
        values.len() - 1
    }

    fn value(&self, number: usize) -> Option<Arc<T>> {
        self.values.lock()[number].clone()
    }
}

impl<T> Default for ArcSwapOption<T> {
    fn default() -> Self {
        Self::empty()
    }
}

impl<T> fmt::Debug for ArcSwapOption<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArcSwapOption").finish_non_exhaustive()
    }
}

/// What an [`ArcSwapOption`] pointed to.
#[derive(Debug)]
pub struct Loaded<T>(Option<Arc<T>>);

impl<T> Deref for Loaded<T> {
    type Target = Option<Arc<T>>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}
