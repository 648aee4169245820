//! Sockets that systemd has opened, and what systemd wants to be told.
//!
//! A [`Server`](super::Server) tells by itself, if the service manager asks for it through `NOTIFY_SOCKET`:
//! `READY=1` when it begins to accept, `STOPPING=1` when it was told to stop, and `WATCHDOG=1` twice in each
//! `WATCHDOG_USEC`, from the task that accepts: a runtime that is stuck falls silent.

use std::ffi::OsString;
use std::io;
use std::time::Duration;

use buttress_core::clock::Moment;

/// The sockets that the service manager has opened for this process, TCP and Unix, each kind in its order; none
/// if it was started otherwise.
///
/// Taken once: a second call finds none. Descriptors of another kind are left out, and a warning says so.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use buttress::serve::{Both, systemd};
/// use tokio::net::TcpListener;
///
/// let (mut tcp, unix) = systemd::listeners()?;
/// if tcp.is_empty() && unix.is_empty() {
///     tcp.push(TcpListener::bind("127.0.0.1:0").await?);
/// }
/// assert_eq!((tcp.len(), unix.len()), (1, 0));
/// let listener = Both::new(tcp, unix); // for `Server::serve`
/// # drop(listener);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Fails if a socket cannot be used.
#[cfg(unix)]
pub fn listeners() -> io::Result<(Vec<tokio::net::TcpListener>, Vec<tokio::net::UnixListener>)> {
    let mut passed = listenfd::ListenFd::from_env();
    let (mut tcp, mut unix) = (Vec::new(), Vec::new());
    for at in 0..passed.len() {
        // What is of another kind is left where it is.
        if let Ok(Some(listener)) = passed.take_tcp_listener(at) {
            listener.set_nonblocking(true)?;
            tcp.push(tokio::net::TcpListener::from_std(listener)?);
        } else if let Ok(Some(listener)) = passed.take_unix_listener(at) {
            listener.set_nonblocking(true)?;
            unix.push(tokio::net::UnixListener::from_std(listener)?);
        }
    }
    left_over(passed.len() - tcp.len() - unix.len());
    Ok((tcp, unix))
}

/// The TCP sockets among the [`listeners`]. Those of a Unix path are left out, and a warning says so.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use tokio::net::TcpListener;
///
/// let mut listeners = buttress::serve::systemd::tcp_listeners()?;
/// if listeners.is_empty() {
///     listeners.push(TcpListener::bind("127.0.0.1:0").await?);
/// }
/// assert_eq!(listeners.len(), 1);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Fails if a socket cannot be used.
#[cfg(unix)]
pub fn tcp_listeners() -> io::Result<Vec<tokio::net::TcpListener>> {
    let (tcp, unix) = listeners()?;
    left_over(unix.len());
    Ok(tcp)
}

/// Whoever connects there would wait for ever, and nobody would know why.
#[cfg(unix)]
fn left_over(sockets: usize) {
    if sockets > 0 {
        tracing::warn!(target: "buttress", sockets, "the service manager has opened what nobody serves");
    }
}

/// Tells the service manager how it goes.
#[derive(Debug)]
pub(super) struct Systemd {
    socket: Option<OsString>,
    every: Option<Duration>,
    next: Option<Moment>,
}

impl Systemd {
    pub(super) fn from_environment() -> Self {
        let micros = std::env::var("WATCHDOG_USEC").ok().and_then(|micros| micros.parse().ok());
        // For another process of the same service it would be somebody else's watchdog.
        let process = std::env::var("WATCHDOG_PID").ok().and_then(|id| id.parse::<u32>().ok());
        let ours = process.is_none_or(|id| id == std::process::id());
        Self::new(std::env::var_os("NOTIFY_SOCKET"), micros.filter(|_| ours))
    }

    /// For whom another server speaks.
    pub(super) fn silent() -> Self {
        Self::new(None, None)
    }

    pub(super) fn new(socket: Option<OsString>, watchdog_micros: Option<u64>) -> Self {
        let every = watchdog_micros.filter(|micros| *micros > 1);
        let every = every.map(|micros| Duration::from_micros(micros / 2));
        Self { every: every.filter(|_| socket.is_some()), socket, next: None }
    }

