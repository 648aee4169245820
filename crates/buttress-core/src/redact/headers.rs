use std::borrow::Cow;
use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::Redact;
use super::mask::MASK;

/// Prints headers without what is hidden; made by [`Redact::headers`].
///
/// A value that was marked [sensitive](HeaderValue::is_sensitive) is hidden whatever its name is; what
/// remains is redacted as [text](Redact::text) is.
///
/// ```
/// use buttress_core::Redact;
/// use http::{HeaderMap, HeaderValue};
///
/// let mut headers = HeaderMap::new();
/// headers.insert("host", HeaderValue::from_static("example.org"));
/// headers.insert("cookie", HeaderValue::from_static("sid=31d4d96e"));
///
/// let redact = Redact::default();
/// assert_eq!(redact.headers(&headers).to_string(), "host: example.org, cookie: ***");
/// assert_eq!(
///     format!("{:?}", redact.headers(&headers)),
///     r#"{"host": "example.org", "cookie": "***"}"#
/// );
/// ```
#[must_use = "nothing is redacted before it is printed"]
pub struct Headers<'a> {
    pub(super) redact: &'a Redact,
    pub(super) headers: &'a HeaderMap,
}

impl<'a> Headers<'a> {
    fn shown(&self, name: &HeaderName, value: &'a HeaderValue) -> Cow<'a, str> {
        if value.is_sensitive() || self.redact.hides_header(name.as_str()) {
            return Cow::Borrowed(MASK);
        }
        if let Ok(text) = value.to_str() {
            return self.redact.whole(text);
        }
        // Escaped after redacting, as an escape would hide the shape of a secret.
        let text = String::from_utf8_lossy(value.as_bytes());
        Cow::Owned(self.redact.whole(&text).escape_debug().to_string())
    }
}

impl fmt::Display for Headers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (name, value)) in self.headers.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{name}: {}", self.shown(name, value))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Headers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries =
            self.headers.iter().map(|(name, value)| (name.as_str(), self.shown(name, value)));
        f.debug_map().entries(entries).finish()
    }
}
