use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

/// Below the ports that systems give to connections, so that no client of a test running beside takes one while
/// its server is down.
const FIRST: u16 = 10_240;
const COUNT: u16 = 10_000;

/// A cluster talks to itself on this port above the one of its clients. So the two never share a number.
pub(crate) const BUS: u16 = COUNT;

/// A port where nobody listens now, nor on the one of the bus. Somebody may before the server does: then it says
/// so, and is given another one.
pub(crate) fn free() -> u16 {
    let candidates = (0..1_000).map(|_| FIRST + below(COUNT));
    let mut free = candidates.filter(|port| is_free(*port) && is_free(port + BUS));
    free.next().expect("a free port among a thousand")
}

fn is_free(port: u16) -> bool {
    TcpListener::bind(local(port)).is_ok()
}

pub(crate) fn local(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

pub(crate) fn below(limit: u16) -> u16 {
    let random = RandomState::new().build_hasher().finish() % u64::from(limit);
    u16::try_from(random).unwrap_or_default()
}
