//! The machine alone, on a clock of its own.

mod changing;
mod hand;
mod keyed;
mod late;
mod listeners;
mod modes;
mod probes;
mod rules;
mod threads;
mod times;
mod windows;

pub use self::hand::Hand;
