use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::builder::{KIT, Mode};
use super::tls::{self, Front, Tls};
use super::watchdog::Watchdog;
use super::{Builder, Client, Engine, Reply};
use tokio::time::timeout;

use crate::port;
use crate::until::Patience;

/// How long one is waited for that may be frozen.
const SOON: Duration = Duration::from_millis(500);

/// A server that runs as long as this value lives. See the [module](super) for an example.
#[derive(Debug)]
pub struct Server {
    settings: Builder,
    port: u16,
    tls: Tls,
    watchdog: Watchdog,
}

/// Starting, and where it is.
impl Server {
    /// Starts one of the [first](Engine::first) engine of this run, without a password.
    ///
    /// # Panics
    ///
    /// If it does not answer within 20 s; the message has its log.
    pub async fn start() -> Self {
        Self::builder().start().await
    }

    /// One with settings.
    pub fn builder() -> Builder {
        Builder::new(Engine::first())
    }

    /// What kind of server it is.
    #[must_use]
    pub const fn engine(&self) -> Engine {
        self.settings.engine
    }

    /// The certificate of those that speak TLS, in PEM: self-signed, for `localhost` and 127.0.0.1.
    pub const CERTIFICATE: &'static str = tls::CERTIFICATE;

    /// Where it speaks TLS, if it was [told to](Builder::tls).
    #[must_use]
    pub fn tls_address(&self) -> Option<SocketAddr> {
        self.tls.address()
    }

    /// Where it speaks plain RESP.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        port::local(self.port)
    }

    /// Its socket in the file system, which speaks plain RESP too.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.watchdog.folder().join("s")
    }

    /// What a client needs: `redis://user:password@127.0.0.1:12345`.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_at(self.tls_address().unwrap_or(self.address()))
    }

    /// The same for another address, such as that of a proxy before it.
    #[must_use]
    pub fn url_at(&self, address: SocketAddr) -> String {
        let login = self.settings.login.as_ref();
        let login = login.map(|login| format!("{}:{}@", login.user, login.password));
        let scheme = if self.settings.tls { "rediss" } else { "redis" };
        format!("{scheme}://{}{address}", login.unwrap_or_default())
    }

    pub(super) const fn port(&self) -> u16 {
        self.port
    }

    pub(super) const fn settings(&self) -> &Builder {
        &self.settings
    }
}

/// Looking into it.
impl Server {
    /// What it answers, over a connection of its own.
    ///
    /// # Panics
    ///
    /// If it does not answer within 20 s. A refusal is an answer.
    pub async fn command<A: AsRef<[u8]>>(&self, words: impl IntoIterator<Item = A>) -> Reply {
        self.try_command(words).await.unwrap_or_else(|error| self.fail(&error.to_string()))
    }

    /// The same, of a server that may be down.
    ///
    /// # Errors
    ///
    /// If it does not answer.
    pub async fn try_command<A: AsRef<[u8]>>(
        &self,
        words: impl IntoIterator<Item = A>,
    ) -> io::Result<Reply> {
        self.client().await?.command(words).await
    }

    /// A connection that may do everything.
    ///
    /// # Errors
    ///
    /// If nobody listens, or nobody answers within 20 s.
    pub async fn client(&self) -> io::Result<Client> {
        let mut client = Client::connect(self.address()).await?;
        if self.settings.login.is_some() {
            let reply = client.command(["AUTH", KIT, KIT]).await?;
            if reply.is_error() {
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, reply.text()));
            }
        }
        Ok(client)
    }

    /// A line of `INFO`: `info("replication", "role")`.
    ///
    /// # Panics
    ///
    /// If the server does not answer, or has no such line.
    pub async fn info(&self, section: &str, name: &str) -> String {
        let info = self.command(["INFO", section]).await.accepted().text();
        let value = line(&info, name);
        value.unwrap_or_else(|| self.fail(&format!("no {name} in INFO {section}:\n{info}")))
    }

    /// What it wrote to its log so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.watchdog.log()
    }
}

/// Asking one that may be down or frozen.
impl Server {
    /// The answer, if it comes soon.
    pub(super) async fn asked<A: AsRef<[u8]>>(
        &self,
        words: impl IntoIterator<Item = A>,
    ) -> Option<Reply> {
        let answer = timeout(SOON, self.try_command(words)).await.ok()?.ok()?;
        (!answer.is_error()).then_some(answer)
    }

