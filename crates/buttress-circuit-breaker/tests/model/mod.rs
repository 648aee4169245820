//! The machine beside a slow one that keeps lists of all that happened, and asks them.

mod chance;
mod counting;
mod exact;
mod moving;
mod play;
mod spec;
mod subject;

pub use self::play::{play, play_keyed};
