//! What is read of the answers of scripts, for the fuzz target. Not part of the interface.

use super::reading;
use super::script::Operation;
use crate::{Charges, Limits, Verdict};

/// What these bytes say of charges that were to be taken, with so many numbers for each of them; nothing if it is no
/// answer.
#[must_use]
pub fn taken(bytes: &[u8], each: usize, limits: &Limits, charges: &Charges) -> Option<Verdict> {
    let answer = reading::of_bytes(bytes, each, Operation::Take, limits, charges.as_slice());
    answer.ok().map(|answer| answer.verdict)
}
