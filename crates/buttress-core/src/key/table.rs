use std::hash::{BuildHasherDefault, Hasher};

/// Hashes the keys of a `HashMap`: hardly at all, because a [`Key`](super::Key) is uniform already.
///
/// Only for maps by `Key`, or by a tuple or struct with one inside. With anything else, strangers who choose the keys
/// can make them collide.
///
/// ```
/// use buttress_core::key::{Key, Keyer, Uniform};
/// use std::collections::HashMap;
///
/// let mut seen: HashMap<Key, u32, Uniform> = HashMap::default();
/// *seen.entry(Keyer::random().writer().principal("ada").key()).or_default() += 1;
/// assert_eq!(seen.len(), 1);
/// ```
pub type Uniform = BuildHasherDefault<UniformHasher>;

/// Passes on the bits of a [`Key`](super::Key). See [`Uniform`].
#[derive(Clone, Copy, Debug, Default)]
pub struct UniformHasher {
    bits: u64,
}

impl Hasher for UniformHasher {
    #[inline]
    fn finish(&self) -> u64 {
        self.bits
    }

    /// The first number passes as it is; what stands beside a key stirs it.
    #[inline]
    fn write_u64(&mut self, number: u64) {
        self.bits = self.bits.rotate_left(23) ^ number;
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }
}
