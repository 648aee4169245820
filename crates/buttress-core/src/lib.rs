//! The vocabulary that every Buttress layer shares.

pub mod address;
pub mod clock;
mod error;
mod hex;
pub mod sync;
pub mod trace;

pub use self::address::ClientAddress;
pub use self::error::{BuildError, Fault, Faults};
