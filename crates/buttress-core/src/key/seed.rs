use std::error::Error;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, de};

use crate::{Secret, hex, random};

/// The secret that keys are made with: 128 bits.
///
/// Processes with the same seed make the same keys. Anyone who has it can find out by trying which address, which
/// person or which API key is behind a key, and choose keys that collide. So keep it like a password: `Debug` prints
/// nothing of it, and there is no `Display` and no `Serialize`.
///
/// ```
/// use buttress_core::key::KeySeed;
///
/// // In settings it is a string of 32 hexadecimal digits, as `openssl rand -hex 16` makes them.
/// let seed: KeySeed = serde_json::from_str(r#""8f1d6a90c3b24e57a1f0d2c4b6e89375""#)?;
/// assert_eq!(seed, "8F1D6A90C3B24E57A1F0D2C4B6E89375".parse().unwrap());
/// assert_ne!(seed, KeySeed::random());
/// assert_eq!(format!("{seed:?}"), "KeySeed(…)");
///
/// let error = "8f1d6a90".parse::<KeySeed>().unwrap_err();
/// assert_eq!(error.to_string(), "a key seed has 32 hexadecimal digits, as `openssl rand -hex 16` makes them");
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Clone, Eq, PartialEq)]
pub struct KeySeed(Secret<[u8; 16]>);

impl KeySeed {
    /// Draws a seed from the operating system. Another process has another one.
    #[must_use]
    pub fn random() -> Self {
        // Not from the generator of ids: those are told to clients, who could compute its state from them.
        Self(Secret::new(random::seed()))
    }

    /// Takes a seed from bytes that nobody can guess, such as those that a store keeps for a fleet.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Secret::new(bytes))
    }

    /// Shows the seed, to keep it for other processes.
    #[must_use]
    pub const fn expose(&self) -> &[u8; 16] {
        self.0.expose()
    }
}

impl FromStr for KeySeed {
    type Err = InvalidSeed;

    fn from_str(digits: &str) -> Result<Self, InvalidSeed> {
        let digits: [u8; 32] = digits.as_bytes().try_into().map_err(|_| InvalidSeed::DIGITS)?;
        let digits = digits.map(|digit| digit.to_ascii_lowercase());
        if digits.iter().all(|digit| *digit == digits[0]) {
            return Err(InvalidSeed::GUESSABLE);
        }
        let mut bytes = [0; 16];
        for (byte, pair) in bytes.iter_mut().zip(digits.as_chunks().0) {
            *byte = hex::decode_byte(*pair).ok_or(InvalidSeed::DIGITS)?;
        }
        Ok(Self::from_bytes(bytes))
    }
}

impl fmt::Debug for KeySeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeySeed(…)")
    }
}

impl<'de> Deserialize<'de> for KeySeed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // As a secret, so that an error does not repeat what stood there.
        let digits = Secret::<String>::deserialize(deserializer)?;
        digits.expose().parse().map_err(de::Error::custom)
    }
}

#[cfg(feature = "schemars")]
impl schemars::JsonSchema for KeySeed {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "KeySeed".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": "^[0-9A-Fa-f]{32}$",
            "writeOnly": true,
        })
    }
}

/// A text is no [`KeySeed`], and why. It does not repeat the text.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct InvalidSeed {
    reason: &'static str,
}

impl InvalidSeed {
    const DIGITS: Self = Self {
        reason: "a key seed has 32 hexadecimal digits, as `openssl rand -hex 16` makes them",
    };
    const GUESSABLE: Self = Self {
        reason: "a key seed of one and the same digit can be guessed; `openssl rand -hex 16` makes a better one",
    };
}

impl fmt::Display for InvalidSeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason)
    }
}

impl Error for InvalidSeed {}
