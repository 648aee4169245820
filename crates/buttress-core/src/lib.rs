//! The vocabulary that every Buttress layer shares.

pub mod clock;
mod error;
pub mod sync;

pub use self::error::{BuildError, Fault, Faults};
