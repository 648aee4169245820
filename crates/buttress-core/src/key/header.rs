use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::writing::{Ambiguous, Kind};
use super::{KeyFor, KeyParts, KeyWriter};
use crate::stage::RequestHead;

static X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// Keys by the value of a header.
///
/// White space around the value does not matter, anything else does. Missing if the header is absent; an empty one
/// is not absent. If it is there more than once, with different values, nobody can say which of them counts: see
/// [`MissingKey::Skip`](super::MissingKey::Skip).
///
/// The writer of the header chooses the key. So it is for headers that a proxy of yours writes, or beside a part that
/// the client cannot choose.
///
/// ```
/// use buttress_core::key::{Keyer, header};
/// use http::{HeaderName, HeaderValue};
///
/// let keyer = Keyer::random();
/// let request = http::Request::get("/").header("x-tenant", "acme").body(())?;
/// let (name, value) = (HeaderName::from_static("x-tenant"), HeaderValue::from_static("acme"));
/// let by_hand = keyer.writer().header(&name, &value).key();
/// assert_eq!(keyer.key_for(&header("x-tenant"), &request).key(), by_hand);
/// # Ok::<_, http::Error>(())
/// ```
///
/// # Panics
///
/// If `name` is not the name of a header in lower case. For a name of the settings, take [`header_named`].
#[must_use]
pub fn header(name: &'static str) -> ByHeader {
    header_named(HeaderName::from_static(name))
}

/// [`header`](header()), with a name that is known at run time.
#[must_use]
pub fn header_named(name: HeaderName) -> ByHeader {
    ByHeader { name }
}

/// See [`header`](header()).
#[derive(Clone, Debug)]
pub struct ByHeader {
    name: HeaderName,
}

impl KeyFor for ByHeader {
    fn write(&self, request: &dyn RequestHead, key: &mut KeyWriter) {
        key.named(&self.name, only(request.headers(), &self.name));
    }

    fn describe(&self, parts: &mut KeyParts) {
        parts.named(Kind::Header, self.name.as_str().to_owned());
    }
}

/// Keys by the API key that a request brings: `Authorization: Bearer …` or `X-Api-Key: …`.
///
/// It goes into the hash alone. Missing if there is none, or an empty one, or another scheme than `Bearer`, whose
/// case does not matter. If both headers bring one, or one header several, and these differ, nobody can say which
/// of them counts: see [`MissingKey::Skip`](super::MissingKey::Skip). [`only_in`](ByApiKey::only_in) names the one
/// header where your service looks; then others do not matter.
///
/// Nobody has checked this key. A client can make up a new one for each request, and so get a new limit each time.
/// Put it behind authentication, or another limit by [`address`](super::address) beside it.
///
/// ```
/// use buttress_core::key::{Keyer, api_key};
///
/// let keyer = Keyer::random();
/// let key = |name: &str, value: &str| {
///     let request = http::Request::get("/").header(name, value).body(()).unwrap();
///     keyer.key_for(&api_key(), &request).key()
/// };
/// assert_eq!(key("authorization", "Bearer k-17"), keyer.writer().api_key("k-17").key());
/// assert_eq!(key("authorization", "bearer  k-17"), key("x-api-key", "k-17"));
/// assert_eq!(key("authorization", "Basic k-17"), keyer.writer().api_key(None).key());
/// ```
#[must_use]
pub fn api_key() -> ByApiKey {
    ByApiKey { only_in: None }
}

/// See [`api_key`].
#[derive(Clone, Debug)]
pub struct ByApiKey {
    only_in: Option<HeaderName>,
}

impl ByApiKey {
    /// Looks in this header alone. In `Authorization` it is what follows `Bearer`.
    ///
    /// ```
    /// use buttress_core::key::{Keyer, api_key};
    /// use http::HeaderName;
    ///
    /// let keyer = Keyer::random();
    /// let by = api_key().only_in(HeaderName::from_static("x-shop-key"));
    /// let request = http::Request::get("/").header("x-shop-key", "k-17").body(())?;
    /// assert_eq!(keyer.key_for(&by, &request).key(), keyer.writer().api_key("k-17").key());
    /// # Ok::<_, http::Error>(())
    /// ```
    #[must_use]
    pub fn only_in(self, name: HeaderName) -> Self {
        Self { only_in: Some(name) }
    }

    fn find<'a>(&self, headers: &'a HeaderMap) -> Result<Option<&'a [u8]>, Ambiguous> {
        match &self.only_in {
            Some(name) => given(headers, name),
            None => match (given(headers, &AUTHORIZATION)?, given(headers, &X_API_KEY)?) {
                (Some(one), Some(other)) if one != other => Err(Ambiguous),
                (one, other) => Ok(one.or(other)),
            },
        }
    }
}

impl KeyFor for ByApiKey {
    fn write(&self, request: &dyn RequestHead, key: &mut KeyWriter) {
        key.part_found(Kind::ApiKey, self.find(request.headers()));
    }

    fn describe(&self, parts: &mut KeyParts) {
        match &self.only_in {
            Some(name) => parts.named(Kind::ApiKey, name.as_str().to_owned()),
            None => parts.add(Kind::ApiKey),
        }
    }
}

/// The API key in this header.
fn given<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a [u8]>, Ambiguous> {
    let read = if *name == AUTHORIZATION { bearer } else { <[u8]>::trim_ascii };
    agreed(values(headers, name).map(read).filter(|key| !key.is_empty()))
}

/// What follows the scheme; nothing with another one.
fn bearer(value: &[u8]) -> &[u8] {
    match value.split_first_chunk::<7>() {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case(b"bearer ") => token.trim_ascii(),
        _ => b"",
    }
}

/// The one value of a header.
pub(super) fn only<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> Result<Option<&'a [u8]>, Ambiguous> {
    agreed(values(headers, name))
}

fn values<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a [u8]> {
    headers.get_all(name).iter().map(HeaderValue::as_bytes).map(<[u8]>::trim_ascii)
}

/// One value, however often it was said.
fn agreed<'a>(mut values: impl Iterator<Item = &'a [u8]>) -> Result<Option<&'a [u8]>, Ambiguous> {
    let Some(first) = values.next() else { return Ok(None) };
    if values.all(|value| value == first) { Ok(Some(first)) } else { Err(Ambiguous) }
}