    /// What it wrote to its log last.
    pub(super) fn end_of_log(&self) -> String {
        self.watchdog.end_of_log()
    }

    /// A line of `INFO`, if it comes soon.
    pub(super) async fn said(&self, section: &str, name: &str) -> Option<String> {
        line(&self.asked(["INFO", section]).await?.text(), name)
    }

    /// Whether it is a replica of `master` and has copied all.
    pub(super) async fn follows(&self, master: &Self) -> bool {
        let Some(info) = self.asked(["INFO", "replication"]).await else { return false };
        let (info, port) = (info.text(), master.port.to_string());
        line(&info, "role").as_deref() == Some("slave")
            && line(&info, "master_port").as_deref() == Some(&port)
            && line(&info, "master_link_status").as_deref() == Some("up")
    }
}

/// Breaking it.
impl Server {
    /// Kills it (SIGKILL), and returns when it is gone. What was not on disk is lost, and that is everything.
    pub fn kill(&self) {
        self.watchdog.kill();
    }

    /// Stops it (SIGSTOP): its sockets stay, and even take connections, but nobody answers.
    pub fn freeze(&self) {
        self.watchdog.signal("STOP");
    }

    /// Lets a frozen one go on, with what was sent to it meanwhile.
    pub fn thaw(&self) {
        self.watchdog.signal("CONT");
    }

    /// Starts it again on the same port, killing it first if it runs, and waits until it answers.
    ///
    /// # Panics
    ///
    /// If it does not within 20 s; the message has its log.
    pub async fn restart(&self) {
        self.kill();
        let patience = Patience::new();
        while self.begin().await.is_err() {
            if !patience.again().await {
                self.fail("it did not get its port back");
            }
        }
    }

    /// Forgets all scripts.
    pub async fn flush_scripts(&self) {
        let _ = self.command(["SCRIPT", "FLUSH"]).await.accepted();
    }

    /// Lets all clients wait for so long.
    pub async fn pause_clients(&self, duration: Duration) {
        let millis = duration.as_millis().to_string();
        let _ = self.command(["CLIENT", "PAUSE", &millis]).await.accepted();
    }

    fn fail(&self, what: &str) -> ! {
        panic!("the server at {}: {what}\n{}", self.address(), self.end_of_log())
    }
}

/// Until it answers, or says that the port is taken.
impl Server {
    /// Starts the process, and waits until it answers.
    async fn begin(&self) -> Result<(), Refusal> {
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
pub(super) async fn all<const N: usize>(
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
enum Refusal {
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

pub(super) async fn start(settings: Builder) -> Server {
    start_at(settings, port::free).await
}

/// At the first of the ports that nobody else takes.
async fn start_at(settings: Builder, mut ports: impl FnMut() -> u16) -> Server {
    let mut tls = settings.tls;
    loop {
        let mut server = new(&settings, tls, ports());
        match server.begin().await {
            Ok(()) => {}
            Err(Refusal::PortTaken) => continue,
            Err(Refusal::NoTls) => {
                tls = false;
                continue;
            }
        }
        if settings.tls && !tls {
            server.tls = Tls::Front(Front::before(server.address()).await);
        }
        if settings.is_replica {
            server.copied().await;
        }
        return server;
    }
}

/// One that is not started yet.
fn new(settings: &Builder, tls: bool, port: u16) -> Server {
    let tls_port = tls.then(port::free);
    let binary = settings.engine.binary();
    let mode = (settings.mode == Mode::Sentinel).then_some("--sentinel".as_ref());
    let watchdog =
        Watchdog::new([binary.as_os_str(), "redis.conf".as_ref()].into_iter().chain(mode));
    settings.write(watchdog.folder(), port, tls_port);
    let tls = tls_port.map_or(Tls::Nobody, Tls::Server);
    Server { settings: settings.clone(), port, tls, watchdog }
}

fn line(info: &str, name: &str) -> Option<String> {
    let mut lines = info.lines().filter_map(|line| line.split_once(':'));
    lines.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
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
