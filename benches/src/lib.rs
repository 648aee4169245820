//! Measures what a layer costs, side by side in one run.
//!
//! A [`Case`] is one thing to do, seen from one side: `ours`, `bare`, or a peer by its name. Cases of
//! one group do the same work, so their rows compare. [`run`] turns a list of them into a program that
//! measures each and prints one table:
//!
//! | figure | how | repeats |
//! |---|---|---|
//! | time | criterion, in turns; the fastest twentieth of the samples | within a few percent |
//! | instructions | callgrind, the difference of two run lengths | nearly exactly, so it may gate |
//! | allocations, bytes | a second program, whose allocator counts ([`count_allocations`]) | exactly |
//! | two threads | throughput on two threads sharing one value, over that on one | roughly |
//!
//! The README beside this package says how to run it, how to add a case, and how to renew a budget.

mod case;
pub mod cases;
mod check;
mod cli;
mod drive;
mod measure;
pub mod six;
mod table;

pub use self::case::{Budget, Case, Run};
pub use self::cli::run;
pub use self::drive::{Hello, get, get_without_token, requests, welcomes};
pub use self::measure::{Figures, count_allocations};
