//! What reads along with the bytes of a connection, for the fuzz targets. Not part of the interface.

mod library;

use http::{HeaderMap, HeaderValue, Method, Uri, header::HOST};

use self::library::Library;
use super::authority;
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

/// Gives the same bytes, one by one, to the HTTP library: it finds the heads where they are found here, until it stops
/// or one is refused.
///
/// # Panics
///
/// Panics if it does not.
pub fn heads_as_the_library(bytes: &[u8], strict_lines: bool) {
    let mut heads = Heads::new(strict_lines, LONGEST_TARGET);
    let mut library = Library::new();
    for (at, byte) in bytes.iter().enumerate() {
        let _ = heads.read(&[*byte]);
        let goes_on = library.read(*byte);
        if heads.refused().is_some() {
            return;
        }
        let (ours, theirs) = (heads.ended(), library.heads());
        if !goes_on {
            assert!(theirs <= ours, "{theirs} heads after byte {at}, not {ours}");
            return;
        }
        assert_eq!(theirs, ours, "heads after byte {at}");
    }
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

/// Whether a request for `target` is refused because its `Host` field names another server.
#[must_use]
pub fn names_another(target: &Uri, host: &HeaderValue) -> bool {
    let headers = HeaderMap::from_iter([(HOST, host.clone())]);
    authority::differs(&Method::GET, target, &headers)
}
