//! What shared state is made of. Where its models run, `loom` sees through all of it.

#[cfg(not(all(test, buttress_loom)))]
pub(crate) use std::sync::atomic;

#[cfg(not(all(test, buttress_loom)))]
pub(crate) use arc_swap::ArcSwapOption;
#[cfg(not(all(test, buttress_loom)))]
pub(crate) use buttress_core::sync::Lock;
#[cfg(not(all(test, buttress_loom)))]
pub(crate) use std::sync::OnceLock;

#[cfg(all(test, buttress_loom))]
pub(crate) use buttress_testkit::models::{ArcSwapOption, Lock, OnceLock, atomic};
