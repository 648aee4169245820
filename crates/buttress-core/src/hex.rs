//! Lower-case hexadecimal digits, the only ones that ids are written in.

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Stands in [`VALUES`] for what is no digit: no digit sets its upper half.
const NONE: u8 = 0xf0;

/// The value of each digit.
static VALUES: [u8; 256] = {
    let mut values = [NONE; 256];
    let mut value = 0u8;
    while value < 16 {
        values[DIGITS[value as usize] as usize] = value;
        value += 1;
    }
    values
};

/// Reads the sixteen digits of a number, the most significant first.
pub(crate) fn decode(digits: &[u8; 16]) -> Option<u64> {
    // Whether all were digits is asked once, at the end: the loop has no branch.
    let (mut number, mut seen) = (0, 0);
    for &digit in digits {
        let value = VALUES[usize::from(digit)];
        seen |= value;
        number = number << 4 | u64::from(value);
    }
    (seen & NONE == 0).then_some(number)
}

/// Reads the two digits of a byte.
pub(crate) fn decode_byte([high, low]: [u8; 2]) -> Option<u8> {
    let (high, low) = (VALUES[usize::from(high)], VALUES[usize::from(low)]);
    ((high | low) & NONE == 0).then_some(high << 4 | low)
}

/// The sixteen digits of a number, the most significant first.
#[inline]
pub(crate) fn digits(number: u64) -> [u8; 16] {
    let [first, last] = [number >> 32, number & 0xffff_ffff].map(eight);
    (u128::from(first) << 64 | u128::from(last)).to_be_bytes()
}

/// Eight digits at once, each in its byte, of the lower half of a number.
#[inline]
const fn eight(number: u64) -> u64 {
    // The half is spread until each byte has four bits of it.
    let bits = (number << 16 | number) & 0x0000_ffff_0000_ffff;
    let bits = (bits << 8 | bits) & 0x00ff_00ff_00ff_00ff;
    let bits = (bits << 4 | bits) & 0x0f0f_0f0f_0f0f_0f0f;
    // One in each byte that is above nine, and so a letter.
    let letters = (bits + 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101;
    bits + 0x3030_3030_3030_3030 + letters * (b'a' - b'0' - 10) as u64
}

/// Writes two digits for each of `bytes`, as far as there is room in `out`.
#[inline]
pub(crate) fn encode(bytes: &[u8], out: &mut [u8]) {
    let (pairs, _) = out.as_chunks_mut::<2>();
    for (pair, byte) in pairs.iter_mut().zip(bytes) {
        *pair = [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 0xf)]];
    }
}
