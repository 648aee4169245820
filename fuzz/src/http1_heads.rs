//! What reads along with HTTP/1, in pieces whose sizes the input begins with.

use buttress::serve::scanning::{heads, heads_as_the_library};

/// Nothing panics, the cuts do not matter, the HTTP library finds the same heads, and none is refused before it has
/// ended, or could be the next.
pub fn run(data: &[u8]) {
    let (cuts, bytes) = data.split_at(data.len().min(4));
    let whole = heads([bytes]);
    assert_eq!(heads(pieces(cuts, bytes)), whole);
    let (ended, refused, _) = whole;
    assert!(refused.is_none_or(|number| (1..=ended + 1).contains(&number)));
    heads_as_the_library(bytes, cuts.first().is_none_or(|cut| cut % 2 == 0));
    // A request of its own, before all of it, moves everything by one.
    let ahead = &b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"[..];
    let (more, moved, _) = heads([ahead, bytes]);
    assert_eq!((more, moved), (ended + 1, refused.map(|number| number + 1)));
}

/// `bytes`, cut where `cuts` say, again and again.
pub(crate) fn pieces<'a>(cuts: &'a [u8], bytes: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    let mut sizes = cuts.iter().map(|size| usize::from(*size) + 1).cycle();
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let size = sizes.next().unwrap_or(1).min(rest.len());
        let (piece, after) = rest.split_at(size);
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}
