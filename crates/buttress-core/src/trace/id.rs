use std::fmt;
use std::num::{NonZeroU64, NonZeroU128};
use std::str::FromStr;

use super::error::Malformed;
use crate::hex;

/// Names a whole trace: sixteen bytes, never all zero.
///
/// ```
/// use buttress_core::trace::TraceId;
///
/// let id: TraceId = "0af7651916cd43dd8448eb211c80319c".parse()?;
/// assert_eq!(id.to_string(), "0af7651916cd43dd8448eb211c80319c");
/// assert_eq!(TraceId::parse(b"00000000000000000000000000000000"), None);
/// assert_eq!(TraceId::from_bytes(id.to_bytes()), Some(id));
/// # Ok::<(), buttress_core::trace::Malformed>(())
/// ```
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TraceId(NonZeroU128);

/// Names one span of a trace, such as the handling of one request: eight bytes, never all zero.
///
/// ```
/// use buttress_core::trace::SpanId;
///
/// let id: SpanId = "b7ad6b7169203331".parse()?;
/// assert_eq!(id.to_string(), "b7ad6b7169203331");
/// assert_eq!(SpanId::parse(b"0000000000000000"), None);
/// assert_eq!(SpanId::from_bytes(id.to_bytes()), Some(id));
/// # Ok::<(), buttress_core::trace::Malformed>(())
/// ```
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct SpanId(NonZeroU64);

impl TraceId {
    /// Reads 32 lower-case hexadecimal digits.
    #[must_use]
    pub fn parse(digits: &[u8]) -> Option<Self> {
        let ([high, low], []) = digits.as_chunks() else { return None };
        let (high, low) = (hex::decode(high)?, hex::decode(low)?);
        NonZeroU128::new(u128::from(high) << 64 | u128::from(low)).map(Self)
    }
}

impl SpanId {
    /// Reads 16 lower-case hexadecimal digits.
    #[must_use]
    pub fn parse(digits: &[u8]) -> Option<Self> {
        NonZeroU64::new(hex::decode(digits.try_into().ok()?)?).map(Self)
    }
}

/// What the two have in common, which is all but how they are read.
macro_rules! id {
    ($Id:ident, $what:literal, $NonZero:ident, $number:ident, $bytes:literal) => {
        impl $Id {
            /// Takes the id from a number drawn at random; 1 stands in for 0, which is no id.
            #[must_use]
            pub const fn from_random(random: $number) -> Self {
                match $NonZero::new(random) {
                    Some(id) => Self(id),
                    None => Self($NonZero::MIN),
                }
            }

            /// Takes the id from its bytes, if one of them is not zero.
            #[must_use]
            pub fn from_bytes(bytes: [u8; $bytes]) -> Option<Self> {
                $NonZero::new($number::from_be_bytes(bytes)).map(Self)
            }

            /// The bytes, in the order in which they are written.
            #[must_use]
            pub const fn to_bytes(self) -> [u8; $bytes] {
                self.0.get().to_be_bytes()
            }
        }

        impl FromStr for $Id {
            type Err = Malformed;

            fn from_str(digits: &str) -> Result<Self, Malformed> {
                Self::parse(digits.as_bytes()).ok_or(Malformed { what: $what })
            }
        }

        impl fmt::Display for $Id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut digits = [0; 2 * $bytes];
                hex::encode(&self.to_bytes(), &mut digits);
                f.pad(str::from_utf8(&digits).unwrap_or_default())
            }
        }

        impl fmt::Debug for $Id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($Id), "({})"), self)
            }
        }
    };
}

id!(TraceId, "trace id", NonZeroU128, u128, 16);
id!(SpanId, "span id", NonZeroU64, u64, 8);
