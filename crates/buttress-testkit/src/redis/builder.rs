use std::fmt::{self, Write};
use std::fs;
use std::path::Path;

use super::place::Place;
use super::{Cluster, Engine, Sentinels, Server, cluster, sentinels, server};

/// The user by whom the kit itself logs in where others must.
pub(super) const KIT: &str = "kit";

/// Nothing is kept. A replica does not wait five seconds for others to copy with it, nor ten for the first sign of
/// its master, without which a cluster does not list it.
const DATA: &str =
    "save \"\"\nappendonly no\nrepl-diskless-sync-delay 0\nrepl-ping-replica-period 1\n";

/// A primary is missed after a second, and its replica takes over however old its copy is.
const CLUSTER: &str =
    "cluster-enabled yes\ncluster-node-timeout 1000\ncluster-replica-validity-factor 0\n";

/// The settings of a [`Server`].
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use buttress_testkit::redis::Server;
///
/// let server = Server::builder()
///     .user("reader", "secret", "~* +get")
///     .config("maxmemory 10mb")
///     .config("maxmemory-policy noeviction")
///     .start()
///     .await;
/// assert!(server.url().starts_with("redis://reader:secret@127.0.0.1:"));
/// # }
/// ```
#[derive(Clone)]
#[must_use = "nothing happens until `start` is called"]
pub struct Builder {
    pub(super) engine: Engine,
    pub(super) login: Option<Login>,
    pub(super) tls: bool,
    pub(super) lines: Vec<String>,
    pub(super) is_replica: bool,
    /// Whether it belongs to a fleet, which tells clients where it is.
    pub(super) is_member: bool,
    pub(super) mode: Mode,
}

/// What the process is, beyond its settings.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Mode {
    Plain,
    Sentinel,
    Cluster,
}

/// Whom the server lets in.
#[derive(Clone)]
pub(super) struct Login {
    pub(super) user: String,
    pub(super) password: String,
    rules: Option<String>,
}

impl Builder {
    pub(super) fn new(engine: Engine) -> Self {
        Self {
            engine,
            login: None,
            tls: false,
            lines: Vec::new(),
            is_replica: false,
            is_member: false,
            mode: Mode::Plain,
        }
    }

    /// Another engine than the [first](Engine::first) of this run.
    pub fn engine(mut self, engine: Engine) -> Self {
        self.engine = engine;
        self
    }

    /// Asks for this password, and for no name.
    pub fn password(mut self, password: &str) -> Self {
        let password = password.to_owned();
        self.login = Some(Login { user: String::new(), password, rules: None });
        self
    }

    /// Lets this user in alone, who may do what `rules` say: `~* &* +@all`.
    pub fn user(mut self, name: &str, password: &str, rules: &str) -> Self {
        self.login = Some(Login {
            user: name.to_owned(),
            password: password.to_owned(),
            rules: Some(rules.to_owned()),
        });
        self
    }

    /// Speaks TLS at the [URL](Server::url), with [`Server::CERTIFICATE`]. Members of a fleet speak it everywhere, also
    /// to each other, and nothing else.
    ///
    /// A server that was built without is given a front that ends TLS: then a frozen or killed one still shakes hands,
    /// and members of a fleet speak to each other, and are spoken to if somebody does, without it.
    pub fn tls(mut self) -> Self {
        self.tls = true;
        self
    }

    /// A line of `redis.conf`: `maxmemory 10mb`.
    pub fn config(mut self, line: impl Into<String>) -> Self {
        self.lines.push(line.into());
        self
    }

    /// Copies what `master` has. [`start`](Self::start) then waits until it does.
    pub fn replica_of(mut self, master: &Server) -> Self {
        self.is_replica = true;
        self.lines.push(format!("replicaof 127.0.0.1 {}", master.port()));
        self
    }

    /// Starts the server, and waits until it answers.
    ///
    /// # Panics
    ///
    /// If it does not within 20 s; the message has its log.
    pub async fn start(self) -> Server {
        server::start(self).await
    }

    /// Starts [`Sentinels`] and what they watch. The settings are those of the master and its replicas; the sentinels
    /// have the same engine, and speak TLS if those do.
    ///
    /// # Panics
    ///
    /// If that takes more than 20 s.
    pub async fn sentinels(self) -> Sentinels {
        sentinels::start(self).await
    }

    /// Starts a [`Cluster`], whose nodes all have these settings.
    ///
    /// # Panics
    ///
    /// If that takes more than 20 s.
    pub async fn cluster(self) -> Cluster {
        cluster::start(self).await
    }

    /// Writes `redis.conf`.
    pub(super) fn write(&self, folder: &Path, place: &Place) {
        let (socket, folder_name) = (folder.join("s"), folder.display());
        let mut text =
            format!("bind 127.0.0.1\nunixsocket {}\ndir {folder_name}\n", socket.display());
        text.push_str(&place.lines(folder, self.mode));
        if self.mode != Mode::Sentinel {
            text.push_str(DATA);
            if self.engine.version() >= (7, 0) {
                text.push_str("enable-debug-command yes\n");
            }
        }
        if self.mode == Mode::Cluster {
            text.push_str(CLUSTER);
        }
        if let Some(login) = &self.login {
            text.push_str(&login.lines());
        }
        for line in &self.lines {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{line}");
        }
        fs::write(folder.join("redis.conf"), text).expect("a file in a temporary folder");
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("engine", &self.engine).finish_non_exhaustive()
    }
}

impl Login {
    fn lines(&self) -> String {
        let Self { user, password, rules } = self;
        let theirs = match rules {
            Some(rules) => format!("user default off\nuser {user} on >{password} {rules}\n"),
            None => format!("user default on >{password} ~* &* +@all\n"),
        };
        // Any may become the replica of another one day.
        format!("{theirs}user {KIT} on >{KIT} ~* &* +@all\nmasteruser {KIT}\nmasterauth {KIT}\n")
    }
}
