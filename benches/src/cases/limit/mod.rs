//! What a limit costs: the decision alone, and as a layer.

mod decision;
mod layer;
mod load;

pub use self::decision::{APART, FEW, HOT, HOT_APART, MANY, MILLION, REFUSED, plenty};
pub use self::layer::{ALLOWED, HEADERS, REFUSAL, Welcome};
pub use self::load::{address, bytes, decisions, decisions_apart, one_of};

use crate::Case;

/// The rows of this subject.
#[must_use]
pub fn cases() -> Vec<Case> {
    [decision::cases(), layer::cases()].into_iter().flatten().collect()
}
