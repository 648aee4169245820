use std::num::NonZeroU64;

use memchr::memchr;

use super::framing::{self, Framing, Length};
use super::target::Target;

/// The longest beginning of a line that is kept when a line comes in pieces.
const KEPT: usize = 64;

/// Reads along with HTTP/1, and notes what the HTTP library does not tell.
///
/// The library drops `Content-Length` where there is a `Transfer-Encoding`, and takes a bare line feed for
/// the end of a line, so a service sees neither. This follows the same bytes from message to message. It
/// changes nothing: it says that the *n*th head should be refused, and the service that is called for the
/// *n*th time refuses. Bytes that it does not understand end its work, not the connection's: the library
/// will refuse them by itself.
///
/// A target that is too long is the last that is read: it says where, and the head should end there.
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
    target: Target,
    longest_target: usize,
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
    /// It stands behind a body whose end was not understood.
    Unclear,
    /// A path and query that are longer than allowed.
    LongTarget,
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
    /// In the fields after a body; whether one of them has begun.
    Trailers(bool),
    /// Nothing that could be followed.
    Lost,
}

impl Heads {
    pub(super) fn new(strict_lines: bool, longest_target: usize) -> Self {
        Self { strict_lines, longest_target, ..Self::default() }
    }

    /// Takes the next bytes of the connection. If a target is too long, it says how many of them there are
    /// until it is.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut rest = bytes;
        while !rest.is_empty() {
            rest = match self.at {
                At::Lost => return None,
                At::Body(left) => self.skip(rest, left, At::Body, At::Start),
                At::Chunk(left) => self.skip(rest, left, At::Chunk, At::ChunkSize),
                At::Start | At::Fields | At::ChunkSize | At::Trailers(_) => match self.line(rest) {
                    Ok(after) => after,
                    Err(end) => return Some(bytes.len() - rest.len() + end),
                },
            };
        }
        None
    }

    /// Whether a head has begun and has not ended.
    pub(super) fn is_inside(&self) -> bool {
        self.at == At::Fields || (self.at == At::Start && !self.kept.is_empty())
    }

    /// Whether all that has come was whole messages.
    pub(super) fn is_between(&self) -> bool {
        self.at == At::Start && self.kept.is_empty()
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

    fn line<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], usize> {
        let end = memchr(b'\n', bytes);
        if self.at == At::Start {
            self.measure(&bytes[..end.unwrap_or(bytes.len())], end.is_some())?;
        }
        let Some(end) = end else {
            self.keep(bytes);
            return Ok(&[]);
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
        Ok(rest)
    }

    /// Looks how long the target is; a line that is short and whole needs no look. The error is where in
    /// `piece` it became too long.
    fn measure(&mut self, piece: &[u8], ends: bool) -> Result<(), usize> {
        if ends && self.kept.is_empty() && piece.len() <= self.longest_target {
            return Ok(());
        }
        let too_long = self.target.read(piece, self.longest_target);
        if ends {
            self.target = Target::default();
        }
        let Some(end) = too_long else { return Ok(()) };
        self.seen = self.seen.saturating_add(1);
        self.refuse(Fault::LongTarget);
        self.at = At::Lost;
        Err(end)
    }

    /// Only the first counts, as it ends the connection.
    fn refuse(&mut self, fault: Fault) {
        let number = self.seen + u64::from(fault == Fault::Unclear);
        if let (None, Some(number)) = (self.refused, NonZeroU64::new(number)) {
            self.refused = Some((number, fault));
        }
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
            // Nor zeros before the size of a chunk.
            let zero = self.at == At::ChunkSize && *byte == b'0' && self.kept == b"0";
            if self.kept.len() == KEPT {
                break;
            }
            if !(zero || blank(byte) && after) {
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
            At::ChunkSize => self.chunk(line),
            // A bare line feed ends none of them, and not the body: the library has it so.
            At::Trailers(_) if bare => self.at = At::Trailers(true),
            At::Trailers(false) if line.is_empty() => self.at = At::Start,
            At::Trailers(_) => self.at = At::Trailers(false),
            At::Body(_) | At::Chunk(_) | At::Lost => {}
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
        let fault =
            self.fault.or((encoded && length != Length::Unsaid).then_some(Fault::TwoLengths));
        let fault = fault.or((length == Length::Unreadable).then_some(Fault::NoNumber));
        if let Some(fault) = fault {
            self.refuse(fault);
        }
        self.at = match length {
            _ if encoded => At::ChunkSize,
            Length::Unsaid | Length::Bytes(0) => At::Start,
            Length::Bytes(length) => At::Body(length),
            Length::Unreadable => At::Lost,
        };
    }

    fn chunk(&mut self, line: &[u8]) {
        self.at = match framing::chunk(line) {
            Some(0) => At::Trailers(false),
            // Two more, for the end of the line.
            Some(size) => size.checked_add(2).map_or(At::Lost, At::Chunk),
            None => At::Lost,
        };
        // The library refuses what stands here. If it did not, nobody would know what the next head is.
        if self.at == At::Lost {
            self.refuse(Fault::Unclear);
        }
    }
}

#[cfg(test)]
mod tests;
