use std::net::{IpAddr, SocketAddr};

use super::{InvalidProxyHeader, ProxyHeader};

pub(super) const SIGNATURE: &[u8] = b"PROXY ";

/// The longest line that the specification knows, with its end.
const LONGEST_LINE: usize = 107;

/// Reads a line of text: `PROXY TCP4 source destination port port`.
pub(super) fn parse(bytes: &[u8]) -> Result<Option<ProxyHeader>, InvalidProxyHeader> {
    let seen = &bytes[..bytes.len().min(LONGEST_LINE)];
    let Some(feed) = seen.iter().position(|byte| *byte == b'\n') else {
        return match seen.len() {
            LONGEST_LINE => Err(InvalidProxyHeader("the line is too long")),
            _ if seen.starts_with(SIGNATURE) || super::begins(seen, SIGNATURE) => Ok(None),
            _ => Err(InvalidProxyHeader("it begins like neither version")),
        };
    };
    let line = seen[..feed].strip_suffix(b"\r").and_then(|line| str::from_utf8(line).ok());
    let line = line.ok_or(InvalidProxyHeader("the line is no text, or ends wrongly"))?;
    let source = source(line).ok_or(InvalidProxyHeader("the line does not name two addresses"))?;
    Ok(Some(ProxyHeader { source, length: feed + 1 }))
}

/// Who the line names; `None` outside if the line is wrong, inside if it names nobody.
#[expect(clippy::option_option, reason = "wrong and nobody are two things")]
fn source(line: &str) -> Option<Option<SocketAddr>> {
    let mut words = line.strip_prefix("PROXY ")?.split(' ');
    let is_ipv6 = match words.next()? {
        // Whatever follows is to be ignored.
        "UNKNOWN" => return Some(None),
        "TCP4" => false,
        "TCP6" => true,
        _ => return None,
    };
    let mut address = || {
        let address: IpAddr = words.next()?.parse().ok()?;
        (address.is_ipv6() == is_ipv6).then_some(address)
    };
    let (source, _destination) = (address()?, address()?);
    let (source_port, _destination_port) = (port(words.next()?)?, port(words.next()?)?);
    words.next().is_none().then_some(Some(SocketAddr::new(source, source_port)))
}

/// Digits alone, and no zero before others.
fn port(text: &str) -> Option<u16> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    (plain && (text == "0" || !text.starts_with('0'))).then(|| text.parse().ok())?
}
