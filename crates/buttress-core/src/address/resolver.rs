use std::net::SocketAddr;

use http::{HeaderMap, HeaderValue};

use super::client::IPV6_PREFIX;
use super::hop::Hop;
use super::list::FromRight;
use super::network::NetworkSet;
use super::{AddressResolverBuilder, AddressSource, ClientAddress, ForwardingHeader, forwarded};

/// No chain of proxies is longer; a list that is was made to waste time.
const MOST_HOPS: usize = 64;

/// Finds the [`ClientAddress`] of a request. See the [module](super) for an example and the rules.
///
/// Cheap to clone. The default trusts nobody, so that the socket is the client:
///
/// ```
/// use buttress_core::address::AddressResolver;
/// use http::HeaderMap;
///
/// let mut headers = HeaderMap::new();
/// headers.insert("x-forwarded-for", "203.0.113.9".parse()?);
///
/// let client = AddressResolver::default().resolve(Some("192.0.2.1:5000".parse()?), &headers);
/// assert_eq!(client.unwrap().to_string(), "192.0.2.1");
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct AddressResolver {
    pub(super) trusted: NetworkSet,
    pub(super) header: ForwardingHeader,
    pub(super) ipv6_prefix: u8,
    pub(super) trust_peer_without_address: bool,
}

impl Default for AddressResolver {
    fn default() -> Self {
        Self {
            trusted: NetworkSet::default(),
            header: ForwardingHeader::default(),
            ipv6_prefix: IPV6_PREFIX,
            trust_peer_without_address: false,
        }
    }
}

impl AddressResolver {
    /// Starts with nobody trusted.
    pub fn builder() -> AddressResolverBuilder {
        AddressResolverBuilder::default()
    }

    /// Walks from the socket to the left as far as somebody trusted vouches for what stands there.
    ///
    /// `peer` is the other end of the connection, or what a PROXY protocol header said of it;
    /// `None` for a Unix socket. The result is `None` if there is no peer and no address that may
    /// be believed.
    #[must_use]
    pub fn resolve(&self, peer: Option<SocketAddr>, headers: &HeaderMap) -> Option<ClientAddress> {
        let socket = peer.map(|peer| self.client(Hop::from(peer), AddressSource::Socket));
        if !self.trusts(peer) {
            return socket;
        }
        let mut lines = headers.get_all(self.header.name()).iter().map(HeaderValue::as_bytes).rev();
        match self.header {
            ForwardingHeader::XForwardedFor => self.walk(socket, listed(lines)),
            ForwardingHeader::Forwarded => self.walk(socket, forwarded::hops(lines)),
            ForwardingHeader::XRealIp => {
                let last = lines.next().map(|line| Hop::parse(line.trim_ascii()));
                let only = last.map(|hop| hop.filter(|_| lines.next().is_none()));
                self.walk(socket, only.into_iter())
            }
        }
    }

    /// Whether `peer` is a trusted proxy, whose word is taken for who called it.
    #[must_use]
    pub fn trusts(&self, peer: Option<SocketAddr>) -> bool {
        match peer {
            Some(peer) => self.trusted.contains(Hop::from(peer).ip),
            None => self.trust_peer_without_address,
        }
    }

    /// Whether it has to be known who is connected.
    pub(crate) fn trusts_a_peer(&self) -> bool {
        !self.trusted.is_empty() && !self.trust_peer_without_address
    }

    /// Takes the hops from the right; `None` is one that cannot be read.
    fn walk(
        &self,
        socket: Option<ClientAddress>,
        hops: impl Iterator<Item = Option<Hop>>,
    ) -> Option<ClientAddress> {
        let mut client = socket;
        for (walked, hop) in hops.enumerate() {
            let Some(hop) = hop.filter(|_| walked < MOST_HOPS) else {
                return client.map(ClientAddress::cut_short);
            };
            client = Some(self.client(hop, AddressSource::Header(self.header)));
            if !self.trusted.contains(hop.ip) {
                break;
            }
        }
        client
    }

    fn client(&self, hop: Hop, source: AddressSource) -> ClientAddress {
        ClientAddress::new(hop, source, self.ipv6_prefix)
    }
}

/// The hops of a plain list, from the right. The lines come from the right, too.
fn listed<'a>(lines: impl Iterator<Item = &'a [u8]>) -> impl Iterator<Item = Option<Hop>> {
    FromRight::new(lines, |list| list.iter().rposition(|&byte| byte == b','))
        .map(|element| Hop::parse(element?.trim_ascii()))
}
