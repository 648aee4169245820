//! What reads along with the bytes of a connection, for the fuzz targets. Not part of the interface.

use super::frames::Frames;
use super::head::Heads;

/// The longest target that is understood here.
pub const LONGEST_TARGET: usize = 64;

/// How many heads have ended, which one is refused, and whether one is left open.
#[must_use]
pub fn heads<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (u64, Option<u64>, bool) {
    let mut heads = Heads::new(true, LONGEST_TARGET);
    for piece in pieces {
        assert!(heads.read(piece).is_none_or(|end| (1..=piece.len()).contains(&end)));
    }
    let refused = heads.refused().map(|(number, _)| number.get());
    (heads.ended(), refused, heads.is_inside())
}

/// How many frames brought nothing, and how many bytes of data there were.
#[must_use]
pub fn frames<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (u64, u64) {
    let mut frames = Frames::new();
    pieces
        .into_iter()
        .map(|piece| frames.read(piece))
        .fold((0, 0), |(idle, data), seen| (idle + seen.idle, data + seen.data))
}
