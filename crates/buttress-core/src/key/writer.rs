use std::fmt;
use std::hash::Hasher;

use http::{HeaderName, HeaderValue, Method};
use siphasher::sip128::{Hasher128, SipHasher13};

use super::Key;
use super::missing::{Found, FoundKey};
use super::writing::Kind;
use crate::address::Network;

/// Takes the parts of a [`Key`], one after another, and keeps none of them.
///
/// A [`Keyer`](super::Keyer) hands it out. A [`KeyFor`](super::KeyFor) writes into it what a request is keyed by;
/// without a request, write the parts by hand. A part that is `None` is written as absent.
///
/// ```
/// use buttress_core::key::{Keyer, address};
/// use buttress_core::ClientAddress;
/// use std::net::SocketAddr;
///
/// let keyer = Keyer::random();
/// let caller = SocketAddr::from(([203, 0, 113, 7], 4711));
///
/// // The key that `address()` makes for a request of this caller: to look at a limit, or to lift it.
/// let by_hand = keyer.writer().address(ClientAddress::from(caller).network()).key();
/// # let mut request = http::Request::new(());
/// # request.extensions_mut().insert(caller);
/// assert_eq!(keyer.key_for(&address(), &request).key(), by_hand);
///
/// // A key that has nothing to do with HTTP.
/// let queue = keyer.writer().label("queue").text("invoices").number(7).key();
/// assert_ne!(queue, by_hand);
/// ```
#[derive(Clone)]
#[must_use = "parts have no effect until `key` or `finish` is called"]
pub struct KeyWriter {
    pub(super) hash: SipHasher13,
    pub(super) found: Found,
}

impl KeyWriter {
    #[inline]
    pub(super) fn new(seeded: SipHasher13) -> Self {
        Self { hash: seeded, found: Found::Complete }
    }

    /// Adds an address, or a group of addresses that is one client: see
    /// [`ClientAddress::network`](crate::ClientAddress::network).
    #[inline]
    pub fn address(&mut self, network: impl Into<Option<Network>>) -> &mut Self {
        let Some((is_ipv6, bits, prefix)) = network.into().map(Network::to_bytes) else {
            return self.absent(Kind::Address, Found::Missing);
        };
        // A number goes in as the bytes that it has in memory, with less ado than a slice.
        let begins_with = |length| u16::from_ne_bytes([Kind::Address as u8, length]);
        if is_ipv6 {
            self.hash.write_u16(begins_with(17));
            self.hash.write(&bits);
        } else {
            self.hash.write_u16(begins_with(5));
            let [a, b, c, d, ..] = bits;
            self.hash.write_u32(u32::from_ne_bytes([a, b, c, d]));
        }
        self.hash.write_u8(prefix);
        self
    }

    /// Adds the value of a header; white space around it is not part of it.
    pub fn header<'a>(
        &mut self,
        name: &HeaderName,
        value: impl Into<Option<&'a HeaderValue>>,
    ) -> &mut Self {
        let value = value.into().map(|value| value.as_bytes().trim_ascii());
        self.named(name, Ok(value))
    }

    /// Adds an API key. Like all parts it goes into the hash alone.
    pub fn api_key<'a>(&mut self, key: impl Into<Option<&'a str>>) -> &mut Self {
        self.part(Kind::ApiKey, key.into())
    }

    /// Adds the stable id of a [`Principal`](crate::Principal).
    pub fn principal<'a>(&mut self, id: impl Into<Option<&'a str>>) -> &mut Self {
        self.part(Kind::Principal, id.into())
    }

    /// Adds the template of a route, as in `/orders/{id}`.
    pub fn route<'a>(&mut self, template: impl Into<Option<&'a str>>) -> &mut Self {
        self.part(Kind::Route, template.into())
    }

    /// Adds the id of a tenant.
    pub fn tenant<'a>(&mut self, id: impl Into<Option<&'a str>>) -> &mut Self {
        self.part(Kind::Tenant, id.into())
    }

    /// Adds the id of a session.
    pub fn session<'a>(&mut self, id: impl Into<Option<&'a str>>) -> &mut Self {
        self.part(Kind::Session, id.into())
    }

    /// Adds a method.
    pub fn method(&mut self, method: &Method) -> &mut Self {
        self.part(Kind::Method, Some(method.as_str()))
    }

    /// Adds the name of a host, without a port. Its case and one dot at its end do not matter.
    pub fn host<'a>(&mut self, name: impl Into<Option<&'a str>>) -> &mut Self {
        self.host_found(Ok(name.into()))
    }

    /// Adds where a connection goes: the name of a host, as for [`host`](Self::host), and a port.
    pub fn endpoint<'a>(&mut self, at: impl Into<Option<(&'a str, u16)>>) -> &mut Self {
        let Some((host, port)) = at.into() else {
            return self.absent(Kind::Endpoint, Found::Missing);
        };
        self.hash.write_u8(Kind::Endpoint as u8);
        self.lower_case(host);
        self.hash.write(&port.to_be_bytes());
        self
    }

    /// Adds a path, as it was sent.
    pub fn path(&mut self, path: &str) -> &mut Self {
        self.part(Kind::Path, Some(path))
    }

    /// Adds a name that tells apart what would have the same parts otherwise.
    pub fn label(&mut self, name: &str) -> &mut Self {
        self.part(Kind::Label, Some(name))
    }

    /// Adds a part of your own.
    pub fn text<'a>(&mut self, text: impl Into<Option<&'a str>>) -> &mut Self {
        self.part(Kind::Own, text.into())
    }

    /// Adds a part of your own. A text and its bytes are the same part.
    pub fn bytes<'a>(&mut self, bytes: impl Into<Option<&'a [u8]>>) -> &mut Self {
        self.part(Kind::Own, bytes.into())
    }

    /// Adds a number of your own.
    pub fn number(&mut self, number: impl Into<Option<u64>>) -> &mut Self {
        self.part(Kind::Number, number.into().map(u64::to_be_bytes))
    }

    /// Adds a part of your own that has more than one value, so that nobody can say which of them counts.
    ///
    /// It is written as absent. But [`MissingKey::Skip`](super::MissingKey::Skip) does not skip it: otherwise a client
    /// that sends a second value would be rid of the limit.
    pub fn ambiguous(&mut self) -> &mut Self {
        self.absent(Kind::Own, Found::Ambiguous)
    }

    /// The key of all parts so far, whether or not one of them is missing.
    #[must_use]
    #[inline]
    pub fn key(&self) -> Key {
        let hash = self.hash.finish128();
        Key::from_halves([hash.h1, hash.h2])
    }

    /// The key of all parts so far, and whether all of them were there.
    #[inline]
    pub fn finish(&self) -> FoundKey {
        FoundKey::new(self.key(), self.found)
    }
}

impl fmt::Debug for KeyWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the hash: its state shows the seed.
        f.debug_struct("KeyWriter").field("found", &self.found).finish_non_exhaustive()
    }
}
