use std::time::Duration;

use buttress_testkit::proxy::{Direction, Proxy};
use buttress_testkit::redis::Server;

use super::blow::Blow;
use super::chance::Chance;
use super::leg::Fleet;

/// One server, and a bad network before it.
pub(crate) struct Alone {
    server: Server,
    proxy: Proxy,
}

/// One of the network, one of the server, or both at once.
#[derive(Debug)]
pub(crate) struct Fault {
    network: Option<Network>,
    server: Option<Broken>,
}

#[derive(Clone, Debug)]
enum Network {
    Slow { latency: Duration, jitter: Duration },
    Narrow { bytes: u64 },
    Reset,
    HalfOpen { lost: Direction },
    Blackhole,
    CutAfter { direction: Direction, bytes: u64 },
    Garbled,
    Injected,
    Refused,
    Ignored,
}

#[derive(Clone, Copy, Debug)]
enum Broken {
    Frozen,
    Killed,
    Hit(Blow),
}

const GARBAGE: &[u8] = b"\0\xff hello\r\n";

impl Fleet for Alone {
    type Fault = Fault;

    const TELLS_ALL: bool = true;

    async fn start() -> Self {
        let server = Server::start().await;
        let proxy = Proxy::to(server.address()).await;
        Self { server, proxy }
    }

    fn url(&self) -> String {
        self.server.url_at(self.proxy.address())
    }

    fn servers(&self) -> Vec<&Server> {
        vec![&self.server]
    }

    fn fault(chance: &mut Chance) -> Fault {
        let (network, server) = (Network::any(chance), Broken::any(chance));
        match chance.number(0..5) {
            0 | 1 => Fault { network: Some(network), server: None },
            2 | 3 => Fault { network: None, server: Some(server) },
            _ => Fault { network: Some(network), server: Some(server) },
        }
    }

    async fn strike(&self, fault: &Fault) {
        if let Some(network) = &fault.network {
            network.strike(&self.proxy).await;
        }
        if let Some(broken) = fault.server {
            broken.strike(&self.server).await;
        }
    }

    async fn mend(&self, fault: &Fault) {
        if let Some(broken) = fault.server {
            broken.mend(&self.server).await;
        }
        self.proxy.heal().await;
    }

    async fn reachable(&self) -> String {
        self.server.command(["PING"]).await.accepted().text()
    }

    async fn whole(&self) {}

    async fn is_left(&self) -> bool {
        // The one is the one that asks.
        self.proxy.open() == 0 && self.server.info("clients", "connected_clients").await == "1"
    }
}

impl Network {
    fn any(chance: &mut Chance) -> Self {
        let direction = chance.one_of(&[Direction::Requests, Direction::Replies]);
        let slow = Self::Slow { latency: chance.millis(0..400), jitter: chance.millis(0..200) };
        let bytes = chance.number(1_000..100_000);
        chance.one_of(&[
            slow,
            Self::Narrow { bytes },
            Self::Reset,
            Self::HalfOpen { lost: direction },
            Self::Blackhole,
            Self::CutAfter { direction, bytes: bytes / 10 },
            Self::Garbled,
            Self::Injected,
            Self::Refused,
            Self::Ignored,
        ])
    }

    async fn strike(&self, proxy: &Proxy) {
        match self {
            Self::Slow { latency, jitter } => {
                proxy.latency(*latency);
                proxy.jitter(*jitter);
            }
            Self::Narrow { bytes } => proxy.bandwidth(*bytes),
            Self::Reset => proxy.cut_all(),
            Self::HalfOpen { lost } => proxy.swallow(*lost),
            Self::Blackhole => proxy.blackhole(),
            Self::CutAfter { direction, bytes } => proxy.cut_after(*direction, *bytes),
            Self::Garbled => proxy.garble(GARBAGE),
            Self::Injected => proxy.inject(GARBAGE),
            Self::Refused => {
                proxy.refuse().await;
                proxy.cut_all();
            }
            Self::Ignored => {
                proxy.ignore().await;
                proxy.cut_all();
            }
        }
    }
}

impl Broken {
    fn any(chance: &mut Chance) -> Self {
        let so_long = chance.millis(50..1_000);
        let mut all = vec![Self::Frozen, Self::Killed];
        all.extend(Blow::all(so_long).map(Self::Hit));
        chance.one_of(&all)
    }

    async fn strike(self, server: &Server) {
        match self {
            Self::Frozen => server.freeze(),
            Self::Killed => server.kill(),
            Self::Hit(blow) => blow.strike(server).await,
        }
    }

    async fn mend(self, server: &Server) {
        match self {
            Self::Frozen => server.thaw(),
            Self::Killed => server.restart().await,
            Self::Hit(blow) => blow.mend(server).await,
        }
    }
}
