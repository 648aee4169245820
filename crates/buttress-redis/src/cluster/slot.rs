//! Which of the 16,384 parts of a cluster a key belongs to.

/// How many there are.
pub(crate) const SLOTS: u16 = 16_384;

/// The slot of all keys with this tag: the CRC-16 that is known as XMODEM, of the tag alone.
pub(crate) fn of(tag: &[u8]) -> u16 {
    crc16(tag) % SLOTS
}

fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc: u16, byte| {
        let [high, _] = crc.to_be_bytes();
        crc << 8 ^ TABLE[usize::from(high ^ byte)]
    })
}

const TABLE: [u16; 256] = table();

#[expect(clippy::cast_possible_truncation, reason = "it counts to 255")]
const fn table() -> [u16; 256] {
    let mut table = [0; 256];
    let mut at = 0;
    while at < table.len() {
        let mut crc = (at as u16) << 8;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ 0x1021 };
            bit += 1;
        }
        table[at] = crc;
        at += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn it_is_that_of_the_specification() {
        assert_eq!(crc16(b"123456789"), 0x31c3);
        assert_eq!((of(b"123456789"), of(b"foo"), of(b"bar"), of(b"")), (12_739, 12_182, 5_061, 0));
    }

    proptest! {
        /// Bit by bit, as it is defined.
        #[test]
        fn the_table_is_right(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let mut crc = 0_u16;
            for byte in &bytes {
                crc ^= u16::from(*byte) << 8;
                for _ in 0..8 {
                    crc = if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ 0x1021 };
                }
            }
            prop_assert_eq!(crc16(&bytes), crc);
            prop_assert!(of(&bytes) < SLOTS);
        }
    }
}
