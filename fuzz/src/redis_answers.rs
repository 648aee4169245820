//! What a server answers to calls.

use buttress_redis::parsing::answers;

/// The first byte is the size of the pieces that the rest comes in: they make no difference, and there are no more
/// answers than lines.
///
/// # Panics
///
/// If that does not hold.
pub fn run(data: &[u8]) {
    let Some((size, data)) = data.split_first() else { return };
    let whole = answers(data, usize::MAX);
    assert_eq!(answers(data, usize::from(*size)), whole);
    assert!(whole.0 < data.split(|byte| *byte == b'\n').count());
}
