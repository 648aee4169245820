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
    use buttress_testkit::models::thread;

    /// Stands in for core's, whose places are those of the one thread that `loom` runs all of its own on.
    pub(crate) struct Striped<T>(Vec<T>);

    impl<T> Striped<T> {
        /// Two, whatever is asked for: one would hide what goes from stripe to stripe.
        pub(crate) fn new(_: usize, make: impl FnMut() -> T) -> Self {
            Self(std::iter::repeat_with(make).take(2).collect())
        }

        pub(crate) fn mine(&self) -> &T {
            // By its number: the rest of an id is another one in each run, and a run has to take the same way again.
            let here = format!("{:?}", thread::current().id());
            &self.0[here.bytes().map(usize::from).sum::<usize>() % self.0.len()]
        }

        pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
            self.0.iter()
        }

        pub(crate) fn len(&self) -> usize {
            self.0.len()
        }
    }
}
