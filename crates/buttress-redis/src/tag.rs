use std::fmt;
use std::io::{self, Write};
use std::num::NonZeroUsize;

use buttress_core::Key;

use crate::cluster::slot;

/// What an operation is about: the part of its keys between `{` and `}`, by which a cluster chooses the server.
///
/// A word of the program's own, or a [`Key`], which stands for what must not be seen in a store.
///
/// ```
/// use buttress_core::Key;
/// use buttress_redis::Tag;
///
/// assert_eq!(Tag::from("visits").to_string(), "visits");
/// let key = Key::from_bytes([0xff; 16]);
/// assert_eq!(Tag::from(key).to_string(), key.to_string());
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Tag(Kind);

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum Kind {
    Word(&'static str),
    Key(Key),
}

impl Tag {
    /// Whether the keys made of it have this tag, and no other.
    pub(crate) fn is_plain(&self) -> bool {
        match self.0 {
            Kind::Word(word) => !word.is_empty() && !word.contains(['{', '}']),
            Kind::Key(_) => true,
        }
    }

    /// Where a cluster keeps it.
    pub(crate) fn slot(&self) -> u16 {
        match self.0 {
            Kind::Word(word) => slot::of(word.as_bytes()),
            Kind::Key(key) => slot::of(&key.to_hex()),
        }
    }

    /// The bytes that stand for it in a key.
    pub(crate) fn write_to(&self, out: &mut impl Write) -> io::Result<()> {
        match self.0 {
            Kind::Word(word) => out.write_all(word.as_bytes()),
            Kind::Key(key) => out.write_all(&key.to_hex()),
        }
    }

    /// Chooses one of many.
    pub(crate) fn choose(&self, of: NonZeroUsize) -> usize {
        match self.0 {
            Kind::Word(word) => {
                word.bytes().fold(0_usize, |sum, byte| sum * 31 % 65_537 + usize::from(byte)) % of
            }
            Kind::Key(key) => key.shard(of),
        }
    }
}

impl From<&'static str> for Tag {
    fn from(word: &'static str) -> Self {
        Self(Kind::Word(word))
    }
}

impl From<Key> for Tag {
    fn from(key: Key) -> Self {
        Self(Kind::Key(key))
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Kind::Word(word) => f.write_str(word),
            Kind::Key(key) => key.fmt(f),
        }
    }
}
