//! Until it answers, or says that the port is taken.

use tokio::time::timeout;

use super::{SOON, Server, line};
use crate::port;
use crate::redis::builder::Mode;
use crate::redis::place::Place;
use crate::redis::watchdog::Watchdog;
use crate::redis::{Builder, Reply};
use crate::until::Patience;

impl Server {
    /// Starts the process, and waits until it answers.
    pub(super) async fn begin(&self) -> Result<(), Refusal> {
        let said_before = self.log().len();
        let pid = self.watchdog.start().to_string();
        let patience = Patience::new();
        // Whoever else has the port may listen and never answer.
        while !timeout(SOON, self.is_ready(&pid)).await.unwrap_or(false) {
            if !self.watchdog.is_alive() {
                let log = &self.log()[said_before..];
                let known = Refusal::ALL.into_iter().find(|refusal| refusal.is_in(log));
                return Err(known.unwrap_or_else(|| self.fail("it ended at its start")));
            }
            if !patience.again().await {
                self.fail("it did not answer");
            }
        }
        Ok(())
    }

    /// Whether it is this very server that answers, and not one that was faster to take the port.
    async fn is_ready(&self, pid: &str) -> bool {
        let Ok(mut client) = self.client().await else { return false };
        if client.command(["PING"]).await.ok() != Some(Reply::Status("PONG".to_owned())) {
            return false;
        }
        let info = client.command(["INFO", "server"]).await;
        info.is_ok_and(|info| line(&info.text(), "process_id").as_deref() == Some(pid))
    }

    /// Waits until it has copied all from its master.
    async fn copied(&self) {
        let patience = Patience::new();
        while self.info("replication", "master_link_status").await != "up" {
            if !patience.again().await {
                self.fail("it did not copy its master");
            }
        }
    }
}

/// All of them at once.
pub(in crate::redis) async fn all<const N: usize>(
    starting: [impl Future<Output = Server> + Send + 'static; N],
) -> Vec<Server> {
    let tasks = starting.map(tokio::spawn);
    let mut servers = Vec::new();
    for task in tasks {
        servers.push(task.await.expect("a server that starts"));
    }
    servers
}

/// Why a server did not start, where there is another way.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum Refusal {
    PortTaken,
    NoTls,
}

impl Refusal {
    const ALL: [Self; 2] = [Self::PortTaken, Self::NoTls];

    fn is_in(self, log: &str) -> bool {
        match self {
            Self::PortTaken => log.contains("Address already in use"),
            Self::NoTls => log.contains(">>> 'tls-") || log.contains("Failed finding TLS support"),
        }
    }
}

pub(in crate::redis) async fn start(settings: Builder) -> Server {
    start_at(settings, port::free).await
}

/// At the first of the ports that nobody else takes.
async fn start_at(settings: Builder, mut ports: impl FnMut() -> u16) -> Server {
    let mut has_tls = true;
    loop {
        let place = Place::at(ports(), &settings, has_tls);
        let server = new(&settings, place);
        match server.begin().await {
            Ok(()) => {}
            Err(Refusal::PortTaken) => continue,
            Err(Refusal::NoTls) => {
                has_tls = false;
                continue;
            }
        }
        if settings.is_replica {
            server.copied().await;
        }
        return server;
    }
}

/// One that is not started yet.
fn new(settings: &Builder, place: Place) -> Server {
    let binary = settings.engine.binary();
    let mode = (settings.mode == Mode::Sentinel).then_some("--sentinel".as_ref());
    let watchdog =
        Watchdog::new([binary.as_os_str(), "redis.conf".as_ref()].into_iter().chain(mode));
    settings.write(watchdog.folder(), &place);
    Server { settings: settings.clone(), place, watchdog }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_port_that_somebody_was_faster_to_take_is_left_to_them() {
        let squatter = TcpListener::bind("127.0.0.1:0").unwrap();
        let taken = squatter.local_addr().unwrap().port();
        let mut ports = [taken].into_iter();
        let ports = move || ports.next().unwrap_or_else(port::free);
        let server = start_at(Server::builder(), ports).await;
        assert_ne!(server.port(), taken);
        assert_eq!(server.command(["PING"]).await.text(), "PONG");
    }
}
