//! What shared state is made of. Where its models run, `loom` sees through all of it.

#[cfg(not(all(test, buttress_loom)))]
pub(super) use std::sync::atomic;

#[cfg(not(all(test, buttress_loom)))]
pub(super) use atomic_waker::AtomicWaker;

#[cfg(all(test, buttress_loom))]
pub(super) use buttress_testkit::models::{AtomicWaker, atomic};
