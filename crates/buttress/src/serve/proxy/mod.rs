//! The PROXY protocol: what a load balancer says about the client, before the client's first byte.
//!
//! Both versions of the [specification](https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt), read
//! from a slice that grows: no I/O, no allocation, and never more than [`LONGEST`] bytes.
//!
//! ```
//! use buttress::serve::proxy::parse;
//!
//! let bytes = b"PROXY TCP4 203.0.113.7 192.0.2.1 56324 443\r\nGET / HTTP/1.1\r\n";
//! assert_eq!(parse(&bytes[..20])?, None);
//!
//! let header = parse(bytes)?.unwrap();
//! assert_eq!(header.source(), Some("203.0.113.7:56324".parse().unwrap()));
//! assert!(bytes[header.length()..].starts_with(b"GET"));
//! # Ok::<_, buttress::serve::proxy::InvalidProxyHeader>(())
//! ```

mod v1;
mod v2;

use std::error::Error;
use std::fmt;
use std::net::SocketAddr;

/// The longest header that is read, in bytes. Version 1 ends at 107; version 2 may carry extensions.
pub const LONGEST: usize = 1_024;

/// What a PROXY header says. See the [module](self) for an example.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ProxyHeader {
    source: Option<SocketAddr>,
    length: usize,
}

impl ProxyHeader {
    /// Who the client is. None if the proxy speaks for itself, as in a health check, or does not know.
    #[must_use]
    pub fn source(&self) -> Option<SocketAddr> {
        self.source
    }

    /// How many bytes the header takes; the client's own come after them.
    #[must_use]
    pub fn length(&self) -> usize {
        self.length
    }
}

/// Reads the header at the beginning of `bytes`; `None` if there has to be more of them.
///
/// # Errors
///
/// Fails at the first byte that shows that this is no header, or one that is longer than [`LONGEST`].
pub fn parse(bytes: &[u8]) -> Result<Option<ProxyHeader>, InvalidProxyHeader> {
    if begins(bytes, v2::SIGNATURE) {
        v2::parse(bytes)
    } else if begins(bytes, v1::SIGNATURE) {
        v1::parse(bytes)
    } else {
        Err(InvalidProxyHeader("it begins like neither version"))
    }
}

/// Whether `bytes` begin with `signature`, as far as they go.
fn begins(bytes: &[u8], signature: &[u8]) -> bool {
    let length = bytes.len().min(signature.len());
    bytes[..length] == signature[..length]
}

/// Bytes that are no PROXY header, and why.
///
/// ```
/// let invalid = buttress::serve::proxy::parse(b"GET / HTTP/1.1\r\n").unwrap_err();
/// assert_eq!(invalid.to_string(), "not a PROXY header: it begins like neither version");
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InvalidProxyHeader(&'static str);

impl fmt::Display for InvalidProxyHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a PROXY header: {}", self.0)
    }
}

impl Error for InvalidProxyHeader {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As a proxy writes it.
    fn written(source: SocketAddr, binary: bool, extension: &[u8]) -> Vec<u8> {
        let port = source.port();
        match (source, binary) {
            (SocketAddr::V4(v4), false) => {
                format!("PROXY TCP4 {} 192.0.2.1 {port} 443\r\n", v4.ip()).into_bytes()
            }
            (SocketAddr::V6(v6), false) => {
                format!("PROXY TCP6 {} 2001:db8::1 {port} 443\r\n", v6.ip()).into_bytes()
            }
            (SocketAddr::V4(v4), true) => {
                let length = u16::try_from(12 + extension.len()).unwrap().to_be_bytes();
                let addresses =
                    [&v4.ip().octets()[..], &[192, 0, 2, 1], &port.to_be_bytes(), &[1, 187]];
                [v2::SIGNATURE, &[0x21, 0x11], &length, &addresses.concat(), extension].concat()
            }
            (SocketAddr::V6(v6), true) => {
                let length = u16::try_from(36 + extension.len()).unwrap().to_be_bytes();
                let addresses = [&v6.ip().octets()[..], &[0; 16], &port.to_be_bytes(), &[1, 187]];
                [v2::SIGNATURE, &[0x21, 0x21], &length, &addresses.concat(), extension].concat()
            }
        }
    }

