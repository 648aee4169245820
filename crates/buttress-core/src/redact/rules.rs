use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, LazyLock};

use http::HeaderMap;
use serde_json::Value;

use super::names::Names;
use super::{Headers, Json, Query, Uri, pointer, text};
use crate::{BuildError, Faults};

/// Knows what must not be seen; the [module](super) says what that is.
///
/// Cheap to clone: clones share the names.
///
/// ```
/// use buttress_core::Redact;
///
/// let redact = Redact::default();
/// assert_eq!(redact.text("sent to ada@example.org", 80), "sent to a***@example.org");
/// assert_eq!(redact.text("nothing to hide", 8), "nothi…");
/// ```
#[derive(Clone, Default)]
pub struct Redact {
    names: Arc<Names>,
}

impl Redact {
    /// Starts from the built-in names; nothing removes them.
    pub fn builder() -> RedactBuilder {
        RedactBuilder::default()
    }

    /// Whether a header of this name is hidden.
    #[must_use]
    pub fn hides_header(&self, name: &str) -> bool {
        self.names.field(name)
    }

    /// Whether the value of this query key is hidden; the key may be percent-encoded.
    #[must_use]
    pub fn hides_query_key(&self, key: &str) -> bool {
        self.names.query_key(key)
    }

    /// Whether a field of this name is hidden.
    #[must_use]
    pub fn hides_field(&self, name: &str) -> bool {
        self.names.field(name)
    }

    /// The headers, to be printed: nothing is copied before that.
    pub fn headers<'a>(&'a self, headers: &'a HeaderMap) -> Headers<'a> {
        Headers { redact: self, headers }
    }

    /// The URI, to be printed without user, password and hidden query values.
    pub fn uri<'a>(&'a self, uri: &'a http::Uri) -> Uri<'a> {
        Uri { redact: self, uri }
    }

    /// The query (what follows the `?`), to be printed without hidden values.
    pub fn query<'a>(&'a self, query: &'a str) -> Query<'a> {
        Query { redact: self, query }
    }

    /// The JSON value, to be printed or serialised without hidden fields.
    pub fn json<'a>(&'a self, value: &'a Value) -> Json<'a> {
        Json::new(self, value)
    }

    /// Free text, such as an error or the message of a panic: redacted, then cut to `max_len` bytes.
    ///
    /// A cut falls between two characters and ends in `…`, which counts. Borrowed, if nothing was found
    /// and nothing was cut. Should what is left after redacting keep on looking like a secret (nothing
    /// but an attack does), the whole text is hidden.
    #[must_use]
    pub fn text<'t>(&self, text: &'t str, max_len: usize) -> Cow<'t, str> {
        text::text(&self.names, text, max_len)
    }

    /// A JSON pointer: each of its names redacted as [text](Self::text) is, then cut to those that have room in
    /// `max_len` bytes. What is left is a pointer still, to what is around.
    ///
    /// ```
    /// use buttress_core::Redact;
    ///
    /// let redact = Redact::default();
    /// assert_eq!(redact.pointer("/home/street", 80), "/home/street");
    /// assert_eq!(redact.pointer("/users/ada@example.org/age", 80), "/users/a***@example.org/age");
    /// assert_eq!(redact.pointer("/items/17/amount", 12), "/items/17");
    /// ```
    #[must_use]
    pub fn pointer<'p>(&self, pointer: &'p str, max_len: usize) -> Cow<'p, str> {
        pointer::pointer(self, pointer, max_len)
    }

    /// The default, made once for all.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: LazyLock<Redact> = LazyLock::new(Redact::default);
        &SHARED
    }

    /// Whether it hides more than the built-in names.
    pub(crate) fn has_own_names(&self) -> bool {
        let names = &*self.names;
        [&names.headers, &names.query_keys, &names.fields].iter().any(|names| !names.is_empty())
    }

    /// Hides what either of the two hides.
    pub(crate) fn and(self, other: Self) -> Self {
        match (self.has_own_names(), other.has_own_names()) {
            (_, false) => self,
            (false, true) => other,
            (true, true) => Self { names: Arc::new(self.names.and(&other.names)) },
        }
    }

    /// As [`text`](Self::text), uncut.
    pub(super) fn whole<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.text(text, usize::MAX)
    }
}

impl fmt::Debug for Redact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.names.fmt(f)
    }
}

/// Collects the names that a [`Redact`] hides beside the built-in ones.
///
/// ```
/// use buttress_core::Redact;
///
/// let redact = Redact::builder().header("x-partner").query_key("seat").field("taxId").build()?;
/// assert!(redact.hides_field("TAX-ID"));
/// assert!(redact.hides_query_key("seat") && !redact.hides_field("seat"));
///
/// let error = Redact::builder().header("").field("größe").build().unwrap_err();
/// assert_eq!(error.faults().len(), 2);
/// # Ok::<(), buttress_core::BuildError>(())
/// ```
#[derive(Debug, Default)]
#[must_use = "nothing happens until `build` is called"]
pub struct RedactBuilder {
    names: Names,
}

impl RedactBuilder {
    /// Hides the header of this name.
    pub fn header(mut self, name: impl Into<String>) -> Self {
        self.names.headers.push(name.into());
        self
    }

    /// Hides the value of this key in queries.
    pub fn query_key(mut self, key: impl Into<String>) -> Self {
        self.names.query_keys.push(key.into());
        self
    }

    /// Hides the field of this name, in JSON, in text and in queries.
    pub fn field(mut self, name: impl Into<String>) -> Self {
        self.names.fields.push(name.into());
        self
    }

    /// Checks the names, once.
    ///
    /// # Errors
    ///
    /// Fails if a name could never match: if it has no letter and no digit, or anything else but those
    /// of ASCII, `-`, `_` and `.`.
    pub fn build(self) -> Result<Redact, BuildError> {
        let mut faults = Faults::new();
        check(&mut faults, "headers", &self.names.headers);
        check(&mut faults, "query_keys", &self.names.query_keys);
        check(&mut faults, "fields", &self.names.fields);
        faults.finish(Redact { names: Arc::new(self.names) })
    }
}

fn check(faults: &mut Faults, path: &str, names: &[String]) {
    for (at, name) in names.iter().enumerate() {
        if !name.bytes().any(|byte| byte.is_ascii_alphanumeric()) {
            faults.add(format!("{path}[{at}]"), "must have a letter or a digit");
        } else if !name.bytes().all(text::names_byte) {
            let name = name.escape_debug();
            let allowed = "letters and digits of ASCII, `-`, `_` and `.`";
            faults.add(format!("{path}[{at}]"), format_args!("`{name}` may only have {allowed}"));
        }
    }
}
