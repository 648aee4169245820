use buttress_core::clock::Moment;

/// The preface comes before the first frame.
const PREFACE: u32 = 24;
/// Bytes of data that pay for one more frame: a client that receives must send window updates.
const BYTES_PER_FRAME: u64 = 1_024;

/// Reads along with HTTP/2, and counts the frames that bring nothing.
///
/// Pings, settings, window updates, priorities, resets, continuations and empty data cost the server work
/// and the sender almost nothing. A client has some of them free, some more with each second, and some with
/// each request and each kilobyte moved in either direction. A flood has not.
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
    /// Requests and trailers that have begun.
    pub(super) heads: u64,
    /// Bytes of data.
    pub(super) data: u64,
}

impl Frames {
    pub(super) fn new() -> Self {
        Self { header: [0; 9], have: 0, skip: PREFACE, of_head: false, to_follow: false }
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
            0 => seen.data += u64::from(length),
            1 => seen.heads += 1,
            _ => seen.idle += 1,
        }
    }
}

/// How many idle frames a client may still send.
#[derive(Debug)]
pub(super) struct Budget {
    most: u64,
    each_second: u64,
    left: u64,
    filled: Moment,
    data: u64,
}

impl Budget {
    /// `most` at once, and `each_second` more each second.
    pub(super) fn new(most: u32, each_second: u32, now: Moment) -> Self {
        let most = u64::from(most);
        Self { most, each_second: each_second.into(), left: most, filled: now, data: 0 }
    }

    /// Takes what was seen out of it; `written` bytes went the other way. Says whether it was enough.
    pub(super) fn spend(&mut self, seen: Seen, written: u64, now: Moment) -> bool {
        self.fill(now);
        self.data = self.data.saturating_add(seen.data).saturating_add(written);
        let paid = self.data / BYTES_PER_FRAME;
        self.data %= BYTES_PER_FRAME;
        let earned = paid.saturating_add(seen.heads.saturating_mul(4));
        let left = self.left.saturating_add(earned).checked_sub(seen.idle);
        self.left = left.unwrap_or_default().min(self.most);
        left.is_some()
    }

    fn fill(&mut self, now: Moment) {
        let passed = now - self.filled;
        let earned = passed.as_nanos().saturating_mul(self.each_second.into()) / 1_000_000_000;
        let earned = u64::try_from(earned).unwrap_or(u64::MAX);
        if earned > 0 {
            self.filled = now;
            self.left = self.left.saturating_add(earned).min(self.most);
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
        assert_eq!(seen, Seen { idle: 3, heads: 1, data: 3_000 });
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

    #[test]
    fn a_flood_ends_and_a_download_does_not() {
        let now = Moment::FIRST;
        let one = Seen { idle: 1, ..Seen::default() };
        let mut flood = Budget::new(100, 10, now);
        assert_eq!((0..200).take_while(|_| flood.spend(one, 0, now)).count(), 100);
        let later = now + std::time::Duration::from_secs(11);
        assert_eq!((0..200).take_while(|_| flood.spend(one, 0, later)).count(), 100);

        let mut download = Budget::new(100, 10, now);
        assert!((0..100_000).all(|_| download.spend(one, 4_096, now)));
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
                sum = Seen { idle: sum.idle + seen.idle, heads: sum.heads + seen.heads, data: sum.data + seen.data };
                rest = after;
            }
            prop_assert_eq!(sum, whole);
        }

        /// Nobody gets more idle frames through than what was free and what the seconds brought.
        #[test]
        fn the_budget_is_a_bound(steps in prop::collection::vec((0_u64..2_000, 1_u64..50), 0..60)) {
            let mut budget = Budget::new(100, 10, Moment::FIRST);
            let (mut now, mut through) = (0, 0);
            for (millis, idle) in steps {
                now += millis;
                let seen = Seen { idle, ..Seen::default() };
                if !budget.spend(seen, 0, Moment::from_nanos(now * 1_000_000)) { break }
                through += idle;
            }
            prop_assert!(through <= 100 + now / 100);
        }
    }
}
