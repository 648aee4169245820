//! The PROXY protocol, from a proxy that is trusted with it.

use std::fmt::Write;

use buttress::serve::proxy::{LONGEST, parse};

/// Nothing panics, a verdict is final, and a header that is written again is read again.
pub fn run(data: &[u8]) {
    let verdict = parse(data);
    let longer = parse(&[data, b"GET / HTTP/1.1\r\n"].concat());
    let Ok(Some(header)) = verdict else {
        match verdict {
            Ok(None) => assert!(data.len() < LONGEST, "it would wait for ever"),
            decided => assert_eq!(longer, decided),
        }
        return;
    };
    assert_eq!(longer, Ok(Some(header)));
    assert!(header.length() <= data.len().min(LONGEST));
    // Not a byte too early.
    assert_eq!(parse(&data[..header.length() - 1]), Ok(None));
    let Some(source) = header.source() else { return };
    let family = if source.is_ipv4() { "TCP4" } else { "TCP6" };
    let mut line = String::new();
    let (ip, port) = (source.ip(), source.port());
    write!(line, "PROXY {family} {ip} {ip} {port} 1\r\n").expect("a string takes all");
    let again = parse(line.as_bytes()).expect("it was written right").expect("it is whole");
    assert_eq!(again.source(), Some(source));
}
