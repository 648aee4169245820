use std::fmt;
use std::hash::{Hash, Hasher};
use std::num::NonZeroUsize;

use crate::hex;

/// What a limit, a lock, a breaker or an entry of a cache is known by: 128 bits that look random.
///
/// A [`Keyer`](super::Keyer) makes it. It tells nothing about what it was made of to anyone who does not have
/// the seed, so it may stand in a store, a log or a table.
///
/// ```
/// use buttress_core::key::{Key, KeySeed, Keyer};
///
/// let keyer = Keyer::from("000102030405060708090a0b0c0d0e0f".parse::<KeySeed>()?);
/// let key = keyer.writer().principal("ada").route("/orders/{id}").key();
///
/// assert_eq!(key.to_string(), "c16cd27626b3a9a772b961a793bbc04e");
/// assert_eq!(Key::parse(&key.to_hex()), Some(key));
/// assert_eq!(format!("{key:?}"), "Key(c16cd276…)");
/// # Ok::<_, buttress_core::key::InvalidSeed>(())
/// ```
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Key {
    halves: [u64; 2],
}

impl Key {
    /// Takes a key from its bytes, as they were kept in a store.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        let (halves, _) = bytes.as_chunks();
        Self::from_halves([u64::from_le_bytes(halves[0]), u64::from_le_bytes(halves[1])])
    }

    pub(super) const fn from_halves(halves: [u64; 2]) -> Self {
        Self { halves }
    }

    /// Reads 32 lower-case hexadecimal digits.
    #[must_use]
    pub fn parse(digits: &[u8]) -> Option<Self> {
        let ([first, second], []) = digits.as_chunks() else { return None };
        let half = |digits| hex::decode(digits).map(u64::swap_bytes);
        Some(Self::from_halves([half(first)?, half(second)?]))
    }

    /// The bytes, in the order in which they are written.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 16] {
        let [first, second] = self.halves;
        ((second as u128) << 64 | first as u128).to_le_bytes()
    }

    /// Two numbers, each uniform and independent of the other: the first and the last eight bytes, read with
    /// the lowest first.
    ///
    /// For tables of one's own. `Hash` gives out the first alone, [`shard`](Self::shard) goes by the second.
    #[must_use]
    pub const fn halves(self) -> [u64; 2] {
        self.halves
    }

    /// Which of `count` parts of a table it belongs to: each gets about as many keys.
    ///
    /// ```
    /// # use buttress_core::key::Keyer;
    /// # use std::num::NonZero;
    /// let shards = NonZero::new(16).unwrap();
    /// assert!(Keyer::random().writer().principal("ada").key().shard(shards) < 16);
    /// ```
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "it is below `count`")]
    pub const fn shard(self, count: NonZeroUsize) -> usize {
        let [_, half] = self.halves;
        ((half as u128 * count.get() as u128) >> 64) as usize
    }

    /// The 32 hexadecimal digits, for a store: always as many, and without an allocation.
    #[must_use]
    pub fn to_hex(self) -> [u8; 32] {
        let mut digits = [0; 32];
        hex::encode(&self.to_bytes(), &mut digits);
        digits
    }
}

/// Gives out 64 bits alone, as they are uniform already: see [`Uniform`](super::Uniform).
impl Hash for Key {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [half, _] = self.halves;
        state.write_u64(half);
    }
}

/// Prints the 32 hexadecimal digits.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(str::from_utf8(&self.to_hex()).unwrap_or_default())
    }
}

/// Prints eight digits, enough to tell keys apart in a log.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({self:.8}…)")
    }
}
