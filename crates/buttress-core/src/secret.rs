use std::fmt;
use std::hint::black_box;

use serde::{Deserialize, Deserializer, de};

/// A value that must not be seen: a password, a key, a token.
///
/// `Debug` prints nothing of it; there is no `Display` and no `Serialize`, so that it reaches a log or an
/// answer only through [`expose`](Self::expose), which a reviewer can search for.
///
/// ```
/// use buttress_core::Secret;
///
/// let secret = Secret::from("hunter2".to_owned());
/// assert_eq!(format!("{secret:?}"), "Secret(…)");
/// assert_eq!(secret.expose(), "hunter2");
/// ```
///
/// It is read from settings as the plain value. An error of that says only that it could not be read,
/// because the usual message would repeat what stood there.
///
/// Secrets that are bytes (`String`, `Vec<u8>`, arrays) are compared without stopping at the first
/// difference, so that the time taken tells an attacker nothing but the length.
///
/// # What it does not do
///
/// The memory is not wiped when it is dropped, it may be swapped out, and it stands in a core dump:
/// wiping needs `unsafe` code or a dependency, and this crate has neither. A clone is a second copy.
#[derive(Clone, Default)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    /// Hides `value`.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// Shows the value, to use it.
    #[must_use]
    pub const fn expose(&self) -> &T {
        &self.0
    }

    /// Gives the value out, no longer hidden.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> From<T> for Secret<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl<T: AsRef<[u8]>> PartialEq for Secret<T> {
    fn eq(&self, other: &Self) -> bool {
        let (ours, theirs) = (self.0.as_ref(), other.0.as_ref());
        // The fold looks at every byte; `black_box` keeps the compiler from leaving it early.
        let differing =
            ours.iter().zip(theirs).fold(0, |differing, (a, b)| black_box(differing | (a ^ b)));
        ours.len() == theirs.len() && differing == 0
    }
}

impl<T: AsRef<[u8]>> Eq for Secret<T> {}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Secret<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer)
            .map(Self)
            .map_err(|_| de::Error::custom("a secret of another type was expected here"))
    }
}

#[cfg(feature = "schemars")]
impl<T: schemars::JsonSchema> schemars::JsonSchema for Secret<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> std::borrow::Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let mut schema = T::json_schema(generator);
        schema.insert("writeOnly".to_owned(), true.into());
        schema
    }
}
