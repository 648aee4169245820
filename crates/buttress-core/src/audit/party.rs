use std::borrow::Cow;
use std::fmt;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::Actor;
use crate::address::Network;
use crate::key::Keyer;
use crate::{ClientAddress, Key, Redact};

/// Somebody, as a record may tell of them: enough to find all that they did, and not who they are.
///
/// | who | `kind` | `name` | `key` |
/// |---|---|---|---|
/// | a client | `client` | the network around it: `203.0.113.0/24`, `2001:db8:1::/48` | of its address, or of its IPv6 network |
/// | a principal | `principal` | | of its id |
/// | a key | `key` | | itself |
/// | a part of the system | `system` | its name | |
/// | nobody knows | `unknown` | | |
///
/// Keys are made with the [keyer of the audit](super::AuditBuilder::keyer), so the same client has the same key in each
/// record, and nobody who does not have the seed can tell which one it is.
/// [`dangerous_show_people`](super::AuditBuilder::dangerous_show_people) adds what is left out here. See
/// [`Record`](super::Record) for an example.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Party<'a> {
    kind: &'static str,
    name: Name<'a>,
    key: Option<Key>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Name<'a> {
    None,
    Text(Cow<'a, str>),
    Network(Network),
}

/// How much of an address is told: about as much as says in which town it is.
const SHOWN_OF_IPV4: u8 = 24;
const SHOWN_OF_IPV6: u8 = 48;

/// No name is longer than this; what is, is cut.
const LONGEST_NAME: usize = 128;

impl Party<'_> {
    /// Which kind of somebody: see the table.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        self.kind
    }

    /// What may be told of the name.
    #[must_use]
    pub fn name(&self) -> Option<Cow<'_, str>> {
        match &self.name {
            Name::None => None,
            Name::Text(name) => Some(Cow::Borrowed(name)),
            Name::Network(network) => Some(Cow::Owned(network.to_string())),
        }
    }

    /// What tells this one from others.
    #[must_use]
    pub const fn key(&self) -> Option<Key> {
        self.key
    }

    pub(super) fn into_owned(self) -> Party<'static> {
        let name = match self.name {
            Name::None => Name::None,
            Name::Text(name) => Name::Text(Cow::Owned(name.into_owned())),
            Name::Network(network) => Name::Network(network),
        };
        Party { name, kind: self.kind, key: self.key }
    }
}

/// The kind, then what there is of a name and a key.
impl fmt::Display for Party<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind)?;
        match &self.name {
            Name::None => {}
            Name::Text(name) => write!(f, " {name}")?,
            Name::Network(network) => write!(f, " {network}")?,
        }
        self.key.iter().try_for_each(|key| write!(f, " {key}"))
    }
}

impl Serialize for Party<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("kind", self.kind)?;
        match &self.name {
            Name::None => {}
            Name::Text(name) => map.serialize_entry("name", name)?,
            Name::Network(network) => map.serialize_entry("name", &format_args!("{network}"))?,
        }
        if let Some(key) = &self.key {
            map.serialize_entry("key", &format_args!("{key}"))?;
        }
        map.end()
    }
}

/// What makes a [`Party`] of an [`Actor`].
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) keyer: Keyer,
    pub(super) redact: Redact,
    /// Whether people are shown as they are.
    pub(super) people: bool,
}

impl Shown {
    pub(super) fn actor<'a>(&self, actor: Actor<'a>) -> Party<'a> {
        match actor {
            Actor::Unknown => Party { kind: "unknown", name: Name::None, key: None },
            Actor::Client(client) => self.client(client),
            Actor::Principal(principal) => {
                let name = if self.people { cut(principal.id()) } else { Name::None };
                let key = self.keyer.writer().principal(principal.id()).key();
                Party { kind: "principal", name, key: Some(key) }
            }
            Actor::Key(key) => Party { kind: "key", name: Name::None, key: Some(key) },
            Actor::System(name) => {
                let name = Name::Text(self.redact.text(name, LONGEST_NAME));
                Party { kind: "system", name, key: None }
            }
        }
    }

    pub(super) fn client(&self, client: ClientAddress) -> Party<'static> {
        let address = Network::from(client.ip());
        let prefix = match address.first() {
            _ if self.people => address.prefix(),
            std::net::IpAddr::V4(_) => SHOWN_OF_IPV4,
            std::net::IpAddr::V6(_) => SHOWN_OF_IPV6,
        };
        let key = self.keyer.writer().address(client.network()).key();
        Party { kind: "client", name: Name::Network(address.widened(prefix)), key: Some(key) }
    }
}

/// As it is, but for its length.
fn cut(name: &str) -> Name<'_> {
    let mut end = name.len().min(LONGEST_NAME);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    Name::Text(Cow::Borrowed(&name[..end]))
}
