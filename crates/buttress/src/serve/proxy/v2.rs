use std::net::{IpAddr, SocketAddr};

use super::{InvalidProxyHeader, LONGEST, ProxyHeader};

pub(super) const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// The signature, version and command, family and transport, and the length of the rest.
const FIXED: usize = 16;

/// Reads the binary form.
pub(super) fn parse(bytes: &[u8]) -> Result<Option<ProxyHeader>, InvalidProxyHeader> {
    let Some(&command) = bytes.get(SIGNATURE.len()) else { return Ok(None) };
    // Version 2, and either LOCAL (0) or PROXY (1).
    if !matches!(command, 0x20 | 0x21) {
        return Err(InvalidProxyHeader("the version or the command is unknown"));
    }
    let Some(&[family, high, low]) = bytes.get(SIGNATURE.len() + 1..FIXED) else { return Ok(None) };
    let rest = usize::from(u16::from_be_bytes([high, low]));
    if FIXED + rest > LONGEST {
        return Err(InvalidProxyHeader("it is too long"));
    }
    // What is assigned: no more than Unix sockets, and no more than datagrams. Who speaks for itself may say anything.
    if command == 0x21 && (family >> 4 > 3 || family & 0xf > 2) {
        return Err(InvalidProxyHeader("the family or the transport is unknown"));
    }
    let width = match family {
        // TCP over IPv4 and over IPv6.
        0x11 => 4,
        0x21 => 16,
        // Unspecified, Unix sockets, datagrams: nobody that could be named.
        _ => 0,
    };
    if command == 0x21 && width > 0 && rest < 2 * width + 4 {
        return Err(InvalidProxyHeader("the addresses are cut short"));
    }
    let Some(rest) = bytes.get(FIXED..FIXED + rest) else { return Ok(None) };
    let source = if command == 0x21 { source(rest, width) } else { None };
    Ok(Some(ProxyHeader { source, length: FIXED + rest.len() }))
}

/// Source and destination address, source and destination port.
fn source(rest: &[u8], width: usize) -> Option<SocketAddr> {
    let address = rest.get(..width)?;
    let ip = match width {
        4 => IpAddr::from(<[u8; 4]>::try_from(address).ok()?),
        16 => IpAddr::from(<[u8; 16]>::try_from(address).ok()?),
        _ => return None,
    };
    let port = rest.get(2 * width..2 * width + 2)?;
    Some(SocketAddr::new(ip, u16::from_be_bytes([port[0], port[1]])))
}