    #[test]
    fn what_is_broken_is_refused() {
        for bytes in [
            &b"PROXY TCP4 203.0.113.7 192.0.2.1 56324\r\n"[..],
            b"PROXY TCP4 203.0.113.7 192.0.2.1 56324 443 9\r\n",
            b"PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n",
            b"PROXY TCP6 203.0.113.7 192.0.2.1 1 2\r\n",
            b"PROXY TCP4 203.0.113.7 192.0.2.1 056324 443\r\n",
            b"PROXY TCP4 203.0.113.7 192.0.2.1 +5 443\r\n",
            b"PROXY TCP4 203.0.113.7 192.0.2.1 65536 443\r\n",
            b"PROXY  TCP4 203.0.113.7 192.0.2.1 1 443\r\n",
            b"PROXY TCP4 203.0.113.7 192.0.2.1 1 443\n",
            b"PROXY UDP4 203.0.113.7 192.0.2.1 1 443\r\n",
            b"PROXY\r\n",
            b"proxy TCP4 203.0.113.7 192.0.2.1 1 443\r\n",
            b"GET / HTTP/1.1\r\n",
            b"\r\n\r\n\0\r\nQUIT\n\x31\x11\0\x0c0123456789ab",
            b"\r\n\r\n\0\r\nQUIT\n\x22\x11\0\x0c0123456789ab",
            b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0b0123456789a",
            b"\r\n\r\n\0\r\nQUIT\n\x21\x21\0\x0c0123456789ab",
            b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff",
            b"\r\n\r\n\0\r\nQUIT\n\x21\x41\0\0",
            b"\r\n\r\n\0\r\nQUIT\n\x21\x13\0\x0c0123456789ab",
        ] {
            assert!(parse(bytes).is_err(), "{}", bytes.escape_ascii());
        }
        let endless = [b"PROXY UNKNOWN ", &[b'a'; 200][..]].concat();
        assert!(parse(&endless).is_err());
    }

    #[test]
    fn who_speaks_for_itself_names_nobody() {
        for bytes in [
            &b"PROXY UNKNOWN\r\n"[..],
            b"PROXY UNKNOWN ffff:f:f 1 2 3\r\n",
            b"\r\n\r\n\0\r\nQUIT\n\x20\x00\0\0",
            b"\r\n\r\n\0\r\nQUIT\n\x20\x11\0\x0c0123456789ab",
            b"\r\n\r\n\0\r\nQUIT\n\x21\x00\0\x02ab",
        ] {
            let header = parse(bytes).unwrap().unwrap();
            assert_eq!((header.source(), header.length()), (None, bytes.len()));
        }
    }

    proptest! {
        /// What a proxy writes is read back, whatever follows, and not a byte too early.
        #[test]
        fn what_is_written_is_read(
            ip: std::net::IpAddr,
            port: u16,
            binary: bool,
            extension in prop::collection::vec(any::<u8>(), 0..300),
            rest in prop::collection::vec(any::<u8>(), 0..40),
        ) {
            let source = SocketAddr::new(ip, port);
            let bytes = written(source, binary, &extension);
            for end in 0..bytes.len() {
                prop_assert_eq!(parse(&bytes[..end]), Ok(None));
            }
            let expected = ProxyHeader { source: Some(source), length: bytes.len() };
            prop_assert_eq!(parse(&[&bytes[..], &rest].concat()), Ok(Some(expected)));
        }

        /// Only what the specification has assigned is taken from a proxy that names its client.
        #[test]
        fn what_is_not_assigned_is_refused(family: u8) {
            let header = |command| [v2::SIGNATURE, &[command, family, 0, 36], &[0; 36]].concat();
            prop_assert_eq!(parse(&header(0x21)).is_ok(), family >> 4 <= 3 && family & 0xf <= 2);
            let own = ProxyHeader { source: None, length: 52 };
            prop_assert_eq!(parse(&header(0x20)), Ok(Some(own)), "what is said of nobody is ignored");
        }

        /// More bytes never change a verdict.
        #[test]
        fn a_verdict_is_final(
            start in prop::sample::select(vec![&b"PROXY TCP4 "[..], b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x10", b""]),
            bytes in prop::collection::vec(any::<u8>(), 0..150),
            rest in prop::collection::vec(any::<u8>(), 0..40),
        ) {
            let bytes = [start, &bytes].concat();
            let verdict = parse(&bytes);
            let longer = parse(&[&bytes[..], &rest].concat());
            match verdict {
                Ok(None) => prop_assert!(bytes.len() < LONGEST),
                decided => prop_assert_eq!(longer, decided),
            }
        }
    }
}
