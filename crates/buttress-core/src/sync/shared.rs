use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// What all clones of a layer, its services and their futures share: counted, until it is told to stay as
/// long as the program runs.
///
/// ```
/// use buttress_core::sync::Shared;
///
/// let settings = Shared::new(String::from("of a layer"));
/// let of_a_service = settings.clone();
/// assert_eq!(*of_a_service, "of a layer");
///
/// let of_a_program = settings.leak();
/// assert_eq!(*of_a_program, *of_a_service);
/// ```
///
/// # Cost
///
/// A clone and its drop cost two atomic operations on one place in memory, which threads wait for each other
/// at; nothing once it is leaked, or if the value has neither size nor destructor.
pub struct Shared<T: 'static>(Kind<T>);

enum Kind<T: 'static> {
    Counted(Arc<T>),
    Forever(&'static T),
}

impl<T> Shared<T> {
    /// Makes `value` one that can be shared.
    #[must_use]
    pub fn new(value: T) -> Self {
        // What has no size takes no memory, so there is nothing to give back, and nothing to count.
        if size_of::<T>() == 0 && !std::mem::needs_drop::<T>() {
            return Self(Kind::Forever(Box::leak(Box::new(value))));
        }
        Self(Kind::Counted(Arc::new(value)))
    }

    /// Gives up counting, and so freeing.
    #[must_use]
    pub fn leak(self) -> Self {
        match self.0 {
            Kind::Counted(value) => Self(Kind::Forever(Box::leak(Box::new(value)))),
            Kind::Forever(_) => self,
        }
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        match &self.0 {
            Kind::Counted(value) => value,
            Kind::Forever(value) => value,
        }
    }
}

impl<T> Clone for Shared<T> {
    #[inline]
    fn clone(&self) -> Self {
        Self(match &self.0 {
            Kind::Counted(value) => Kind::Counted(value.clone()),
            Kind::Forever(value) => Kind::Forever(value),
        })
    }
}

impl<T: fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
