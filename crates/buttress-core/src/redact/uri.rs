use std::fmt;

use super::mask::MASK;
use super::{Redact, percent};

/// How often a value is decoded in search of a secret: a URL in a query of a URL is two.
const DECODINGS: usize = 3;

/// Prints a URI without what is hidden; made by [`Redact::uri`].
///
/// ```
/// use buttress_core::Redact;
/// use http::Uri;
///
/// let uri = Uri::from_static("https://ada:secret@example.org/in?page=1&code=4%2F0AX4");
/// let shown = Redact::default().uri(&uri).to_string();
/// assert_eq!(shown, "https://***@example.org/in?page=1&code=***");
/// ```
#[must_use = "nothing is redacted before it is printed"]
pub struct Uri<'a> {
    pub(super) redact: &'a Redact,
    pub(super) uri: &'a http::Uri,
}

impl fmt::Display for Uri<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(scheme) = self.uri.scheme() {
            write!(f, "{scheme}://")?;
        }
        if let Some(authority) = self.uri.authority() {
            match authority.as_str().rsplit_once('@') {
                Some((_, host)) => write!(f, "{MASK}@{host}")?,
                None => f.write_str(authority.as_str())?,
            }
        }
        for (at, segment) in self.uri.path().split('/').enumerate() {
            let slash = if at == 0 { "" } else { "/" };
            write!(f, "{slash}{}", if self.redact.innocent(segment) { segment } else { MASK })?;
        }
        match self.uri.query() {
            Some(query) => write!(f, "?{}", self.redact.query(query)),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Uri<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Prints a query without what is hidden; made by [`Redact::query`].
///
/// Values of hidden keys become `***`, and so does any other value in which a secret is found, also one
/// that is percent-encoded, as in a URL inside the query.
///
/// ```
/// use buttress_core::Redact;
///
/// let query = "next=https%3A%2F%2Fa.example%2F%3Ftoken%3Dabc&page=2";
/// assert_eq!(Redact::default().query(query).to_string(), "next=***&page=2");
/// ```
#[must_use = "nothing is redacted before it is printed"]
pub struct Query<'a> {
    pub(super) redact: &'a Redact,
    pub(super) query: &'a str,
}

impl Query<'_> {
    fn pair(&self, f: &mut fmt::Formatter<'_>, pair: &str) -> fmt::Result {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let hidden = !value.is_empty() && self.redact.hides_query_key(key);
        if !hidden && self.redact.innocent(pair) {
            return f.write_str(pair);
        }
        let key = if self.redact.innocent(key) { key } else { MASK };
        match value {
            "" => f.write_str(key),
            _ => write!(f, "{key}={MASK}"),
        }
    }
}

impl fmt::Display for Query<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, pair) in self.query.split('&').enumerate() {
            f.write_str(if at == 0 { "" } else { "&" })?;
            self.pair(f, pair)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Query<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Redact {
    /// Whether nothing is found in `part`, neither as it stands nor decoded.
    fn innocent(&self, part: &str) -> bool {
        let mut part = std::borrow::Cow::Borrowed(part);
        for _ in 0..DECODINGS {
            if self.whole(&part) != *part {
                return false;
            }
            if !part.contains('%') {
                return true;
            }
            part = percent::decoded(&part).into_owned().into();
        }
        self.whole(&part) == part
    }
}
