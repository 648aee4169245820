use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::asking::Asking;

/// So long an address is waited for alone, as RFC 8305 advises: then the next is tried beside it.
const ALONE: Duration = Duration::from_millis(250);

/// Where a check connects to. Clones look the name up in turn.
#[derive(Clone, Debug)]
pub(super) struct Destination {
    pub(super) host: Arc<str>,
    pub(super) port: u16,
    asking: Asking,
    look_up: fn(&str, u16) -> io::Result<Vec<SocketAddr>>,
}

impl Destination {
    /// An address of IPv6 may have its brackets.
    pub(super) fn new(host: &str, port: u16) -> Self {
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let host = bare.unwrap_or(host).into();
        Self { host, port, asking: Asking::default(), look_up }
    }

    /// A connection to whichever of the addresses takes one.
    pub(super) async fn connect(&self) -> io::Result<TcpStream> {
        first(self.addresses().await?, TcpStream::connect).await
    }

    /// A name is looked up on a thread of its own, as the system may take its time for it. At most one at a time.
    async fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        if let Ok(address) = self.host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, self.port)]);
        }
        let (host, port, look_up) = (self.host.clone(), self.port, self.look_up);
        self.asking.ask(move || look_up(&host, port)).await?
    }
}

fn look_up(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    Ok((host, port).to_socket_addrs()?.collect())
}

/// One that answers nothing (of IPv6, where the network has none) does not keep the others from being tried. Dropping
/// it drops all attempts.
async fn first<T, F>(addresses: Vec<SocketAddr>, connect: impl Fn(SocketAddr) -> F) -> io::Result<T>
where
    T: Send + 'static,
    F: Future<Output = io::Result<T>> + Send + 'static,
{
    let mut trying = JoinSet::new();
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    let mut untried = addresses.into_iter();
    loop {
        let tried = match untried.next() {
            Some(address) => {
                trying.spawn(connect(address));
                timeout(ALONE, trying.join_next()).await.ok()
            }
            None => Some(trying.join_next().await),
        };
        match tried {
            Some(Some(Ok(Ok(connected)))) => return Ok(connected),
            Some(Some(Ok(Err(error)))) => last = error,
            Some(None) => return Err(last),
            // It goes on beside the next, or its task was ended with the runtime.
            None | Some(Some(Err(_))) => {}
        }
    }
}

#[cfg(test)]
#[cfg(not(buttress_loom))]
mod tests {
    use std::future::pending;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_look_up_that_hangs_is_not_asked_again() {
        let hangs = |_: &str, _| {
            loop {
                std::thread::park();
            }
        };
        let destination = Destination { look_up: hangs, ..Destination::new("db.internal", 5_432) };
        let connect = async || {
            let another = destination.clone();
            timeout(Duration::from_secs(1), another.connect()).await
        };
        assert!(connect().await.is_err(), "it hangs");
        for _ in 0..60 {
            let refused = connect().await.expect("at once").unwrap_err();
            assert_eq!(refused.to_string(), "it has not answered the last time yet");
        }
    }

    #[tokio::test]
    async fn an_address_is_not_looked_up() {
        for (host, address) in
            [("127.0.0.1", "127.0.0.1:80"), ("[::1]", "[::1]:80"), ("::1", "[::1]:80")]
        {
            let look_up = |_: &str, _| panic!("looked up");
            let destination = Destination { look_up, ..Destination::new(host, 80) };
            assert_eq!(destination.addresses().await.unwrap(), [address.parse().unwrap()]);
        }
        let looked_up = Destination::new("localhost", 80).addresses().await.unwrap();
        assert!(looked_up.iter().all(|address| address.ip().is_loopback()), "{looked_up:?}");
    }

    fn addresses(ports: &[u16]) -> Vec<SocketAddr> {
        ports.iter().map(|port| SocketAddr::from(([127, 0, 0, 1], *port))).collect()
    }

    /// 1 answers nothing, 2 refuses, 3 answers after a second.
    async fn connected(address: SocketAddr) -> io::Result<u16> {
        match address.port() {
            1 => pending().await,
            2 => Err(io::ErrorKind::ConnectionRefused.into()),
            port => {
                buttress_testkit::paused::pass(Duration::from_secs(1)).await;
                Ok(port)
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_that_answers_nothing_is_not_waited_for_alone() {
        let within = Duration::from_secs(2);
        for ports in [&[1, 3][..], &[1, 2, 3], &[3, 1], &[2, 1, 1, 3, 2]] {
            let found = timeout(within, first(addresses(ports), connected)).await;
            assert_eq!(found.expect("in time").unwrap(), 3, "{ports:?}");
        }
        let refused = first(addresses(&[2, 2]), connected).await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
        let none = first(Vec::new(), connected).await.unwrap_err();
        assert_eq!(none.kind(), io::ErrorKind::NotFound);
    }
}
