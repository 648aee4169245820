//! What counts clients and labels has a size that they cannot change. (A hundred million: `scripts/test --soak`.)

use crate::load::keys::storm;

#[test]
fn fifty_thousand_keys_take_no_memory() {
    storm(50_000);
}
