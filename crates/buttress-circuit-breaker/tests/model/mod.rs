//! The machine beside a slow one that keeps lists of all that happened, and asks them.

mod chance;
mod exact;
mod play;
mod spec;

pub use self::play::play;
