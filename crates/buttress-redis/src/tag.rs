use std::fmt;

/// What an operation is about: the part of its keys between `{` and `}`, by which a cluster chooses the server.
///
/// A word of the program's own, or a number that stands for something that must not be seen in a store.
///
/// ```
/// use buttress_redis::Tag;
///
/// assert_eq!(Tag::from("visits").to_string(), "visits");
/// assert_eq!(Tag::from(0xff_u128).to_string(), "000000000000000000000000000000ff");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Tag(Kind);

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum Kind {
    Word(&'static str),
    Number(u128),
}

impl Tag {
    /// Whether the keys made of it have this tag, and no other.
    pub(crate) fn is_plain(&self) -> bool {
        match self.0 {
            Kind::Word(word) => !word.is_empty() && !word.contains(['{', '}']),
            Kind::Number(_) => true,
        }
    }

    /// Chooses one of many.
    #[expect(clippy::cast_possible_truncation, reason = "any bits will do")]
    pub(crate) fn choose(&self, of: usize) -> usize {
        let number = match self.0 {
            Kind::Word(word) => {
                word.bytes().fold(0, |sum, byte| sum * 31 % 65_537 + u128::from(byte))
            }
            Kind::Number(number) => number,
        };
        (number % of.max(1) as u128) as usize
    }
}

impl From<&'static str> for Tag {
    fn from(word: &'static str) -> Self {
        Self(Kind::Word(word))
    }
}

impl From<u128> for Tag {
    fn from(number: u128) -> Self {
        Self(Kind::Number(number))
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Kind::Word(word) => f.write_str(word),
            Kind::Number(number) => write!(f, "{number:032x}"),
        }
    }
}
