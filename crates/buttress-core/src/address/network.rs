use std::error::Error;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

use super::bits::Bits;

/// A group of neighbouring addresses: `192.0.2.0/24`, `2001:db8::/64`, or a single one.
///
/// ```
/// use buttress_core::address::Network;
///
/// let office: Network = "192.0.2.0/24".parse()?;
/// assert!(office.contains("192.0.2.17".parse()?));
/// assert!(office.contains("::ffff:192.0.2.17".parse()?));
/// assert!(!office.contains("192.0.3.1".parse()?));
///
/// let slip = "192.0.2.17/24".parse::<Network>().unwrap_err();
/// assert_eq!(
///     slip.to_string(),
///     "`192.0.2.17/24` has bits beyond its prefix: the network is `192.0.2.0/24`"
/// );
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Network {
    // In this order: a `NetworkSet` is sorted by it. No bit is set beyond the prefix.
    first: Bits,
    prefix: u8,
}

impl Network {
    /// The network of this one address: all its bits count, so none has to be masked.
    #[inline]
    pub(super) const fn alone(address: Bits) -> Self {
        Self { first: address, prefix: if address.is_ipv6 { 128 } else { 32 } }
    }

    /// The network of `prefix` bits that `address` is in; a prefix that is too long means all bits.
    pub(super) fn around(address: Bits, prefix: u8) -> Self {
        let prefix = prefix.min(if address.is_ipv6 { 128 } else { 32 });
        let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
        Self { first: Bits { bits: address.bits & mask, ..address }, prefix }
    }

    /// The lowest address in it.
    #[must_use]
    pub fn first(&self) -> IpAddr {
        self.first.ip()
    }

    /// Whether it is one of IPv6, its first address (from the left), and its prefix: for a hash.
    #[inline]
    pub(crate) fn to_bytes(self) -> (bool, [u8; 16], u8) {
        (self.first.is_ipv6, self.first.bits.to_be_bytes(), self.prefix)
    }

    /// The network of at most `prefix` bits that it is in.
    pub(crate) fn widened(self, prefix: u8) -> Self {
        Self::around(self.first, self.prefix.min(prefix))
    }

    /// How many leading bits its addresses share.
    #[must_use]
    pub fn prefix(&self) -> u8 {
        self.prefix
    }

    /// Tells whether `address`, once [normalised](super::normalise), is in it.
    ///
    /// No IPv4 address is in an IPv6 network, not even in `::/0`.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.holds(address.into())
    }

    fn holds(&self, address: Bits) -> bool {
        let shared = (self.first.bits ^ address.bits).leading_zeros();
        self.first.is_ipv6 == address.is_ipv6 && shared >= u32::from(self.prefix)
    }
}

/// The network of this one address, once [normalised](super::normalise).
impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        Self::alone(address.into())
    }
}

/// Reads an address, or a network whose address has no bit set beyond the prefix.
///
/// IPv4 in the forms of IPv6 is [normalised](super::normalise): `::ffff:10.0.0.0/104` is `10.0.0.0/8`.
impl FromStr for Network {
    type Err = InvalidNetwork;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidNetwork(format!("`{text}` is not an address or a network"));
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| invalid())?;
        let Some(prefix) = prefix else { return Ok(Self::from(address)) };
        if prefix.is_empty() || !prefix.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(invalid());
        }
        Self::strictly(address, prefix.parse().unwrap_or(u8::MAX))
            .map_err(|reason| InvalidNetwork(format!("`{text}` {reason}")))
    }
}

impl Network {
    fn strictly(address: IpAddr, prefix: u8) -> Result<Self, String> {
        let bits = Bits::from(address);
        let (shortest, longest) = match (address, bits.is_ipv6) {
            (IpAddr::V4(_), _) => (0, 32),
            (IpAddr::V6(_), true) => (0, 128),
            // IPv4 after all, at the end of the IPv6 address.
            (IpAddr::V6(_), false) => (96, 128),
        };
        if !(shortest..=longest).contains(&prefix) {
            return Err(format!("must have a prefix from {shortest} to {longest}"));
        }
        let network = Self::around(bits, prefix - shortest);
        if network.first != bits {
            return Err(format!("has bits beyond its prefix: the network is `{network}`"));
        }
        Ok(network)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first(), self.prefix)
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text is no [`Network`], and why.
///
/// ```
/// use buttress_core::address::Network;
///
/// let invalid = "10.0.0/8".parse::<Network>().unwrap_err();
/// assert_eq!(invalid.to_string(), "`10.0.0/8` is not an address or a network");
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InvalidNetwork(String);

impl fmt::Display for InvalidNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for InvalidNetwork {}

/// Networks to look addresses up in.
///
/// Sorted, and none inside another, so that a search finds the only one that can hold an address.
#[derive(Clone, Debug, Default)]
pub(super) struct NetworkSet(Arc<[Network]>);

impl NetworkSet {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn contains(&self, address: Bits) -> bool {
        let above = self.0.partition_point(|network| network.first <= address);
        above.checked_sub(1).is_some_and(|at| self.0[at].holds(address))
    }
}

impl FromIterator<Network> for NetworkSet {
    fn from_iter<I: IntoIterator<Item = Network>>(networks: I) -> Self {
        let mut networks: Vec<_> = networks.into_iter().collect();
        // Of those that begin alike, the widest comes first, and swallows the rest.
        networks.sort_unstable();
        networks.dedup_by(|inner, outer| outer.holds(inner.first));
        Self(networks.into())
    }
}
