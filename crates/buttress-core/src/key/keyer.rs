use std::fmt;
use std::hash::Hasher;

use siphasher::sip128::SipHasher13;

use super::writing::Kind;
use super::{FoundKey, KEY_VERSION, Key, KeyFor, KeySeed, KeyWriter};
use crate::stage::RequestHead;

/// Makes [`Key`]s with a [`KeySeed`]. Cheap to copy.
///
/// The default has a random seed of its own: two of them make different keys.
///
/// ```
/// use buttress_core::key::{Keyer, MissingKey, KeyOutcome, header, principal};
///
/// let keyer = Keyer::random();
/// let request = http::Request::post("/orders").header("x-tenant", "acme").body(())?;
///
/// let found = keyer.key_for(&header("x-tenant"), &request);
/// assert!(found.is_complete());
///
/// // Nobody said who is asking.
/// let found = keyer.key_for(&principal(), &request);
/// assert!(!found.is_complete());
/// assert_eq!(found.or(MissingKey::Refuse), KeyOutcome::Refuse);
/// # Ok::<_, http::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct Keyer {
    /// What each key begins with is written to it already.
    seeded: SipHasher13,
}

impl Keyer {
    /// With a random seed of its own.
    #[must_use]
    pub fn random() -> Self {
        Self::from(KeySeed::random())
    }

    /// The key of a request, by what `by` says.
    #[inline]
    pub fn key_for<K: KeyFor + ?Sized>(&self, by: &K, request: &dyn RequestHead) -> FoundKey {
        let mut key = self.writer();
        by.write(request, &mut key);
        key.finish()
    }

    /// The key of these parts, in this order: short for a [`text`](KeyWriter::text) or
    /// [`bytes`](KeyWriter::bytes) for each.
    ///
    /// ```
    /// # let keyer = buttress_core::key::Keyer::random();
    /// assert_eq!(keyer.key_of(["payments", "eu-1"]), keyer.key_of([b"payments".as_slice(), b"eu-1"]));
    /// assert_ne!(keyer.key_of(["payments", "eu-1"]), keyer.key_of(["paymentseu-1"]));
    /// ```
    #[must_use]
    pub fn key_of<I>(&self, parts: I) -> Key
    where
        I: IntoIterator<Item: AsRef<[u8]>>,
    {
        let mut key = self.writer();
        for part in parts {
            key.part(Kind::Own, Some(part));
        }
        key.key()
    }

    /// Begins a key that is written part by part.
    #[inline]
    pub fn writer(&self) -> KeyWriter {
        KeyWriter::new(self.seeded)
    }

    /// Another keyer, whose keys have nothing in common with those of this one, or of one with another name.
    ///
    /// So one seed does for all uses of a fleet, and a key that one of them shows to somebody is of no use in
    /// another. The name costs nothing for each key.
    ///
    /// ```
    /// # use buttress_core::key::Keyer;
    /// let keyer = Keyer::random();
    /// let (limits, breakers) = (keyer.scoped("limits"), keyer.scoped("breakers"));
    /// assert_ne!(limits.key_of(["ada"]), breakers.key_of(["ada"]));
    /// assert_eq!(limits.key_of(["ada"]), keyer.scoped("limits").key_of(["ada"]));
    /// ```
    #[must_use]
    pub fn scoped(&self, name: &str) -> Self {
        let seed = self.writer().part(Kind::Scope, Some(name)).key();
        Self::from(KeySeed::from_bytes(seed.to_bytes()))
    }
}

impl From<KeySeed> for Keyer {
    fn from(seed: KeySeed) -> Self {
        Self::from(&seed)
    }
}

impl From<&KeySeed> for Keyer {
    fn from(seed: &KeySeed) -> Self {
        let mut seeded = SipHasher13::new_with_key(seed.expose());
        seeded.write_u8(KEY_VERSION);
        Self { seeded }
    }
}

/// With a random seed of its own.
impl Default for Keyer {
    fn default() -> Self {
        Self::random()
    }
}

impl fmt::Debug for Keyer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyer(…)")
    }
}
