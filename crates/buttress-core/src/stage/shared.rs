use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// The stage that all clones of a layer, its services and their futures share.
pub(super) enum Shared<T: 'static> {
    Counted(Arc<T>),
    Forever(&'static T),
}

impl<T> Shared<T> {
    pub(super) fn new(stage: T) -> Self {
        // One without state takes no memory, so there is nothing to give back, and nothing to count.
        if size_of::<T>() == 0 && !std::mem::needs_drop::<T>() {
            return Self::Forever(Box::leak(Box::new(stage)));
        }
        Self::Counted(Arc::new(stage))
    }

    /// Gives up counting, and so freeing.
    pub(super) fn leak(self) -> Self {
        match self {
            Self::Counted(stage) => Self::Forever(Box::leak(Box::new(stage))),
            Self::Forever(stage) => Self::Forever(stage),
        }
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        match self {
            Self::Counted(stage) => stage,
            Self::Forever(stage) => stage,
        }
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Counted(stage) => Self::Counted(stage.clone()),
            Self::Forever(stage) => Self::Forever(stage),
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
