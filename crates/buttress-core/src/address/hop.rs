use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::bits::Bits;

/// One station of a request, as somebody told of it.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) struct Hop {
    pub(super) ip: Bits,
    pub(super) port: Option<u16>,
}

impl Hop {
    /// Reads an address with or without a port; `None` if that is not what `node` is.
    pub(super) fn parse(node: &[u8]) -> Option<Self> {
        if let Some((ip, suffix)) = ipv4(node) {
            return Self::new(ip.into(), suffix);
        }
        // Without brackets there is no port: it could not be told from the address.
        let Some(bracketed) = node.strip_prefix(b"[") else { return Self::new(ipv6(node)?, b"") };
        let end = bracketed.iter().position(|&byte| byte == b']')?;
        Self::new(ipv6(&bracketed[..end])?, &bracketed[end + 1..])
    }

    fn new(ip: Bits, suffix: &[u8]) -> Option<Self> {
        let port = match suffix {
            [] => None,
            [b':', port @ ..] if is_obfuscated(port) => None,
            [b':', port @ ..] => Some(decimal(port)?),
            _ => return None,
        };
        Some(Self { ip, port })
    }
}

impl From<SocketAddr> for Hop {
    fn from(peer: SocketAddr) -> Self {
        Self { ip: peer.ip().into(), port: Some(peer.port()) }
    }
}

/// Takes four decimals off the front: what the standard parser takes, in less time.
fn ipv4(text: &[u8]) -> Option<(Ipv4Addr, &[u8])> {
    let (first, rest) = octet(text)?;
    let (second, rest) = octet(rest.strip_prefix(b".")?)?;
    let (third, rest) = octet(rest.strip_prefix(b".")?)?;
    let (fourth, rest) = octet(rest.strip_prefix(b".")?)?;
    Some((Ipv4Addr::new(first, second, third, fourth), rest))
}

/// Some read a leading zero as the sign of an octal number; so it is no number here.
fn octet(text: &[u8]) -> Option<(u8, &[u8])> {
    match *text {
        [a @ b'1'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', ref rest @ ..] => {
            let value = u32::from(a - b'0') * 100 + u32::from(b - b'0') * 10 + u32::from(c - b'0');
            Some((value.try_into().ok()?, rest))
        }
        [a @ b'1'..=b'9', b @ b'0'..=b'9', ref rest @ ..] => {
            Some(((a - b'0') * 10 + b - b'0', rest))
        }
        [a @ b'0'..=b'9', ref rest @ ..] => Some((a - b'0', rest)),
        _ => None,
    }
}

fn ipv6(text: &[u8]) -> Option<Bits> {
    let text = str::from_utf8(text).ok()?;
    let address = match text.split_once('%') {
        Some((_, "")) => return None,
        Some((address, _zone)) => address,
        None => text,
    };
    address.parse().ok().map(|address: Ipv6Addr| IpAddr::V6(address).into())
}

/// The `obfport` of RFC 7239, section 6.3.
fn is_obfuscated(port: &[u8]) -> bool {
    let legal = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
    matches!(port, [b'_', name @ ..] if !name.is_empty() && name.iter().all(legal))
}

/// The standard parser alone would take a sign, and any number of zeros.
fn decimal(port: &[u8]) -> Option<u16> {
    let plain = port.len() <= 5 && port.iter().all(u8::is_ascii_digit);
    str::from_utf8(port).ok().filter(|_| plain)?.parse().ok()
}
