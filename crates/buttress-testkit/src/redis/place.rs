use std::net::SocketAddr;
use std::path::Path;

use super::builder::Mode;
use super::tls::{self, Front, Plain};
use super::{Builder, Client};
use crate::port;

/// Where a server listens, and where others find it.
#[derive(Debug)]
pub(super) struct Place {
    /// Its own.
    port: u16,
    tls: Tls,
}

/// Who speaks TLS for a server.
#[derive(Debug)]
enum Tls {
    Nobody,
    /// The server itself, on another port.
    Beside(u16),
    /// The server itself, and nothing else: it belongs to a fleet.
    Alone,
    /// One before it.
    Front(Front),
    /// One before it, of which alone others are told: it belongs to a fleet.
    Mask(Front),
}

impl Place {
    /// At this port; with TLS of its own if it was built with it, else behind a front.
    pub(super) fn at(port: u16, settings: &Builder, has_tls: bool) -> Self {
        let front = |plain| Front::before(port::local(port), plain);
        let tls = match (settings.tls, has_tls, settings.is_member) {
            (false, _, _) => Tls::Nobody,
            (true, true, false) => Tls::Beside(port::free()),
            (true, true, true) => Tls::Alone,
            (true, false, false) => Tls::Front(front(Plain::Refused)),
            (true, false, true) => Tls::Mask(front(Plain::Passed)),
        };
        Self { port, tls }
    }

    /// Where others find it.
    pub(super) fn address(&self) -> SocketAddr {
        match &self.tls {
            Tls::Mask(front) => front.address(),
            Tls::Nobody | Tls::Beside(_) | Tls::Alone | Tls::Front(_) => port::local(self.port),
        }
    }

    pub(super) fn tls_address(&self) -> Option<SocketAddr> {
        match &self.tls {
            Tls::Nobody => None,
            Tls::Beside(port) => Some(port::local(*port)),
            Tls::Alone => Some(port::local(self.port)),
            Tls::Front(front) | Tls::Mask(front) => Some(front.address()),
        }
    }

    /// Where other nodes of a cluster find it.
    pub(super) const fn bus(&self) -> u16 {
        self.port + port::BUS
    }

    /// A connection to where others find it.
    pub(super) async fn client(&self) -> std::io::Result<Client> {
        match self.tls {
            // Boxed, since a handshake is large and most do without.
            Tls::Alone | Tls::Mask(_) => Box::pin(Client::secured(self.address())).await,
            Tls::Nobody | Tls::Beside(_) | Tls::Front(_) => Client::connect(self.address()).await,
        }
    }

    /// What stands in `redis.conf` of it.
    pub(super) fn lines(&self, folder: &Path, mode: Mode) -> String {
        let port = self.port;
        match &self.tls {
            Tls::Nobody | Tls::Front(_) => format!("port {port}\n"),
            Tls::Beside(other) => format!("port {port}\n{}", tls::lines(folder, *other)),
            Tls::Alone => {
                let mut lines = format!("port 0\n{}", tls::lines(folder, port));
                lines.push_str("tls-replication yes\n");
                if mode == Mode::Cluster {
                    lines.push_str("tls-cluster yes\n");
                }
                lines
            }
            Tls::Mask(front) => {
                let (front, bus) = (front.address().port(), self.bus());
                let announced = match mode {
                    Mode::Plain => {
                        format!("replica-announce-ip 127.0.0.1\nreplica-announce-port {front}\n")
                    }
                    Mode::Sentinel => {
                        format!("sentinel announce-ip 127.0.0.1\nsentinel announce-port {front}\n")
                    }
                    Mode::Cluster => {
                        format!("cluster-announce-port {front}\ncluster-announce-bus-port {bus}\n")
                    }
                };
                format!("port {port}\n{announced}")
            }
        }
    }
}