    pub(super) fn ready(&self) {
        self.tell("READY=1");
    }

    pub(super) fn stopping(&self) {
        self.tell("STOPPING=1");
    }

    /// Says that the server is alive, if it is time; gives the time of the next word.
    pub(super) fn beat(&mut self, now: Moment) -> Option<Moment> {
        let every = self.every?;
        if self.next.is_none_or(|next| next <= now) {
            self.tell("WATCHDOG=1");
            self.next = Some(now + every);
        }
        self.next
    }

    fn tell(&self, state: &str) {
        let Some(socket) = &self.socket else { return };
        if let Err(error) = send(socket, state) {
            tracing::warn!(target: "buttress", %error, state, "the service manager could not be told");
        }
    }
}

#[cfg(unix)]
fn send(socket: &OsString, state: &str) -> io::Result<()> {
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::net::{SocketAddr, UnixDatagram};

    let name = socket.as_bytes();
    let address = match name.strip_prefix(b"@") {
        #[cfg(target_os = "linux")]
        Some(name) => {
            use std::os::linux::net::SocketAddrExt;
            SocketAddr::from_abstract_name(name)?
        }
        _ => SocketAddr::from_pathname(socket)?,
    };
    let datagram = UnixDatagram::unbound()?;
    // A manager that does not read must not stop the server.
    datagram.set_nonblocking(true)?;
    datagram.send_to_addr(state.as_bytes(), &address).map(drop)
}

#[cfg(not(unix))]
fn send(_: &OsString, _: &str) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::os::unix::net::UnixDatagram;

    use super::*;

    fn word(manager: &UnixDatagram) -> Option<String> {
        let mut bytes = [0; 64];
        let count = manager.recv(&mut bytes).ok()?;
        Some(String::from_utf8_lossy(&bytes[..count]).into_owned())
    }

    #[test]
    fn the_manager_is_told_by_path_and_by_abstract_name() {
        use std::os::linux::net::SocketAddrExt;
        use std::os::unix::net::SocketAddr;

        let name = format!("buttress-notify-{}", std::process::id());
        let path = std::env::temp_dir().join(&name);
        drop(std::fs::remove_file(&path));
        let abstract_name = SocketAddr::from_abstract_name(&name).unwrap();
        for (manager, socket) in [
            (UnixDatagram::bind(&path).unwrap(), path.clone().into_os_string()),
            (UnixDatagram::bind_addr(&abstract_name).unwrap(), format!("@{name}").into()),
        ] {
            manager.set_nonblocking(true).unwrap();
            let systemd = Systemd::new(Some(socket), None);
            systemd.ready();
            systemd.stopping();
            assert_eq!(word(&manager).as_deref(), Some("READY=1"));
            assert_eq!(word(&manager).as_deref(), Some("STOPPING=1"));
        }
        drop(std::fs::remove_file(path));
    }

    #[test]
    fn the_watchdog_is_told_twice_in_its_time() {
        let path = std::env::temp_dir().join(format!("buttress-watchdog-{}", std::process::id()));
        drop(std::fs::remove_file(&path));
        let manager = UnixDatagram::bind(&path).unwrap();
        manager.set_nonblocking(true).unwrap();
        let mut systemd = Systemd::new(Some(path.clone().into_os_string()), Some(10_000_000));
        let second = |n| Moment::FIRST + Duration::from_secs(n);
        assert_eq!(systemd.beat(second(100)), Some(second(105)));
        assert_eq!(systemd.beat(second(103)), Some(second(105)));
        assert_eq!(systemd.beat(second(106)), Some(second(111)));
        let words: Vec<_> = std::iter::from_fn(|| word(&manager)).collect();
        assert_eq!(words, ["WATCHDOG=1", "WATCHDOG=1"]);
        drop(std::fs::remove_file(path));
    }

    #[test]
    fn without_a_manager_nothing_is_told_and_a_silent_one_stops_nobody() {
        let mut alone = Systemd::new(None, Some(10_000_000));
        alone.ready();
        assert_eq!(alone.beat(Moment::FIRST), None);
        let gone = Systemd::new(Some("/nowhere/at/all".into()), None);
        gone.ready();
    }
}
