use std::num::NonZeroU64;

use memchr::memchr;

use super::framing::{self, Framing};

/// The longest beginning of a line that is kept when a line comes in pieces.
const KEPT: usize = 64;

/// Reads along with HTTP/1, and notes what the HTTP library does not tell.
///
/// The library drops `Content-Length` where there is a `Transfer-Encoding`, and takes a bare line feed for
/// the end of a line, so a service sees neither. This follows the same bytes from message to message. It
/// changes nothing: it says that the *n*th head should be refused, and the service that is called for the
/// *n*th time refuses. Bytes that it does not understand end its work, not the connection's: the library
/// will refuse them by itself.
#[derive(Debug, Default)]
pub(super) struct Heads {
    at: At,
    /// The beginning of a line that came in pieces.
    kept: Vec<u8>,
    /// The last byte of the piece before: is the line feed that comes first now a bare one?
    last: u8,
    /// Of the head that is read now.
    framing: Framing,
    fault: Option<Fault>,
    seen: u64,
    refused: Option<(NonZeroU64, Fault)>,
    strict_lines: bool,
}

/// Why a head is refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Fault {
    /// `Content-Length` beside `Transfer-Encoding`: two readers may see two messages.
    TwoLengths,
    /// A line that ends in a line feed alone.
    BareLineFeed,
    /// A `Content-Length` that is no number of a reasonable length.
    NoNumber,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum At {
    /// Between messages, or in empty lines before one.
    #[default]
    Start,
    Fields,
    Body(u64),
    ChunkSize,
    /// What is left of a chunk, with the line end after it.
    Chunk(u64),
    Trailers,
    /// Another protocol, or nothing that could be followed.
    Lost,
}

impl Heads {
    pub(super) fn new(strict_lines: bool) -> Self {
        Self { strict_lines, ..Self::default() }
    }

    /// Takes the next bytes of the connection.
    pub(super) fn read(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            bytes = match self.at {
                At::Lost => return,
                At::Body(left) => self.skip(bytes, left, At::Body, At::Start),
                At::Chunk(left) => self.skip(bytes, left, At::Chunk, At::ChunkSize),
                At::Start | At::Fields | At::ChunkSize | At::Trailers => self.line(bytes),
            };
        }
    }

    /// Whether a head has begun and has not ended.
    pub(super) fn is_inside(&self) -> bool {
        self.at == At::Fields || (self.at == At::Start && !self.kept.is_empty())
    }

    /// The number of the head that should be refused, counted from one, and why.
    pub(super) fn refused(&self) -> Option<(NonZeroU64, Fault)> {
        self.refused
    }

    /// How many heads have ended.
    pub(super) fn ended(&self) -> u64 {
        self.seen
    }

    fn skip<'a>(&mut self, bytes: &'a [u8], left: u64, more: fn(u64) -> At, then: At) -> &'a [u8] {
        let step = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
        let left = left - step as u64;
        self.at = if left == 0 { then } else { more(left) };
        &bytes[step..]
    }

    fn line<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let Some(end) = memchr(b'\n', bytes) else {
            self.keep(bytes);
            return &[];
        };
        let (line, rest) = (&bytes[..end], &bytes[end + 1..]);
        if self.kept.is_empty() {
            self.line_ended(line);
        } else {
            self.keep(line);
            let mut kept = std::mem::take(&mut self.kept);
            let bare = self.last != b'\r';
            self.whole(kept.strip_suffix(b"\r").unwrap_or(&kept), bare);
            kept.clear();
            self.kept = kept;
        }
        rest
    }

    /// Keeps the beginning, and the last byte, of a line that has not ended.
    fn keep(&mut self, piece: &[u8]) {
        if let Some(last) = piece.last() {
            self.last = *last;
        }
        // Blanks around a value are as many as the sender likes, and must not push it out.
        for byte in piece {
            let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
            let after = self.kept.last().is_some_and(|last| *last == b':' || blank(last));
            if self.kept.len() == KEPT {
                break;
            }
            if !(blank(byte) && after) {
                self.kept.push(*byte);
            }
        }
    }

    fn line_ended(&mut self, line: &[u8]) {
        match line.strip_suffix(b"\r") {
            Some(line) => self.whole(line, false),
            None => self.whole(line, true),
        }
    }

    fn whole(&mut self, line: &[u8], bare: bool) {
        match self.at {
            // Empty lines before a message are skipped (RFC 9112, section 2.2).
            At::Start if line.is_empty() => {}
            At::Start => {
                (self.framing, self.fault) = (Framing::default(), None);
                self.note(bare);
                self.at = At::Fields;
            }
            At::Fields => {
                self.note(bare);
                if line.is_empty() { self.finish() } else { self.framing.field(line) }
            }
            At::ChunkSize => self.at = chunk(line),
            At::Trailers if line.is_empty() => self.at = At::Start,
            At::Trailers | At::Body(_) | At::Chunk(_) | At::Lost => {}
        }
    }

    fn note(&mut self, bare: bool) {
        if bare && self.strict_lines {
            self.fault.get_or_insert(Fault::BareLineFeed);
        }
    }

    fn finish(&mut self) {
        self.seen = self.seen.saturating_add(1);
        let Framing { length, encoded } = self.framing;
        let fault = self.fault.or((encoded && length.is_some()).then_some(Fault::TwoLengths));
        let fault = fault.or((length == Some(u64::MAX)).then_some(Fault::NoNumber));
        if let (None, Some(fault), Some(number)) = (self.refused, fault, NonZeroU64::new(self.seen))
        {
            self.refused = Some((number, fault));
        }
        self.at = match length {
            _ if encoded => At::ChunkSize,
            None | Some(0) => At::Start,
            Some(u64::MAX) => At::Lost,
            Some(length) => At::Body(length),
        };
    }
}

