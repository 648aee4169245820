use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::bits::Bits;
use super::hop::Hop;
use super::{ForwardingHeader, Network};

/// How much of an IPv6 address one subscriber usually holds.
pub(super) const IPV6_PREFIX: u8 = 64;

/// Who is really calling, as far as trusted proxies vouch for it.
///
/// An [`AddressResolver`](super::AddressResolver) makes it. Where no proxy stands in front, the
/// socket's address becomes one by itself:
///
/// ```
/// use std::net::SocketAddr;
///
/// use buttress_core::ClientAddress;
/// use buttress_core::address::AddressSource;
///
/// let client = ClientAddress::from("[2001:db8::a:b:c:d]:5000".parse::<SocketAddr>()?);
/// assert_eq!(client.to_string(), "2001:db8::a:b:c:d");
/// assert_eq!(client.network().to_string(), "2001:db8::/64");
/// assert_eq!(client.port(), Some(5000));
/// assert_eq!(client.source(), AddressSource::Socket);
/// # Ok::<_, std::net::AddrParseError>(())
/// ```
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct ClientAddress {
    // Flat, and so half as big as with a `Hop` inside.
    is_ipv6: bool,
    bits: u128,
    port: Option<u16>,
    ipv6_prefix: u8,
    source: AddressSource,
    cut_short: bool,
}

impl ClientAddress {
    pub(super) fn new(hop: Hop, source: AddressSource, ipv6_prefix: u8) -> Self {
        let Hop { ip: Bits { is_ipv6, bits }, port } = hop;
        Self { is_ipv6, bits, port, ipv6_prefix, source, cut_short: false }
    }

    pub(super) fn cut_short(self) -> Self {
        Self { cut_short: true, ..self }
    }

    /// The address, as [`normalise`] leaves it.
    #[must_use]
    pub fn ip(&self) -> IpAddr {
        self.bits().ip()
    }

    /// The port at the client's end, if the socket or the header told.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// The group that limits are keyed by: one IPv4 address, or one IPv6 network.
    ///
    /// A subscriber holds a whole IPv6 network, and can call from another address each time.
    #[must_use]
    #[inline]
    pub fn network(&self) -> Network {
        if !self.is_ipv6 {
            return Network::alone(self.bits());
        }
        Network::around(self.bits(), self.ipv6_prefix)
    }

    /// Where the address was found.
    #[must_use]
    pub fn source(&self) -> AddressSource {
        self.source
    }

    /// Tells whether an unreadable or hidden element, or a limit, ended the walk.
    ///
    /// The address is then a trusted proxy's, in the place of a caller that nobody knows. A limit may
    /// count it. A list of addresses that are let in must not let it in.
    #[must_use]
    pub fn is_cut_short(&self) -> bool {
        self.cut_short
    }

    fn bits(&self) -> Bits {
        Bits { is_ipv6: self.is_ipv6, bits: self.bits }
    }
}

/// The socket is the client; IPv6 is grouped by `/64`.
impl From<SocketAddr> for ClientAddress {
    fn from(peer: SocketAddr) -> Self {
        Self::new(Hop::from(peer), AddressSource::Socket, IPV6_PREFIX)
    }
}

/// Prints [`ip`](ClientAddress::ip).
impl fmt::Display for ClientAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.ip().fmt(f)
    }
}

impl fmt::Debug for ClientAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientAddress")
            .field("ip", &self.bits())
            .field("port", &self.port)
            .field("network", &self.network())
            .field("source", &self.source)
            .field("cut_short", &self.cut_short)
            .finish_non_exhaustive()
    }
}

/// Where a [`ClientAddress`] was found.
///
/// ```
/// use buttress_core::address::{AddressSource, ForwardingHeader};
///
/// assert_eq!(AddressSource::Socket.as_str(), "socket");
/// assert_eq!(AddressSource::Header(ForwardingHeader::XRealIp).as_str(), "x-real-ip");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum AddressSource {
    /// The other end of the connection.
    Socket,
    /// A header that a trusted proxy wrote.
    Header(ForwardingHeader),
}

impl AddressSource {
    /// A stable name for logs and metrics: `socket`, or the header's name in lower case.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Socket => "socket",
            Self::Header(header) => header.as_str(),
        }
    }
}

/// Gives an address that has several forms its plainest one.
///
/// An IPv4 address may come as IPv6: mapped (`::ffff:192.0.2.1`), from a socket that listens on both,
/// or translated (`64:ff9b::192.0.2.1`, RFC 6052), from a network that speaks IPv6 only. Without
/// this, one caller would pass for three, and a trusted proxy would not be known again.
///
/// ```
/// use std::net::IpAddr;
///
/// use buttress_core::address::normalise;
///
/// let plain: IpAddr = "192.0.2.1".parse()?;
/// assert_eq!(normalise("::ffff:192.0.2.1".parse()?), plain);
/// assert_eq!(normalise("64:ff9b::192.0.2.1".parse()?), plain);
/// assert_eq!(normalise(plain), plain);
/// # Ok::<_, std::net::AddrParseError>(())
/// ```
#[must_use]
pub fn normalise(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    match v6.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)).into()
        }
        _ => address,
    }
}
