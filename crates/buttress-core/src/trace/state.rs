use std::fmt;
use std::str::Split;

use http::HeaderValue;

use super::error::Malformed;
use super::list::{List, MAX_BYTES, is_member};

/// What each tracing system on the way wrote for itself: the youngest member first.
///
/// ```
/// use buttress_core::trace::TraceState;
/// use http::HeaderValue;
///
/// let headers = [HeaderValue::from_static("rojo=1, congo=2"), HeaderValue::from_static("acme@sys=3")];
/// let mut state = TraceState::parse(&headers).unwrap_or_default();
/// assert_eq!(state.get("acme@sys"), Some("3"));
///
/// state.insert("congo", "4")?;
/// assert_eq!(state.as_str(), "congo=4,rojo=1,acme@sys=3");
/// # Ok::<(), buttress_core::trace::Malformed>(())
/// ```
///
/// # Limits
///
/// A list of more than 32 members is malformed. One that is longer than 512 bytes is written without its
/// optional white space; if that does not help, it loses members as the specification asks: first those
/// longer than 128 bytes, then any, each time the rightmost.
///
/// Of several members with one key the leftmost is kept, which is the youngest: the specification
/// leaves this to us, and its test suite wants the rest of the list to survive.
#[derive(Clone, Default)]
pub struct TraceState {
    // Well-formed, and never empty. In the common case it shares its bytes with the request's header.
    header: Option<HeaderValue>,
}

impl TraceState {
    /// Joins the `tracestate` headers of one request, in their order; `None` if any part is malformed.
    #[must_use]
    pub fn parse<'a>(headers: impl IntoIterator<Item = &'a HeaderValue>) -> Option<Self> {
        let mut headers = headers.into_iter();
        let Some(first) = headers.next() else { return Some(Self::default()) };
        let second = headers.next();
        // Most requests: one header, one member.
        if second.is_none() && first.len() <= MAX_BYTES && is_member(first.as_bytes()) {
            return Some(Self::shared(first));
        }
        let mut list = List::new();
        for header in [first].into_iter().chain(second).chain(headers) {
            list.read(header.as_bytes())?;
        }
        let shared = second.is_none() && list.is_verbatim() && !list.as_slice().is_empty();
        Some(if shared { Self::shared(first) } else { Self::written(list) })
    }

    /// The value of the member with this key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.iter().find(|member| member.0 == key).map(|member| member.1)
    }

    /// The members, key and value, from the left, the youngest first.
    #[must_use]
    pub fn iter(&self) -> Members<'_> {
        Members { text: self.as_str().split(',') }
    }

    /// Whether there is no member.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.header.is_none()
    }

    /// Puts a member at the front, and takes the one that had its key away.
    ///
    /// Where a limit would be broken, others make room for it. Allocates.
    ///
    /// # Errors
    ///
    /// Fails, and changes nothing, if key or value break the grammar, or if they are longer than a whole
    /// list may be.
    pub fn insert(&mut self, key: &str, value: &str) -> Result<(), Malformed> {
        let malformed = Malformed { what: "tracestate member" };
        let member = format!("{key}={value}");
        if !is_member(member.as_bytes()) || member.len() > MAX_BYTES {
            return Err(malformed);
        }
        let mut list = List::new();
        list.read(self.as_str().as_bytes()).ok_or(malformed)?;
        list.put_first(member.as_bytes());
        *self = Self::written(list);
        Ok(())
    }

    /// The value of the header; empty if there is no member.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.header.as_ref().and_then(|header| header.to_str().ok()).unwrap_or_default()
    }

    /// The header to send, if there is anything to say.
    #[must_use]
    pub fn header(&self) -> Option<&HeaderValue> {
        self.header.as_ref()
    }

    fn shared(header: &HeaderValue) -> Self {
        Self { header: Some(header.clone()) }
    }

    fn written(mut list: List<'_>) -> Self {
        // One more: the last member has no comma.
        list.shorten(MAX_BYTES + 1);
        let text = list.as_slice().join(&b',');
        Self { header: HeaderValue::try_from(text).ok().filter(|header| !header.is_empty()) }
    }
}

/// Two are equal if they have the same members in the same order, whatever the white space.
impl PartialEq for TraceState {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for TraceState {}

impl fmt::Display for TraceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for TraceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self).finish()
    }
}

impl<'a> IntoIterator for &'a TraceState {
    type Item = (&'a str, &'a str);
    type IntoIter = Members<'a>;

    fn into_iter(self) -> Members<'a> {
        self.iter()
    }
}

/// The members of a [`TraceState`], key and value. See [`TraceState::iter`].
#[derive(Clone, Debug)]
pub struct Members<'a> {
    text: Split<'a, char>,
}

impl<'a> Iterator for Members<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        // What has no `=` is an empty place between two commas.
        self.text.find_map(|member| member.trim_ascii().split_once('='))
    }
}
