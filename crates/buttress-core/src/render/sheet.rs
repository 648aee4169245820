use std::io;

use bytes::Bytes;
use serde::Serialize;

/// JSON as it is written, piece by piece: on the stack, where most answers fit, from where they are copied
/// once, into just the room they need.
///
/// An envelope is a few known pieces between a few strings. To write it so takes a third of the instructions
/// that a serializer does, which looks at each byte of each name.
pub(super) struct Sheet {
    stack: [u8; STACK],
    used: usize,
    /// All of it, once it is too long for the stack.
    heap: Vec<u8>,
}

const STACK: usize = 512;

impl Sheet {
    pub(super) fn new() -> Self {
        Self { stack: [0; STACK], used: 0, heap: Vec::new() }
    }

    /// Writes what is JSON already.
    #[inline]
    pub(super) fn raw(&mut self, json: &str) {
        self.bytes(json.as_bytes());
    }

    /// Writes a string, with quotes around it.
    pub(super) fn text(&mut self, text: &str) {
        let is_plain = |bytes: &[u8]| !bytes.iter().fold(false, |found, b| found | is_special(*b));
        if is_plain(text.as_bytes()) {
            self.raw("\"");
            self.raw(text);
            self.raw("\"");
        } else {
            self.value(text);
        }
    }

    /// Writes anything that can be. What cannot, leaves a piece of itself, and it is `false`.
    pub(super) fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> bool {
        serde_json::to_writer(self, value).is_ok()
    }

    pub(super) fn into_bytes(self) -> Bytes {
        if self.heap.is_empty() {
            return Bytes::copy_from_slice(&self.stack[..self.used]);
        }
        Bytes::from(self.heap)
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
            self.heap.reserve(2 * STACK + bytes.len());
            self.heap.extend_from_slice(&self.stack[..self.used]);
        }
        self.heap.extend_from_slice(bytes);
    }
}

impl io::Write for &mut Sheet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether a byte is written in another way within a string.
fn is_special(byte: u8) -> bool {
    byte < b' ' || byte == b'"' || byte == b'\\'
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn texts_are_written_as_a_serializer_does(texts in prop::collection::vec(any::<String>(), 0..40)) {
            let mut sheet = Sheet::new();
            let mut expected = String::new();
            for text in &texts {
                sheet.text(text);
                sheet.raw(",");
                expected.push_str(&serde_json::to_string(text).unwrap());
                expected.push(',');
            }
            prop_assert_eq!(sheet.into_bytes(), expected);
        }

        #[test]
        fn any_length_is_kept(piece in "[a-z]{0,600}", times in 0_usize..5) {
            let mut sheet = Sheet::new();
            (0..times).for_each(|_| sheet.raw(&piece));
            prop_assert_eq!(sheet.into_bytes(), piece.repeat(times));
        }
    }
}
