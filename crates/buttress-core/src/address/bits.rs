use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use super::normalise;

/// A normalised address as numbers.
///
/// The bytes of an [`IpAddr`] are written one by one and read as a word, and a processor waits for
/// that: with it, three hops take half as long again.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) struct Bits {
    // In this order: IPv4 sorts before IPv6.
    pub(super) is_ipv6: bool,
    /// To the left, where a prefix counts from.
    pub(super) bits: u128,
}

impl Bits {
    pub(super) fn ip(self) -> IpAddr {
        let [a, b, c, d, ..] = self.bits.to_be_bytes();
        if self.is_ipv6 { IpAddr::V6(self.bits.into()) } else { IpAddr::from([a, b, c, d]) }
    }
}

impl From<Ipv4Addr> for Bits {
    fn from(v4: Ipv4Addr) -> Self {
        Self { is_ipv6: false, bits: u128::from(v4.to_bits()) << 96 }
    }
}

impl From<IpAddr> for Bits {
    fn from(address: IpAddr) -> Self {
        match normalise(address) {
            IpAddr::V4(v4) => v4.into(),
            IpAddr::V6(v6) => Self { is_ipv6: true, bits: v6.to_bits() },
        }
    }
}

impl fmt::Debug for Bits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.ip().fmt(f)
    }
}
