mod breaking;
mod starting;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use tokio::time::timeout;

pub(super) use self::starting::{all, start};
use super::builder::KIT;
use super::place::Place;
use super::watchdog::Watchdog;
use super::{Builder, Client, Engine, Reply, tls};

/// How long one is waited for that may be frozen.
const SOON: Duration = Duration::from_millis(500);

/// A server that runs as long as this value lives. See the [module](super) for an example.
#[derive(Debug)]
pub struct Server {
    settings: Builder,
    place: Place,
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
        self.place.tls_address()
    }

    /// Where it speaks plain RESP; or as a member of a fleet that was told to, TLS.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.place.address()
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

    /// By which others know it.
    pub(super) fn port(&self) -> u16 {
        self.address().port()
    }

    /// By which other nodes of a cluster know it.
    pub(super) const fn bus(&self) -> u16 {
        self.place.bus()
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
        let mut client = self.place.client().await?;
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

    fn fail(&self, what: &str) -> ! {
        panic!("the server at {}: {what}\n{}", self.address(), self.end_of_log())
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
        let (info, port) = (info.text(), master.port().to_string());
        line(&info, "role").as_deref() == Some("slave")
            && line(&info, "master_port").as_deref() == Some(&port)
            && line(&info, "master_link_status").as_deref() == Some("up")
    }
}

fn line(info: &str, name: &str) -> Option<String> {
    let mut lines = info.lines().filter_map(|line| line.split_once(':'));
    lines.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
}
