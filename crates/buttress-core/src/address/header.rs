use std::fmt;

use http::HeaderName;
use http::header::FORWARDED;

static X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
static X_REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");

/// The one header that tells who called a proxy.
///
/// Choose what your proxies write; a client can write the others. See the [module](super) for why
/// exactly one is believed, and how each is read.
///
/// ```
/// use buttress_core::address::ForwardingHeader;
///
/// assert_eq!(ForwardingHeader::default(), ForwardingHeader::XForwardedFor);
/// assert_eq!(ForwardingHeader::Forwarded.to_string(), "forwarded");
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ForwardingHeader {
    /// `X-Forwarded-For`: each proxy adds its caller on the right. The default.
    #[default]
    XForwardedFor,
    /// `Forwarded` of RFC 7239: each proxy adds an element with `for=` on the right.
    Forwarded,
    /// `X-Real-IP`: one proxy sets it, once, over whatever the client sent. There is nothing to
    /// walk: the value is the client, and two lines of it are unreadable.
    XRealIp,
}

impl ForwardingHeader {
    pub(super) const ALL: [Self; 3] = [Self::XForwardedFor, Self::Forwarded, Self::XRealIp];

    /// Finds the header by its name, in any case.
    pub(super) fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|header| header.as_str().eq_ignore_ascii_case(name))
    }

    pub(super) fn name(self) -> &'static HeaderName {
        match self {
            Self::XForwardedFor => &X_FORWARDED_FOR,
            Self::Forwarded => &FORWARDED,
            Self::XRealIp => &X_REAL_IP,
        }
    }

    /// The header's name in lower case.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.name().as_str()
    }
}

impl fmt::Display for ForwardingHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
