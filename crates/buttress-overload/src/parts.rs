//! What shared state is made of. Where its models run, `loom` sees through all of it.

#[cfg(not(all(test, buttress_loom)))]
pub(crate) use buttress_core::sync::{Lock, Striped};
#[cfg(not(all(test, buttress_loom)))]
pub(crate) use std::sync::atomic;

#[cfg(all(test, buttress_loom))]
pub(crate) use self::striped::Striped;
#[cfg(all(test, buttress_loom))]
pub(crate) use buttress_testkit::models::{Lock, atomic};

#[cfg(all(test, buttress_loom))]
mod striped {
    use std::hash::BuildHasher;

    use buttress_testkit::models::{RandomState, thread};

    /// Stands in for core's, whose places are those of the one thread that `loom` runs all of its own on.
    pub(crate) struct Striped<T>(Vec<T>);

    impl<T> Striped<T> {
        pub(crate) fn new(most: usize, make: impl FnMut() -> T) -> Self {
            Self(std::iter::repeat_with(make).take(most.clamp(1, 2)).collect())
        }

        pub(crate) fn mine(&self) -> &T {
            let here = RandomState::default().hash_one(thread::current().id());
            &self.0[here as usize % self.0.len()]
        }

        pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
            self.0.iter()
        }

        pub(crate) fn len(&self) -> usize {
            self.0.len()
        }
    }
}
