use std::cell::RefCell;
use std::fmt;
use std::hash::{Hash, Hasher};

use bytes::{Bytes, BytesMut};
use http::HeaderValue;

use crate::clock::Timestamp;
use crate::{hex, random};

/// The name of one request: in the answer's header and body, and in the log.
///
/// One that we make is a UUID of version 7: 128 bits, sortable by time to a quarter of a microsecond. One
/// that came with a request may be any short text of letters, digits and `-_.:+/=@~`.
///
/// ```
/// use buttress_core::RequestId;
/// use buttress_core::clock::Timestamp;
/// use http::HeaderValue;
///
/// let early = RequestId::generate(Timestamp::from_millis(1_795_247_160_123));
/// let late = RequestId::generate(Timestamp::from_millis(1_795_247_160_124));
/// assert!(early.as_str() < late.as_str());
/// assert_eq!(&early.as_str()[..15], "01a1fd11-bb3b-7");
///
/// let given = RequestId::parse(&HeaderValue::from_static("Root=1-67891233-abcdef"));
/// assert_eq!(given.unwrap().as_str(), "Root=1-67891233-abcdef");
/// assert!(RequestId::parse(&HeaderValue::from_static("a b")).is_none());
/// ```
#[derive(Clone)]
pub struct RequestId(Kind);

/// An id of ours stays in place until it becomes a header; one from outside is a header already.
#[derive(Clone)]
enum Kind {
    Made([u8; 36]),
    Given(HeaderValue),
}

impl RequestId {
    /// The longest id that is accepted from outside, in bytes.
    pub const MAX_LEN: usize = 128;

    /// Accepts an id from outside, if it is well formed: it will stand in logs and answers.
    #[must_use]
    pub fn parse(value: &HeaderValue) -> Option<Self> {
        let text = value.as_bytes();
        let fits = (1..=Self::MAX_LEN).contains(&text.len());
        (fits && text.iter().copied().all(is_id_byte)).then(|| Self(Kind::Given(value.clone())))
    }

    /// Makes a new id for a request that came at this time.
    #[must_use]
    pub fn generate(time: Timestamp) -> Self {
        let [random] = random::numbers();
        Self::made(time, random)
    }

    pub(super) fn made(time: Timestamp, random: u64) -> Self {
        Self(Kind::Made(uuid(time, random)))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // ASCII by construction, so the empty string is never given.
        str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    /// The id as a header.
    ///
    /// That of an id that we made is put into a block of memory that many share: one header in 28
    /// allocates, and one that lives long holds a block of 1 KiB.
    #[must_use]
    pub fn header_value(&self) -> HeaderValue {
        match &self.0 {
            Kind::Made(text) => in_block(text),
            Kind::Given(value) => value.clone(),
        }
    }

    fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Kind::Made(text) => text,
            Kind::Given(value) => value.as_bytes(),
        }
    }
}

impl PartialEq for RequestId {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for RequestId {}

impl Hash for RequestId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequestId({self})")
    }
}

fn is_id_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.:+/=@~".contains(&byte)
}

/// The text of a UUID of version 7 (RFC 9562, section 5.7, with method 3: a fraction of the millisecond).
fn uuid(time: Timestamp, random: u64) -> [u8; 36] {
    let millis = time.as_millis() & 0xffff_ffff_ffff;
    let fraction = time.as_nanos() % 1_000_000 * 4_096 / 1_000_000;
    let high = millis << 16 | 0x7000 | fraction;
    let low = 0x8000_0000_0000_0000 | random & 0x3fff_ffff_ffff_ffff;

    let (high, low, mut text) = (hex::digits(high), hex::digits(low), [b'-'; 36]);
    text[..8].copy_from_slice(&high[..8]);
    text[9..13].copy_from_slice(&high[8..12]);
    text[14..18].copy_from_slice(&high[12..]);
    text[19..23].copy_from_slice(&low[..4]);
    text[24..].copy_from_slice(&low[4..]);
    text
}

/// How many bytes of ids are allocated at once.
const BLOCK: usize = 1_024;

thread_local! {
    static BLOCKS: RefCell<BytesMut> = RefCell::new(BytesMut::new());
}

/// Puts `text` into this thread's block of memory, of which the header keeps a share.
fn in_block(text: &[u8; 36]) -> HeaderValue {
    let shared = BLOCKS.try_with(|block| {
        let mut block = block.borrow_mut();
        if block.capacity() < text.len() {
            // Takes the old block again if all of its ids are gone.
            block.reserve(BLOCK);
        }
        block.extend_from_slice(text);
        block.split().freeze()
    });
    let bytes = shared.unwrap_or_else(|_| Bytes::copy_from_slice(text));
    HeaderValue::from_maybe_shared(bytes).unwrap_or_else(|_| HeaderValue::from_static("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_the_shape_of_version_7() {
        let text = uuid(Timestamp::from_nanos(0x0123_4567_89ab * 1_000_000 + 999_999), u64::MAX);
        assert_eq!(str::from_utf8(&text).unwrap(), "01234567-89ab-7fff-bfff-ffffffffffff");
        let text = uuid(Timestamp::EPOCH, 0);
        assert_eq!(str::from_utf8(&text).unwrap(), "00000000-0000-7000-8000-000000000000");
    }
}
