//! Just enough of the wire format of protocol buffers to write a status.

/// A message under construction.
#[derive(Debug)]
pub(super) struct Message(Vec<u8>);

const VARINT: u64 = 0;
const LENGTH: u64 = 2;

impl Message {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Takes back what was written behind `length`.
    pub(super) fn truncate(&mut self, length: usize) {
        self.0.truncate(length);
    }

    /// A number; zero is left out, as it is the default.
    pub(super) fn number(&mut self, field: u64, number: u64) {
        if number > 0 {
            self.varint(field << 3 | VARINT);
            self.varint(number);
        }
    }

    /// A string; an empty one is left out.
    pub(super) fn text(&mut self, field: u64, text: &str) {
        self.texts(field, &[text]);
    }

    /// A string of several pieces.
    pub(super) fn texts(&mut self, field: u64, pieces: &[&str]) {
        let length: usize = pieces.iter().map(|piece| piece.len()).sum();
        if length > 0 {
            self.varint(field << 3 | LENGTH);
            self.varint(length as u64);
            for piece in pieces {
                self.0.extend_from_slice(piece.as_bytes());
            }
        }
    }

    /// A message within.
    pub(super) fn message(&mut self, field: u64, write: impl FnOnce(&mut Self)) {
        self.varint(field << 3 | LENGTH);
        let start = self.0.len();
        write(self);
        // The length stands before, and is known only now: what was written moves up.
        let end = self.0.len();
        self.varint((end - start) as u64);
        let width = self.0.len() - end;
        self.0[start..].rotate_right(width);
    }

    fn varint(&mut self, mut number: u64) {
        loop {
            let [low, ..] = number.to_le_bytes();
            number >>= 7;
            if number == 0 {
                return self.0.push(low);
            }
            self.0.push(low | 0x80);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_written_as_on_the_wire() {
        let mut message = Message::with_capacity(0);
        message.number(1, 150);
        message.number(2, 0);
        message.text(2, "testing");
        message.text(3, "");
        message.message(3, |inner| inner.number(1, 150));
        let wire = b"\x08\x96\x01\x12\x07testing\x1a\x03\x08\x96\x01";
        assert_eq!(message.bytes(), wire);
    }

    #[test]
    fn a_long_message_has_a_long_length() {
        let mut message = Message::with_capacity(0);
        message.message(1, |inner| inner.text(1, &"x".repeat(200)));
        assert_eq!(message.bytes()[..6], [0x0a, 0xcb, 0x01, 0x0a, 0xc8, 0x01]);
        assert_eq!(message.len(), 3 + 3 + 200);
    }
}
