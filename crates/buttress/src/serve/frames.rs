/// The preface comes before the first frame.
const PREFACE: u32 = 24;

/// Reads along with HTTP/2, and counts the frames that bring nothing.
///
/// Pings, settings, window updates, priorities, resets, continuations and empty data cost the server work
/// and the sender almost nothing. A client has some of them free, some more with each second, and some with
/// each answer that has begun, each piece of one that it takes, and each kilobyte moved in either direction. A flood
/// has not, and nor have requests that are taken back before they are answered.
#[derive(Debug)]
pub(super) struct Frames {
    header: [u8; 9],
    have: u8,
    skip: u32,
    /// The frame is part of a head.
    of_head: bool,
    /// Another part of the head has to follow.
    to_follow: bool,
}

/// What was seen in some bytes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Seen {
    /// Frames that bring nothing.
    pub(super) idle: u64,
    /// Bytes of data.
    pub(super) data: u64,
    /// Frames that bring some.
    pub(super) full: u64,
}

impl Frames {
    pub(super) fn new() -> Self {
        Self { header: [0; 9], have: 0, skip: PREFACE, of_head: false, to_follow: false }
    }

    /// What the server sends, which begins without a preface.
    pub(super) fn sent() -> Self {
        Self { skip: 0, ..Self::new() }
    }

    /// Whether a head has begun to arrive, and not ended.
    pub(super) fn is_inside_head(&self) -> bool {
        self.to_follow || (self.of_head && self.skip > 0)
    }

    /// Takes the next bytes of the connection.
    pub(super) fn read(&mut self, mut bytes: &[u8]) -> Seen {
        let mut seen = Seen::default();
        while !bytes.is_empty() {
            if self.skip > 0 {
                let step = bytes.len().min(self.skip as usize);
                self.skip -= u32::try_from(step).unwrap_or(self.skip);
                bytes = &bytes[step..];
                continue;
            }
            let have = usize::from(self.have);
            let step = bytes.len().min(9 - have);
            self.header[have..have + step].copy_from_slice(&bytes[..step]);
            bytes = &bytes[step..];
            self.have += u8::try_from(step).unwrap_or_default();
            if self.have == 9 {
                self.have = 0;
                self.frame(&mut seen);
            }
        }
        seen
    }

    fn frame(&mut self, seen: &mut Seen) {
        let [a, b, c, kind, flags, ..] = self.header;
        let length = u32::from_be_bytes([0, a, b, c]);
        self.skip = length;
        // HEADERS or CONTINUATION, and END_HEADERS.
        self.of_head = matches!(kind, 1 | 9);
        self.to_follow = self.of_head && flags & 4 == 0;
        match kind {
            // Data that is empty and does not end the stream brings nothing.
            0 if length == 0 && flags & 1 == 0 => seen.idle += 1,
            0 => {
                seen.data += u64::from(length);
                seen.full += u64::from(length > 0);
            }
            1 => {}
            _ => seen.idle += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        [&length[1..], &[kind, flags, 0, 0, 0, 1], payload].concat()
    }

    fn stream() -> Vec<u8> {
        [
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
            frame(4, 0, &[0; 12]),
            frame(1, 4, b"a head"),
            frame(0, 0, &[7; 3_000]),
            frame(0, 0, b""),
            frame(0, 1, b""),
            frame(6, 0, &[0; 8]),
        ]
        .concat()
    }

    #[test]
    fn frames_are_told_apart() {
        let seen = Frames::new().read(&stream());
        assert_eq!(seen, Seen { idle: 3, data: 3_000, full: 1 });
    }

    #[test]
    fn a_head_is_inside_until_its_last_byte() {
        let mut frames = Frames::new();
        let mut inside = |bytes: &[u8]| {
            frames.read(bytes);
            frames.is_inside_head()
        };
        assert!(!inside(&stream()[..24]), "a preface is no head");
        let (whole, part, last) = (frame(1, 5, b"head"), frame(1, 1, b"he"), frame(9, 4, b"ad"));
        assert!(inside(&whole[..9]) && inside(&whole[9..12]) && !inside(&whole[12..]));
        assert!(inside(&part) && inside(&last[..10]) && !inside(&last[10..]));
        assert!(!inside(&frame(0, 0, &[7; 9])[..12]), "data is no head");
    }

    proptest! {
        #[test]
        fn pieces_are_the_same_as_the_whole(cuts in prop::collection::vec(1_usize..40, 1..100), bytes in prop_oneof![Just(stream()), prop::collection::vec(any::<u8>(), 0..500)]) {
            let whole = Frames::new().read(&bytes);
            let mut frames = Frames::new();
            let (mut rest, mut cuts) = (&bytes[..], cuts.iter().cycle());
            let mut sum = Seen::default();
            while !rest.is_empty() {
                let (piece, after) = rest.split_at((*cuts.next().unwrap()).min(rest.len()));
                let seen = frames.read(piece);
                sum = Seen {
                    idle: sum.idle + seen.idle,
                    data: sum.data + seen.data,
                    full: sum.full + seen.full,
                };
                rest = after;
            }
            prop_assert_eq!(sum, whole);
        }
    }
}
