use bytes::Bytes;
use http::HeaderValue;

/// The value of a header as it is written, piece by piece: on the stack, from where it is copied once.
#[derive(Clone)]
pub(crate) struct Line {
    stack: [u8; STACK],
    used: usize,
    /// All of it, once it is too long for the stack.
    heap: Vec<u8>,
}

/// Room for three policies with names of usual length.
const STACK: usize = 192;

impl AsRef<[u8]> for Line {
    fn as_ref(&self) -> &[u8] {
        if self.heap.is_empty() { &self.stack[..self.used] } else { &self.heap }
    }
}

impl Line {
    pub(super) fn new() -> Self {
        Self { stack: [0; STACK], used: 0, heap: Vec::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.used == 0 && self.heap.is_empty()
    }

    #[inline]
    pub(super) fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    #[inline]
    pub(super) fn number(&mut self, number: u64) {
        self.text(itoa::Buffer::new().format(number));
    }

    /// In Base64, of which the alphabet has no character that ends a field. Three bytes are four characters.
    pub(super) fn base64(&mut self, bytes: [u8; 12]) {
        const ALPHABET: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        for three in bytes.as_chunks::<3>().0 {
            let [first, second, third] = three.map(u32::from);
            let bits = first << 16 | second << 8 | third;
            let at = |shift: u32| ALPHABET[usize::try_from(bits >> shift & 63).unwrap_or(0)];
            self.bytes(&[at(18), at(12), at(6), at(0)]);
        }
    }

    /// As long as it is, in one allocation. Nothing, if a name has brought along what no header may say.
    pub(super) fn value(&self) -> Option<HeaderValue> {
        HeaderValue::from_bytes(self.as_ref()).ok()
    }

    /// The same where it is copied, which then takes no further allocation.
    pub(super) fn shared(&self) -> Option<HeaderValue> {
        HeaderValue::from_maybe_shared(Bytes::from_owner(self.clone())).ok()
    }

    #[inline]
    fn bytes(&mut self, bytes: &[u8]) {
        match self.stack[self.used..].get_mut(..bytes.len()) {
            Some(room) if self.heap.is_empty() => {
                room.copy_from_slice(bytes);
                self.used += bytes.len();
            }
            _ => self.spill(bytes),
        }
    }

    #[cold]
    fn spill(&mut self, bytes: &[u8]) {
        if self.heap.is_empty() {
            self.heap.reserve(4 * STACK);
            self.heap.extend_from_slice(&self.stack[..self.used]);
        }
        self.heap.extend_from_slice(bytes);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_and_texts_are_what_they_are(pieces in prop::collection::vec(("[a-z;=]{0,40}", any::<u64>()), 0..40)) {
            let mut line = Line::new();
            let mut expected = String::new();
            for (text, number) in &pieces {
                line.text(text);
                line.number(*number);
                expected.push_str(text);
                expected.push_str(&number.to_string());
            }
            prop_assert_eq!(line.is_empty(), pieces.is_empty());
            prop_assert_eq!(line.value().unwrap(), &expected);
            prop_assert_eq!(line.shared().unwrap(), expected);
        }
    }

    #[test]
    fn keys_are_written_in_base64() {
        let mut line = Line::new();
        line.base64(*b"any carnal p");
        line.base64([0xff; 12]);
        line.base64([0; 12]);
        assert_eq!(line.value().unwrap(), "YW55IGNhcm5hbCBw////////////////AAAAAAAAAAAAAAAA");
    }
}
