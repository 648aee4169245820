//! What reads along with HTTP/2, in pieces whose sizes the input begins with.

use buttress::serve::scanning::frames;

use crate::http1_heads::pieces;

/// Nothing panics, the cuts do not matter, and no more is seen than there is.
pub fn run(data: &[u8]) {
    let (cuts, bytes) = data.split_at(data.len().min(4));
    let whole = frames([bytes]);
    assert_eq!(frames(pieces(cuts, bytes)), whole);
    let (idle, _) = whole;
    // A frame has nine bytes at least.
    assert!(idle <= bytes.len() as u64 / 9);
}