fn chunk(line: &[u8]) -> At {
    match framing::chunk(line) {
        Some(0) => At::Trailers,
        // Two more, for the end of the line.
        Some(size) => size.checked_add(2).map_or(At::Lost, At::Chunk),
        None => At::Lost,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(bytes: &[u8]) -> Heads {
        let mut heads = Heads::new(true);
        heads.read(bytes);
        heads
    }

    fn refused(bytes: &[u8]) -> Option<(u64, Fault)> {
        read(bytes).refused().map(|(number, fault)| (number.get(), fault))
    }

    const HONEST: &[u8] = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n\
        POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\na\n\nbc\
        \r\nPOST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\
        3;x=y\r\n\n\n\n\r\nA\r\n0123456789\r\n0\r\nx-sum: 1\r\n\r\n";

    #[test]
    fn honest_messages_are_followed_through_their_bodies() {
        let heads = read(HONEST);
        assert_eq!((heads.refused(), heads.seen, heads.at), (None, 3, At::Start));
        let again = [HONEST, b"POST / HTTP/1.1\r\ncontent-length: 0\r\nx:y\n\r\n"].concat();
        assert_eq!(refused(&again), Some((4, Fault::BareLineFeed)));
    }

    #[test]
    fn two_lengths_are_seen_in_any_order_and_case() {
        for fields in [
            "content-length: 5\r\ntransfer-encoding: chunked",
            "Transfer-Encoding: chunked\r\nhost: a\r\nCONTENT-LENGTH: 5",
            "transfer-encoding:chunked\r\ncontent-length:no number",
        ] {
            let head = format!("POST / HTTP/1.1\r\n{fields}\r\n\r\n");
            assert_eq!(refused(head.as_bytes()), Some((1, Fault::TwoLengths)), "{fields}");
        }
    }

    #[test]
    fn blanks_and_zeros_hide_no_length() {
        let blanks = " ".repeat(100);
        let padded = format!("POST / HTTP/1.1\r\ncontent-length:{blanks}1{blanks}\r\n\r\n\n");
        let next = b"GET / HTTP/1.1\r\na: b\n\r\n";
        let mut pieces = Heads::new(true);
        padded.as_bytes().iter().chain(next).for_each(|byte| pieces.read(&[*byte]));
        assert_eq!(pieces.refused(), NonZeroU64::new(2).map(|two| (two, Fault::BareLineFeed)));
        let zeros = format!("POST / HTTP/1.1\r\ncontent-length: {}1\r\n\r\n", "0".repeat(30));
        assert_eq!(refused(zeros.as_bytes()), Some((1, Fault::NoNumber)));
    }

    #[test]
    fn a_head_is_inside_from_its_first_byte_to_its_last() {
        let mut heads = Heads::new(true);
        assert!(!heads.is_inside());
        heads.read(b"\r\n");
        assert!(!heads.is_inside(), "an empty line is no head");
        for byte in b"G / HTTP/1.1\r\na: b\r\n\r" {
            heads.read(&[*byte]);
            assert!(heads.is_inside());
        }
        heads.read(b"\n");
        assert!(!heads.is_inside());
    }

    proptest! {
        /// It does not matter how the bytes are cut.
        #[test]
        fn pieces_are_the_same_as_the_whole(
            bytes in prop_oneof![
                Just([HONEST, b"POST / HTTP/1.1\r\na: b\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n"].concat()),
                "(GET / HTTP/1.1(\r\n|\n)(content-length: [0-9]{1,2}(\r\n|\n)|transfer-encoding: chunked\r\n){0,2}\r\n[0-9a-f\r\n]{0,20}){0,4}".prop_map(String::into_bytes),
                prop::collection::vec(any::<u8>(), 0..200),
            ],
            cuts in prop::collection::vec(1_usize..9, 1..100),
        ) {
            let whole = read(&bytes);
            let mut pieces = Heads::new(true);
            let (mut rest, mut cuts) = (&bytes[..], cuts.iter().cycle());
            while !rest.is_empty() {
                let (piece, after) = rest.split_at((*cuts.next().unwrap()).min(rest.len()));
                pieces.read(piece);
                rest = after;
            }
            prop_assert_eq!(pieces.refused(), whole.refused());
            prop_assert_eq!((pieces.seen, pieces.at), (whole.seen, whole.at));
            prop_assert_eq!(pieces.is_inside(), whole.is_inside());
            prop_assert!(pieces.kept.len() <= KEPT);
        }
    }
}
